"""The callers as FastAPI sees them: one annotation per kind, named on the handler that it guards."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Request
from starlette.convertors import Convertor, register_url_convertor

from terraspawner.domain.access import Action, permits
from terraspawner.domain.library import NAMESPACE
from terraspawner.errors import NotAllowed
from terraspawner.operations import drives, projects, workspaces
from terraspawner.operations.identities import Identity
from terraspawner.web.addresses import own_origin, server_origin
from terraspawner.web.auth import Culler, Monitor, Person
from terraspawner.web.declared import actions_of
from terraspawner.web.lab_pages import may_call_from
from terraspawner.web.parts import Parts, parts_of
from terraspawner.web.sights import Spot


class _Tail(Convertor[str]):
    """The rest of an address, whatever is in it: a name with a line break is refused as a name, not as an address."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _Number(Convertor[str]):
    """An id as we make them, so that no notebook in a folder called as a part of an address is taken for one."""

    regex = "[0-9a-f]{16}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("tail", _Tail())
register_url_convertor("id", _Number())


async def _parts(request: Request) -> Parts:
    return parts_of(request)


async def _person(request: Request) -> Person:
    return await parts_of(request).auth.person(request)


async def _environment(request: Request) -> Identity:
    return await parts_of(request).auth.environment(request)


async def _either(request: Request) -> Person | Identity:
    return await parts_of(request).auth.person_or_environment(request)


TheParts = Annotated[Parts, Depends(_parts)]
APerson = Annotated[Person, Depends(_person)]
AnEnvironment = Annotated[Identity, Depends(_environment)]


async def _operator(request: Request, person: APerson) -> Person:
    standing = projects.standing_of(person.account)
    if not all(permits(standing, action) for action in actions_of(request, person.name)):
        raise NotAllowed("This is for operators. Your account is none: ask one of them.", needed=("operator",))
    return person


AnOperator = Annotated[Person, Depends(_operator)]


async def _culler(request: Request) -> Culler:
    return await parts_of(request).auth.culler(request)


async def _operator_or_culler(request: Request) -> Person | Culler:
    caller = await parts_of(request).auth.person_or_culler(request)
    return caller if isinstance(caller, Culler) else await _operator(request, caller)


async def _operator_or_monitor(request: Request) -> Person | Monitor:
    caller = await parts_of(request).auth.person_or_monitor(request)
    return caller if isinstance(caller, Monitor) else await _operator(request, caller)


TheCuller = Annotated[Culler, Depends(_culler)]
AnOperatorOrCuller = Annotated[Person | Culler, Depends(_operator_or_culler)]
AnOperatorOrMonitor = Annotated[Person | Monitor, Depends(_operator_or_monitor)]


async def _permitted(request: Request, parts: Parts, user: str, namespace: str, name: str) -> Spot:
    """The spot, where `user` may do there what the handler declares. Raises `WorkspaceMissing`, `NotAllowed`."""
    spot, actions = Spot(user=user, namespace=namespace, name=name), actions_of(request, user)
    found = await parts.deeds(
        drives.reach, user=user, namespace=namespace, name=name, path=request.path_params.get("path"), actions=actions
    )
    if not found.library:
        return spot
    if Action.USE_ENVIRONMENT in actions:  # it opens there: the address stays, and leads to the notebook by `place`
        return replace(spot, library=found.library, shelf=found.shelf)
    request.path_params["path"] = found.path  # FastAPI reads the handler's own after those that guard it
    return Spot(user=user, namespace=NAMESPACE, name=found.library, library=found.library, shelf=found.shelf)


async def _spot(request: Request, parts: TheParts, person: APerson, namespace: str, name: str) -> Spot:
    return await _permitted(request, parts, person.name, namespace, name)


async def _spot_of_either(
    request: Request, parts: TheParts, caller: Annotated[Person | Identity, Depends(_either)], namespace: str, name: str
) -> Spot:
    if isinstance(caller, Person):
        return await _permitted(request, parts, caller.name, namespace, name)
    own = caller.workspace
    if (own.namespace, own.name) != (namespace, name) and not (own.has_drive and namespace == NAMESPACE):
        raise NotAllowed(f"This environment belongs to {own.namespace}/{own.name}; its key opens no other workspace.")
    spot = await _permitted(request, parts, caller.user, namespace, name)
    return replace(spot, environment=caller.environment.id)


async def _spot_of_page(request: Request, parts: TheParts, namespace: str, name: str) -> Spot:
    caller = await parts.auth.person_or_page(request)
    if isinstance(caller, Person):
        return await _permitted(request, parts, caller.name, namespace, name)
    theirs = server_origin(parts.settings, caller.user)
    if not may_call_from(request.headers.get("origin", ""), ours=own_origin(request), theirs=theirs):
        raise NotAllowed("This token is for the page of its own server, and the browser is on another page.")
    own = await parts.deeds(workspaces.slug_of, user=caller.user, namespace=namespace, name=name)
    if own != caller.slug:
        raise NotAllowed("This page may look at its own environment and start it, and nothing else.")
    return replace(await _permitted(request, parts, caller.user, namespace, name), is_of_page=True)


ASpot = Annotated[Spot, Depends(_spot)]
"""The workspace in the address, asked for by a person."""
ASpotOfEither = Annotated[Spot, Depends(_spot_of_either)]
"""The same, asked for by a person or by the environment that belongs to it: its key opens no other, but that of a drive
workspace the libraries that its person has."""
ASpotOfPage = Annotated[Spot, Depends(_spot_of_page)]
"""The same, asked for by a person or by Lab's page of that very environment; see `lab_pages`."""
