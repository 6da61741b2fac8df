"""What a deployment allows of the times at which environments stop and start by themselves, and its own values."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class AtIdle(enum.StrEnum):
    FREEZE_THEN_PAUSE = "freeze-then-pause"
    PAUSE = "pause"
    DESTROY = "destroy"
    """Nobody chooses it: it is how environments of drive workspaces end."""


class MayAutostart(enum.StrEnum):
    """Whose environments may start by themselves."""

    EVERYBODY = "everybody"
    OWNERS = "owners"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the deployment allows, and its own values; seconds. `age_most` 0 is none, `age_force`: it waits for no work;
    `dormancy` 0: nothing goes into the trash by itself, whatever people say; `at_idle` `destroy`: nor is anything else
    done at idle."""

    idle: int
    idle_least: int
    idle_most: int
    idle_may_be_off: bool
    at_idle: AtIdle
    busy_cap: int
    grace: int
    frozen_most: int
    age_most: int
    autostart: MayAutostart
    age_force: bool = False
    dormancy: int = 0
    dormancy_least: int = 0
    dormancy_most: int = 0
    dormancy_may_be_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Between what people may choose a span of seconds. `ground` counts where they do not; 0 is off for everybody."""

    ground: int
    least: int
    most: int
    may_be_off: bool


def idle_range(bounds: Bounds) -> Range:
    return Range(ground=bounds.idle, least=bounds.idle_least, most=bounds.idle_most, may_be_off=bounds.idle_may_be_off)


def dormancy_range(bounds: Bounds) -> Range:
    return Range(
        ground=bounds.dormancy, least=bounds.dormancy_least, most=bounds.dormancy_most,
        may_be_off=bounds.dormancy_may_be_off,
    )  # fmt: skip


def may_autostart(bounds: Bounds, *, is_owner: bool) -> bool:
    return bounds.autostart is MayAutostart.EVERYBODY or (bounds.autostart is MayAutostart.OWNERS and is_owner)


def no_autostart(bounds: Bounds) -> str:
    if bounds.autostart is MayAutostart.NOBODY:
        return "This deployment starts no environment by itself."
    return "Here environments of the workspace's owners alone start by themselves."
