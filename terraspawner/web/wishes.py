"""What people ask of an environment: start, pause, freeze, delete. Pages and REST ask through here.

A wish is checked by a deed and handed to the Hub, or written into the row for the worker; what comes of it is
read from the row.
"""

from __future__ import annotations

import asyncio

from terraspawner.domain.access import Action
from terraspawner.domain.disk import chosen
from terraspawner.domain.environment import Environment, State
from terraspawner.domain.language import language_of
from terraspawner.domain.script import wanted_script
from terraspawner.errors import EnvironmentMissing, WrongState
from terraspawner.operations import (
    activity,
    data_disks,
    deletions,
    disks,
    freezing,
    images,
    ledger,
    starts,
    views,
    workspaces,
)
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.views import View
from terraspawner.web import endings, sights
from terraspawner.web.addresses import server_url
from terraspawner.web.image_wishes import looked_into
from terraspawner.web.launches import Server
from terraspawner.web.parts import Parts
from terraspawner.web.schemas_environment import EnvironmentOut, environment_out
from terraspawner.web.sights import Sight, Spot

_LOOK_SECONDS = 0.1


async def start(
    parts: Parts,
    spot: Spot,
    *,
    size: str | None = None,
    image: str | None = None,
    script: str | None = None,
    disk: str | None = None,
    data_disk: str | None = None,
) -> Sight:
    """Create (with the `size` and from the `image` of the catalogue and with the `disk` that are wished), resume, or
    wake what is frozen. Asking again is no error.

    `script` None leaves the startup script that is there.

    Raises `NotAllowed`, `Refused` for what the catalogue does not have, `ScriptRefused`, `OtherImage` where it is there
    and made from another one, `OtherDisk` where it has another one, `DiskMissing` for one that is not kept here,
    `StartFailed` when the Hub refuses, `WrongState` while it is being deleted, where it runs with another size, or
    where it is too late for another script.
    """
    wanted = wanted_script(script)
    workspace = await parts.deeds(
        workspaces.enter, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.USE_ENVIRONMENT
    )
    seen = await sights.look(parts, spot)
    if seen.view.state is State.DELETING:
        raise WrongState(
            f"The environment in {workspace.name} is being deleted. Wait until that is done, then start a new one.",
            state=str(State.DELETING),
        )
    options: dict[str, str] = {}
    if seen.view.environment:
        images.refuse_other_image(parts.catalogue, seen.view.environment, workspace, image)
        if wanted is not None:
            starts.check_script_wish(seen.view.environment, wanted)
            wanted = None if wanted == seen.view.environment.startup_script else wanted
        disks.refuse_other_disk(seen.view.environment, workspace, disk)
        data_disks.refuse_other(seen.view.environment, workspace, data_disk)
    else:
        if image is not None:
            options["image"] = (await looked_into(parts, spot.user, image)).name
        if disk is not None:
            chosen(seen.view.kept, disk)
            options["disk"] = disk
        if data_disk is not None:
            options["data_disk"] = data_disk
    if size is not None:
        options |= _size_wish(seen.view, parts.catalogue.size_named(size).name)
    if wanted is not None:
        options["startup_script"] = wanted
    if seen.view.environment and seen.view.state is State.RUNNING and not spot.is_of_page:
        await parts.deeds(activity.came, seen.view.environment.id)
    last = seen.view.environment
    over = last.start_number if last and last.state is State.PAUSED else 0
    await parts.launches.start((spot.user, workspace.slug), workspace.name, parts.pace.ask, options, over=over)
    return await sights.look(parts, spot)


def _size_wish(view: View, name: str) -> dict[str, str]:
    """What the Hub is told. Raises `WrongState` where it runs with another size: a start would not change that."""
    here = view.environment
    if here is not None and view.state is not State.PAUSED:
        if here.size.name == name:
            return {}
        raise WrongState(
            f"The environment is {view.state} with another size. Change its size (PATCH …/environment), which ends"
            " nothing of what runs.",
            state=str(view.state),
        )
    return {"size": name}


async def start_for(
    parts: Parts, spot: Spot, info: NotebookInfo, *, size: str | None = None, image: str | None = None
) -> Sight:
    """Start what this notebook runs in. Its kernel decides the image of an environment that is not there yet, where
    nobody does.

    Raises as `start` does, and `OtherImage` where the one that is there has no kernel for it.
    """
    seen = await sights.look(parts, spot)
    if seen.view.environment:
        images.refuse_without_kernel(seen.view.environment, seen.view.workspace, info)
    elif image is None:
        image = parts.catalogue.image_for(language_of(info.kernel, info.language)).name
    return await start(parts, spot, size=size, image=image)


