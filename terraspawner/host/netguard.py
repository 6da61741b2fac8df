"""Keeps the packet rules of :mod:`terraspawner.host.rules` on this machine: ``python -m terraspawner.host.netguard``.

Runs in the host's network with ``NET_ADMIN`` alone. Looks every few seconds, because a restart of the Engine or of
a firewall throws rules away, and writes what it found to a state file that the host service and the health
check read. ``netguard remove`` takes the rules away again.

On its own end it leaves the rules where they are: a closed network stays closed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from terraspawner.errors import TerraError
from terraspawner.errors_starts import NetworkUnsafe
from terraspawner.host import rules
from terraspawner.settings import Settings

SECONDS_BETWEEN_LOOKS = 3.0
STATE_FILE = "netguard.json"
LEGACY_TABLES = Path("/proc/net/ip_tables_names")
BRIDGE_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


@dataclass(frozen=True, slots=True, kw_only=True)
class Iptables:
    """One of the two families of packet rules, ``nft`` or ``legacy``. Both can hold rules at once on one machine."""

    family: str

    def save(self) -> str:
        """The filter table as text. Raises `NetworkUnsafe` when it cannot be read."""
        return self._run("save", ["-t", "filter"], "")

    def restore(self, text: str) -> None:
        """Apply `text` in one transaction. Raises `NetworkUnsafe` with iptables' own words."""
        self._run("restore", ["--noflush", "--wait", "5"], text)

    def _run(self, act: str, arguments: list[str], text: str) -> str:
        command = [f"iptables-{self.family}-{act}", *arguments]
        try:
            done = subprocess.run(  # noqa: S603  a fixed program, and text that we computed
                command, input=text, capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NetworkUnsafe(f"{command[0]} could not be run: {error}") from error
        if done.returncode:
            raise NetworkUnsafe(f"{command[0]} failed: {done.stderr.strip()}")
        return done.stdout


def families(legacy_tables: Path = LEGACY_TABLES) -> tuple[str, ...]:
    """The families to look at. Merely looking at legacy ones makes them, so only where there are some."""
    try:
        return ("nft", "legacy") if "filter" in legacy_tables.read_text().split() else ("nft",)
    except OSError:
        return ("nft",)


def find_docker_rules(bridge: str) -> tuple[Iptables, str]:
    """The family in which the Engine keeps its rules, and the present text.

    Raises `NetworkUnsafe` when neither has Docker's chain ``DOCKER-USER``: then rules of ours would not be looked at.
    """
    found = []
    for family in families():
        table = Iptables(family=family)
        try:
            saved = table.save()
        except NetworkUnsafe:
            continue
        parsed = rules.parse_saved(saved)
        if "DOCKER-USER" in parsed and "-j DOCKER-USER" in parsed.get("FORWARD", []):
            # after a change of family the old one keeps dead chains; the live one knows the users' bridge
            mentions = sum(bridge in line for line in saved.splitlines())
            found.append((mentions, table, saved))
    if not found:
        raise NetworkUnsafe(
            "The Docker Engine keeps no chain DOCKER-USER in iptables, so environments cannot be kept apart. "
            'Set "iptables": true and no other firewall back end in the Engine\'s daemon.json, then restart it.'
        )
    _, table, saved = max(found, key=lambda item: item[0])
    return table, saved


def assert_rules(settings: Settings, resolvers: tuple[str, ...]) -> str:
    """Put the rules in place where they are not. Returns a sentence. Raises `NetworkUnsafe`."""
    if not BRIDGE_FILTER.exists() or BRIDGE_FILTER.read_text().strip() != "1":
        raise NetworkUnsafe(
            "The kernel does not filter packets between containers (br_netfilter). "
            "Run `modprobe br_netfilter` on the host, then `make up`."
        )
    guard = rules.guard_of(settings, resolvers)
    table, saved = find_docker_rules(settings.users_bridge)
    if rules.is_in_place(saved, guard):
        return f"The rules are in place (iptables-{table.family})."
    table.restore(rules.restore_text(saved, guard))
    if not rules.is_in_place(table.save(), guard):
        raise NetworkUnsafe("The rules were set and are not there; another program may be removing them.")
    return f"The rules were put in place (iptables-{table.family})."


def remove_rules(settings: Settings) -> None:
    """Take our rules away from both families. Idempotent."""
    guard = rules.guard_of(settings)
    for family in families():
        table = Iptables(family=family)
        try:
            saved = table.save()
        except NetworkUnsafe:
            continue
        text = rules.removal_text(saved, guard)
        if "-X " in text:
            table.restore(text)


def read_resolvers(path: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """The machine's IPv4 DNS servers outside of its own loopback."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines]
    addresses = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]
    return tuple(a for a in addresses if ":" not in a and not a.startswith("127."))


def write_state(folder: Path, *, is_ok: bool, message: str) -> None:
    """Tell the host service and the health check. Whole or not at all."""
    temporary = folder / f".{STATE_FILE}"
    temporary.write_text(json.dumps({"ok": is_ok, "message": message, "at": time.time()}))
    temporary.chmod(0o640)
    temporary.replace(folder / STATE_FILE)


def main(arguments: list[str]) -> int:
    settings = Settings.from_environ(os.environ)
    if arguments == ["remove"]:
        remove_rules(settings)
        return 0
    folder = Path(settings.host_socket).parent
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    said = ""
    while True:
        try:
            is_ok, message = True, assert_rules(settings, read_resolvers())
        except TerraError as error:
            is_ok, message = False, error.message
        if message != said:
            print(message, flush=True)
            said = message
        write_state(folder, is_ok=is_ok, message=message)
        if stopped.wait(SECONDS_BETWEEN_LOOKS):
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
