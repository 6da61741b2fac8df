"""What the network probe tries, and what an answer means: pure functions of settings and answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from terraspawner.host.rules import HUB_PORT, SERVICE_PORT
from terraspawner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A way out of an environment that must be open, or shut. `name` is for people."""

    name: str
    address: str
    port: int
    must_be_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check, and what it means in a sentence."""

    check: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkState:
    """The last probe. `is_ok` only when it ran, and every finding is good."""

    is_ok: bool
    checked_at: datetime | None
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "ok": self.is_ok,
            "checked_at": self.checked_at and self.checked_at.isoformat().replace("+00:00", "Z"),
            "findings": [{"check": f.check, "ok": f.ok, "message": f.message} for f in self.findings],
        }


def targets_of(settings: Settings, neighbour: str) -> tuple[Target, ...]:
    """All ways that are tried from a probe container. `neighbour` is another probe container's address."""
    core = ipaddress.ip_network(settings.core_subnet)
    shut = [
        ("another environment", neighbour, 8888),
        ("the cloud's metadata address", "169.254.169.254", 80),
        ("the proxy's API", settings.proxy_address, 8001),
        ("the proxy past the front door", settings.proxy_address, 8000),
        ("another port of the hub", settings.hub_address, 8000),
        ("another port of the workspaces service", settings.service_address, 8011),
        ("the hub on the services' network", str(core[2]), HUB_PORT),
        ("the proxy's API on the services' network", str(core[3]), 8001),
        ("this machine's ssh port", settings.users_gateway, 22),
        ("this machine's Docker port", settings.users_gateway, 2375),
        ("this machine's public port of ours", settings.users_gateway, settings.port),
    ]
    return (
        *(Target(name=name, address=address, port=port) for name, address, port in shut),
        Target(name="the Hub's API", address=settings.hub_address, port=HUB_PORT, must_be_open=True),
        Target(name="the workspaces service", address=settings.service_address, port=SERVICE_PORT, must_be_open=True),
    )


def judge(targets: Sequence[Target], answers: Mapping[str, str], ipv6: Sequence[str]) -> tuple[Finding, ...]:
    """A finding per target. An answer that is missing is never good."""
    found = [_judge_one(target, answers.get(target.name, "unknown")) for target in targets]
    if ipv6:
        message = f"Environments have IPv6 ({ipv6[0]}), which the rules do not cover. Make the network anew without it."
        found.append(Finding(check="ipv6", ok=False, message=message))
    return tuple(found)


def _judge_one(target: Target, answer: str) -> Finding:
    where = f"{target.name} ({target.address}:{target.port})"
    if answer == "unknown":
        message = f"It is not known whether an environment reaches {where}. Look at the log of the host service."
        return Finding(check=target.name, ok=False, message=message)
    gets_there = answer in ("connected", "refused")
    if target.must_be_open:
        good, bad = f"An environment reaches {where}.", f"An environment does not reach {where}. Is it running?"
    else:
        good = f"An environment does not reach {where}."
        bad = f"An environment reaches {where}, which it must not. Look at the log of netguard."
    is_ok = gets_there == target.must_be_open
    return Finding(check=target.name, ok=is_ok, message=good if is_ok else bad)
