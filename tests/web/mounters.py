"""Mounters by what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from terraspawner.errors_mounts import MounterUnavailable
from terraspawner.mounter_client import MounterHealth, Shown, View


class MounterThatObeys:
    """Shows what it is told to and remembers it; `told` counts."""

    def __init__(self) -> None:
        self.there: dict[str, View] = {}
        self.told: list[str] = []
        self.in_use: set[str] = set()
        """Libraries that are open in every environment."""
        self.before_views: Callable[[], object] = lambda: None
        """What happens just before it tells of its views."""

    async def health(self) -> MounterHealth:
        return MounterHealth(is_live=True, why="")

    async def views(self) -> Mapping[str, View]:
        self.before_views()
        return dict(self.there)

    async def show(self, environment_id: str, libraries: Iterable[Shown]) -> View:
        self.told.append(environment_id)
        before = self.there.get(environment_id, View(libraries=frozenset()))
        wanted = frozenset(libraries)
        goes = {each.id for each in before.libraries - wanted}
        self.there[environment_id] = replace(
            before, libraries=wanted, was_open=before.was_open or bool(goes & self.in_use)
        )
        return self.there[environment_id]

    async def delete_view(self, environment_id: str) -> None:
        self.there.pop(environment_id, None)

    async def close(self) -> None:
        return


class MounterThatIsSilent(MounterThatObeys):
    """Never answers."""

    async def health(self) -> MounterHealth:
        raise MounterUnavailable

    async def views(self) -> Mapping[str, View]:
        raise MounterUnavailable


class MounterThatRefusesOne(MounterThatObeys):
    """Can neither show anything to the environment of this id nor take its view away."""

    refused = ""

    async def show(self, environment_id: str, libraries: Iterable[Shown]) -> View:
        self._refuse(environment_id)
        return await super().show(environment_id, libraries)

    async def delete_view(self, environment_id: str) -> None:
        self._refuse(environment_id)
        await super().delete_view(environment_id)

    def _refuse(self, environment_id: str) -> None:
        if environment_id == self.refused:
            raise MounterUnavailable("The mounter could not do this: a disk is broken.")