async def pause(parts: Parts, spot: Spot, *, wait: float | None = None) -> Sight:
    """Stop it and keep container and disk. Pausing what is paused is no error. Raises `EnvironmentMissing`.

    `wait` is for how many seconds the Hub's answer is waited for, if that is not as long as usual.
    """
    seen = await sights.look(parts, spot)
    if seen.view.environment is None:
        raise _nothing_there(spot)
    if seen.view.state in (State.PAUSED, State.PAUSING):
        return seen
    if seen.view.state is State.DELETING:
        raise WrongState(f"The environment in {spot.name} is being deleted.", state=str(State.DELETING))
    if seen.view.state is State.FREEZING:
        raise WrongState(
            f"The environment in {spot.name} is being frozen. Pause it when that is done.", state=str(State.FREEZING)
        )
    await parts.deeds(ledger.note_asked, seen.view.environment.id)
    await parts.launches.pause(_server(spot, seen), parts.pace.ask if wait is None else wait)
    return await sights.look(parts, spot)


async def cancel(parts: Parts, spot: Spot) -> Sight:
    """Call off a start, whatever step it has come to; the disk is kept. Where none is under way nothing is done.

    Raises `EnvironmentMissing`, `WrongState` when it runs already or is being deleted.
    """
    seen = await sights.look(parts, spot)
    if not seen.is_cancellable:
        if seen.view.environment is None:
            raise _nothing_there(spot)
        if seen.view.state in (State.PAUSED, State.PAUSING):
            return seen
        raise WrongState(
            f"The environment in {spot.name} is {seen.view.state}: there is no start to cancel.",
            state=str(seen.view.state),
        )
    if seen.view.environment is not None:
        await parts.deeds(ledger.note_asked, seen.view.environment.id, "The start was cancelled.")
    await parts.launches.cancel(_server(spot, seen), parts.pace.cancel)
    return await sights.look(parts, spot)


async def freeze(parts: Parts, spot: Spot) -> Sight:
    """Let it stand still, with its memory and all that runs in it. Freezing what is frozen is no error.

    Raises `EnvironmentMissing`, `WrongState` where nothing runs that could be frozen.
    """
    seen = await sights.look(parts, spot)
    if seen.view.environment is None:
        raise _nothing_there(spot)
    if seen.view.state in (State.FROZEN, State.FREEZING):
        return seen
    # the wish is in the row before the Hub is asked: its stop reads there that this is a freeze
    await parts.deeds(freezing.begin, seen.view.environment.id)
    await parts.launches.pause(_server(spot, seen), parts.pace.ask)
    return await sights.look(parts, spot)


async def delete(
    parts: Parts, spot: Spot, *, deletes_disk: bool, loses_unsent: bool, deletes_data_disk: bool = False
) -> Sight | None:
    """Delete it; its disks go into the trash if that is said. Returns None when it is gone, else how far it has come.

    Raises `EnvironmentMissing`, `OutboxNotEmpty`, `WrongState` while what is to go with its disk is still being saved.
    """
    seen = await sights.look(parts, spot)
    if seen.view.environment is None:
        raise _nothing_there(spot)
    if not loses_unsent:
        await endings.let_it_save(parts, seen.view.environment, seen.view.workspace, deletes_disk=deletes_disk)
    going = await parts.deeds(
        deletions.mark_deleting,
        seen.view.environment.id,
        deletes_disk=deletes_disk,
        deletes_data_disk=deletes_data_disk,
        loses_unsent=loses_unsent,
    )
    parts.worker.wake()
    deadline = asyncio.get_running_loop().time() + parts.pace.delete
    while not await parts.deeds(_is_gone, spot.user, going.id):
        if asyncio.get_running_loop().time() > deadline:
            return await sights.look(parts, spot)
        await asyncio.sleep(min(_LOOK_SECONDS, parts.pace.look))
    return None


def told(parts: Parts, spot: Spot, sight: Sight) -> EnvironmentOut:
    """A sight as REST and pages tell it."""
    return environment_out(
        sight.view,
        parts.settings,
        parts.catalogue,
        user_url=server_url(parts.settings, spot.user, sight.view.workspace),
        asked=sight.is_asked,
        fault=sight.fault,
        is_cancellable=sight.is_cancellable,
        mount=sight.mount,
    )


def _server(spot: Spot, sight: Sight) -> Server:
    return spot.user, sight.view.workspace.slug


def there(spot: Spot, sight: Sight) -> Environment:
    """The environment. Raises `EnvironmentMissing`."""
    if sight.view.environment is None:
        raise _nothing_there(spot)
    return sight.view.environment


def _nothing_there(spot: Spot) -> EnvironmentMissing:
    return EnvironmentMissing(f"You have no environment in {spot.namespace}/{spot.name}. Start one first.")


def _is_gone(context: Context, user: str, environment_id: str) -> bool:
    return not any(view.environment and view.environment.id == environment_id for view in views.views_of(context, user))
