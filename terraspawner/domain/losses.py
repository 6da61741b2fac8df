"""What a person would lose by pausing, changing or deleting an environment: one table, and what is known put into it.

What the Engine told nobody can have forged; what the environment said of itself is its person's own claim, and shown
as one. What no part could tell is said, never taken for nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from terraspawner.domain.environment import Environment, State
from terraspawner.domain.layer import MOST_NAMED, Found, Layer


@enum.unique
class Act(enum.StrEnum):
    """What is to be done; the values are REST's."""

    PAUSE = "pause"
    UPDATE = "update"
    DELETE = "delete"
    DELETE_DISK = "delete-disk"


@enum.unique
class Sort(enum.StrEnum):
    """What can be lost."""

    KERNELS = "kernels"
    TERMINALS = "terminals"
    SCRATCH = "scratch"
    APT = "apt"
    PIP = "pip"
    R = "r"
    FILES = "files"
    UNSENT = "unsent"
    TREES = "trees"
    HOME = "home"


_RUNNING = frozenset({Sort.KERNELS, Sort.TERMINALS, Sort.SCRATCH})
_LAYER = frozenset({Sort.APT, Sort.PIP, Sort.R, Sort.FILES})
_DISK = frozenset({Sort.UNSENT, Sort.TREES, Sort.HOME})
_NONE_OF_IT: frozenset[Sort] = frozenset()
LOST: Mapping[Act, frozenset[Sort]] = {
    Act.PAUSE: _RUNNING,
    Act.UPDATE: _RUNNING | _LAYER,
    Act.DELETE: _RUNNING | _LAYER,
    Act.DELETE_DISK: _RUNNING | _LAYER | _DISK,
}
"""A pause keeps the container, with all that was installed, and empties its scratch room; another image makes a new
one on the same disk. Another size changes the container that there is, and ends nothing."""

TRASHED: Mapping[Act, frozenset[Sort]] = {
    Act.PAUSE: _NONE_OF_IT,
    Act.UPDATE: _NONE_OF_IT,
    Act.DELETE: _LAYER,
    Act.DELETE_DISK: _LAYER | _DISK,
}
"""What of that waits in the trash and can be had back: the container, stopped, and the disk. Another image makes a new
container and throws the old one away at once."""

CLAIMS = frozenset({Sort.KERNELS, Sort.TERMINALS, Sort.UNSENT, Sort.TREES})
"""Said by the environment itself."""

_LIVES = frozenset({State.RUNNING, State.FREEZING, State.FROZEN, State.PAUSING})
_HOLDS_NOTHING = frozenset({State.NONE, State.CREATING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Some of one sort, by name where it has names."""

    sort: Sort
    found: Found
    is_trashed: bool = False
    """It goes into the trash first."""

    @property
    def is_claim(self) -> bool:
        return self.sort in CLAIMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """The answer: what is lost, in the table's order; and, in sentences, what could not be found out."""

    act: Act
    lost: tuple[Loss, ...]
    unknown: tuple[str, ...]


def losses_of(act: Act, here: Environment | None, layer: Layer | None, *, is_layer_known: bool) -> Losses:
    """What `act` would end. `layer` is None where there is no container, `is_layer_known` False where nobody told."""
    if here is None:
        lost: dict[Sort, Found] = {Sort.HOME: Found(names=("the home folder",))}
        return _answer(act, lost, (), TRASHED[act])
    lives = here.state in _LIVES
    lost = {
        Sort.KERNELS: _named([_kernel(kernel) for kernel in here.kernels]) if lives else Found(),
        Sort.TERMINALS: Found(more=here.terminals or 0) if lives else Found(),
        Sort.SCRATCH: layer.scratch if layer and lives else Found(),
        Sort.APT: layer.apt if layer else Found(),
        Sort.PIP: layer.pip if layer else Found(),
        Sort.R: layer.r if layer else Found(),
        Sort.FILES: layer.files if layer else Found(),
        Sort.UNSENT: _unsent(here),
        Sort.TREES: _named([_tree(tree) for tree in here.trees or ()]),
        Sort.HOME: Found(names=("the home folder",)),
    }
    unknown = []
    if lives and here.terminals is None:
        unknown.append("kernels and terminals: the environment has not said yet what runs in it")
    if not is_layer_known and lives:
        unknown.append("what is in /scratch: the host service did not answer")
    if not is_layer_known and here.state not in _HOLDS_NOTHING and LOST[act] & _LAYER:
        unknown.append("packages and files outside the home folder: the host service did not answer")
    if here.trees is None and Sort.TREES in LOST[act]:
        unknown.append("changes in git folders: the environment has not looked yet")
    # a container that never came up is thrown away with what is in it
    return _answer(act, lost, tuple(unknown), TRASHED[act] if here.container_id else TRASHED[act] - _LAYER)


def _answer(act: Act, found: Mapping[Sort, Found], unknown: tuple[str, ...], trashed: frozenset[Sort]) -> Losses:
    lost = tuple(
        Loss(sort=sort, found=found[sort], is_trashed=sort in trashed)
        for sort in Sort
        if sort in LOST[act] and _is_any(found, sort)
    )
    return Losses(act=act, lost=lost, unknown=unknown)


def _is_any(found: Mapping[Sort, Found], sort: Sort) -> bool:
    return sort in found and found[sort].count > 0


def _kernel(said: Mapping[str, object]) -> str:
    words = str(said.get("path") or "a kernel without a notebook")
    return f"{words} (busy)" if said.get("state") == "busy" else words


def _tree(said: Mapping[str, object]) -> str:
    changed, unpushed = said.get("changed"), said.get("unpushed")
    parts = [f"{changed} changed" if changed else "", f"{unpushed} not pushed" if unpushed else ""]
    return f"{said.get('path')} ({', '.join(part for part in parts if part)})"


def _unsent(here: Environment) -> Found:
    names = tuple(here.unsent[: here.outbox_pending])
    return Found(names=names, more=here.outbox_pending - len(names))


def _named(names: list[str]) -> Found:
    return Found(names=tuple(names[:MOST_NAMED]), more=max(0, len(names) - MOST_NAMED))
