"""Another size, image or data disk for an environment that is there. Pages and REST ask through here.

A size is given to what runs at once, so that nothing of it ends; only where what it holds would not fit is it refused.
An image or a data disk is taken by what is paused, at its next start.
"""

from __future__ import annotations

from terraspawner.domain.access import Action
from terraspawner.domain.catalogue import OfferedSize
from terraspawner.domain.disk import DataWish
from terraspawner.domain.tags import Tags
from terraspawner.errors import MemoryInUse
from terraspawner.operations import data_disks, images, sizing, tagging, workspaces
from terraspawner.web import sights, wishes
from terraspawner.web.image_wishes import looked_into
from terraspawner.web.parts import Parts
from terraspawner.web.rendering import show_bytes
from terraspawner.web.sights import Sight, Spot


async def change_size(parts: Parts, spot: Spot, name: str) -> Sight:
    """Give it the size of this name; container, disk and what runs stay. The same name takes what it offers now.

    Raises `Refused` for a size that there is not, `NotAllowed`, `EnvironmentMissing`, `WrongState` while it is on its
    way somewhere, `MemoryInUse` where what runs would not fit.
    """
    offered = parts.catalogue.size_named(name)
    await parts.deeds(
        workspaces.enter, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.USE_ENVIRONMENT
    )
    here = wishes.there(spot, await sights.look(parts, spot))
    sizing.refuse_in_transition(here, "size")
    given_to = None
    if here.state in sizing.UP:
        await _resize(parts, here.id, offered)
        given_to = here.start_number
    await parts.deeds(sizing.take, here.id, offered.size, user=spot.user, given_to=given_to)
    return await sights.look(parts, spot)


async def change_image(parts: Parts, spot: Spot, name: str) -> Sight:
    """Let its next start make it anew from the image of this name; the disk stays. The same name takes what the
    catalogue has under it now.

    Raises `Refused` for an image that there is not, `NotAllowed`, `EnvironmentMissing`, `WrongState` unless it is
    paused.
    """
    await parts.deeds(
        workspaces.enter, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.USE_ENVIRONMENT
    )
    offered = await looked_into(parts, spot.user, name)
    seen = await sights.look(parts, spot)
    here = wishes.there(spot, seen)
    if (offered.name, offered.reference) != (here.image_name, here.image):
        await parts.deeds(images.change, here.id, offered, user=spot.user)
    return await sights.look(parts, spot)


async def change_tags(parts: Parts, spot: Spot, tags: Tags) -> Sight:
    """Give it these tags. Raises `TagRefused`, `EnvironmentMissing`."""
    here = wishes.there(spot, await sights.look(parts, spot))
    await parts.deeds(tagging.tag_environment, actor=spot.user, environment_id=here.id, tags=tags)
    return await sights.look(parts, spot)


async def change_data_disk(parts: Parts, spot: Spot, wish: DataWish) -> Sight:
    """Let its next start make it anew with this data disk, or without one; the home folder stays.

    Raises `NotAllowed`, `EnvironmentMissing`, and what `data_disks.change` does.
    """
    await parts.deeds(
        workspaces.enter, user=spot.user, namespace=spot.namespace, name=spot.name, action=Action.USE_ENVIRONMENT
    )
    here = wishes.there(spot, await sights.look(parts, spot))
    await parts.deeds(data_disks.change, here.id, wish, user=spot.user)
    return await sights.look(parts, spot)


async def _resize(parts: Parts, environment_id: str, offered: OfferedSize) -> None:
    try:
        await parts.host.resize_environment(environment_id, offered.cpu, offered.memory)
    except MemoryInUse as error:
        held = int(str(error.details.get("held", 0)))
        raise MemoryInUse(
            f"What runs holds {show_bytes(held)} of memory, and the size {offered.title} has"
            f" {show_bytes(offered.memory)}: processes would be ended to make it fit. Pause the environment, then"
            " change its size; or end what needs the memory, and change it then.",
            **error.details,
        ) from error
