"""``python -m culler``: stops what is to be stopped, until it is ended.

``python -m culler --dry-run``             what it would do now, and why; does nothing
``python -m culler replay --policy F``     what the policy in the TOML file F would have done with what was stopped so
                                           far: hours saved, kernels lost; more than one can be named
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from culler import replay, settings
from culler.client import Service
from culler.decision import decide
from culler.facts import written
from culler.policy import Policy
from culler.settings import Settings
from culler.sweep import Sweeper, Swept, named, run
from terraspawner.errors import SettingsWrong, TerraError

log = logging.getLogger("culler")


def main(words: Sequence[str] | None = None) -> int:
    """Returns 1 with a sentence when a setting is wrong, or the service does not answer."""
    wanted = _words(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(_act(wanted))
    except TerraError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


def _words(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m culler", description=__doc__, add_help=True)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.set_defaults(act="")
    again = parser.add_subparsers(dest="act").add_parser("replay", help="reckon records again under other policies")
    again.add_argument("--policy", action="append", required=True, type=Path, help="a TOML file; can be given again")
    again.add_argument("--from", dest="begin", default="", help="RFC 3339; the first record otherwise")
    again.add_argument("--to", dest="end", default="", help="RFC 3339; the last record otherwise")
    return parser.parse_args(words)


async def _act(wanted: argparse.Namespace) -> None:
    policies = [(path.name, _policy(path)) for path in wanted.policy] if wanted.act == "replay" else []
    here = settings.from_environ(os.environ)
    service = Service(here.api_url, here.token, here.patience)
    try:
        if policies:
            await _replay(service, wanted, policies)
        elif wanted.dry_run:
            await _dry_run(service)
        else:
            await _sweep(service, here)
    finally:
        await service.close()


# --- sweeping ---


@dataclass
class _StateFile:
    """Says how the last sweep went to the log, when that changes, and to a file for the health check."""

    path: Path | None
    fault: str | None = None

    def went_well(self, swept: Swept) -> None:
        if self.fault is not None:
            log.info("the workspaces service answers again")
        self.fault = None
        if swept.listed:
            log.info(
                "%d may be due: %d acted on, %d still under way, %d unreadable",
                swept.listed, swept.asked, swept.waiting, swept.unread,
            )  # fmt: skip
        self._write(ok=True, message="")

    def failed(self, message: str) -> None:
        if message != self.fault:
            log.warning("no sweep, and nothing is stopped: %s", message)
        self.fault = message
        self._write(ok=False, message=message)

    def _write(self, *, ok: bool, message: str) -> None:
        if self.path:
            draft = self.path.with_suffix(".new")
            try:
                draft.write_text(json.dumps({"ok": ok, "message": message}))
                draft.replace(self.path)
            except OSError as error:  # a full disk: sweeps go on, and the health check has what was said before
                log.warning("how the sweep went cannot be written to %s: %s", self.path, error.strerror)


async def _sweep(service: Service, here: Settings) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    log.info("every %g s", here.seconds)
    sweeper = Sweeper(service, at_once=here.at_once, patience=here.patience)
    await run(sweeper, here.seconds, ending, _StateFile(here.state))


# --- looking, and doing nothing ---


async def _dry_run(service: Service) -> None:
    async for each in service.facts(due=False):
        if each.facts is None:
            _print(f"{each.id}: its facts cannot be read: {each.fault}")
            continue
        decision = decide(each.facts, each.facts.policy, each.facts.now)
        when = f" until {written(decision.at)}" if decision.at and decision.act == "keep" else ""
        _print(f"{named(each.facts)}: {decision.act}{when} ({decision.name or 'no rule'}): {decision.why}")
        for guard in decision.guards:
            _print(f"  {guard}")


def _policy(path: Path) -> dict[str, object]:
    """Raises `SettingsWrong` for what is no policy."""
    try:
        said = tomllib.loads(path.read_text())
        Policy().with_values(said)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsWrong(f"{path} is no policy: {error}") from error
    return said


async def _replay(service: Service, wanted: argparse.Namespace, policies: list[tuple[str, dict[str, object]]]) -> None:
    records, unread = [], 0
    async for said in service.records(wanted.begin, wanted.end):
        try:
            records.append(replay.Record.from_json(said))
        except ValueError:
            unread += 1
    rows = [
        ("as it was", replay.as_it_was(records)),
        *((name, replay.replay(records, each)) for name, each in policies),
    ]
    width = max(len(name) for name, _ in rows)
    _print(f"{'policy':<{width}}  stops  hours saved  kernels lost  not stopped")
    for name, tally in rows:
        _print(
            f"{name:<{width}}  {tally.stops:5}  {tally.hours_saved:11.1f}  {tally.kernels_lost:12}  {tally.never:11}"
        )
    if unread:
        _print(f"{unread} records could not be read and are left out.")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
