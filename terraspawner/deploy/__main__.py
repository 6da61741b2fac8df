"""``python3 -m terraspawner.deploy <command>``: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from terraspawner.deploy import compose, culling, deployment, dev, ending, machine, moving, postgresql, venv
from terraspawner.deploy.progress import complain, step
from terraspawner.errors import TerraError

ROOT = Path(__file__).resolve().parents[2]


ASKED = {"accounts": deployment.manage_accounts, "disks": deployment.manage_disks, "culler": culling.ask}
"""Commands that are carried out inside the deployment, with words of their own; what they return is printed."""


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 stopped with a sentence, 130 interrupted."""
    chosen = _parser().parse_args(arguments)
    try:
        return _do(chosen)
    except TerraError as error:
        complain(error.message)
        return 1
    except KeyboardInterrupt:
        complain("Interrupted. Run the same command again to go on.")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m terraspawner.deploy", description="Set up terraspawner here.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="make everything that is missing, start it, wait until it answers")
    commands.add_parser("move", help="take the buckets into the object store that the settings name, then `up`")
    commands.add_parser("dev", help="run hub and workspaces from .venv, for whoever changes them")
    commands.add_parser("down", help="stop everything, keep everything")
    commands.add_parser("status", help="what runs")
    logs = commands.add_parser("logs", help="what the services said")
    logs.add_argument("services", nargs="*")
    logs.add_argument("--follow", action=argparse.BooleanOptionalAction, default=False)
    clean = commands.add_parser("clean", help="delete the deployment with its data; asks first")
    clean.add_argument("--yes", action="store_true", help="do not ask")
    accounts = commands.add_parser("accounts", help="people: list, add, link, disable, enable")
    accounts.add_argument("words", nargs=argparse.REMAINDER)
    disks = commands.add_parser("disks", help="what disks are on this machine: list, convert, keep")
    disks.add_argument("words", nargs=argparse.REMAINDER)
    culler = commands.add_parser("culler", help="what it would do now, and why; replay --policy F")
    culler.add_argument("words", nargs=argparse.REMAINDER)
    commands.add_parser("images", help="Engine and images only")
    commands.add_parser("push", help="put the images into the registry that TERRA_REGISTRY names")
    commands.add_parser("venv", help="the virtual environment for tests")
    test_machine = commands.add_parser("test-machine", help="all that the test suite needs of this machine")
    test_machine.add_argument("--full", action="store_true", help="also what only its long tests need")
    return parser


_WITHOUT_WORDS = {
    "up": deployment.up,
    "move": moving.move,
    "dev": dev.dev,
    "push": deployment.push_images,
    "down": ending.down,
}


def _do(chosen: argparse.Namespace) -> int:
    code = 0
    if chosen.command in _WITHOUT_WORDS:
        _WITHOUT_WORDS[chosen.command](ROOT, os.environ)
    elif chosen.command == "status":
        code = 0 if ending.status(ROOT, os.environ) else 1
    elif chosen.command == "logs":
        code = ending.logs(ROOT, os.environ, chosen.services, follow=chosen.follow)
    elif chosen.command == "clean":
        ending.clean(ROOT, os.environ, is_confirmed=chosen.yes)
    elif chosen.command in ASKED:
        print(ASKED[chosen.command](ROOT, os.environ, chosen.words), end="")
    else:
        _prepare(chosen.command, is_full=getattr(chosen, "full", False))
    return code


def _prepare(what: str, *, is_full: bool) -> None:
    """The parts of the machine that tests need, from least to most."""
    if what in ("venv", "test-machine"):
        with step("virtualenv") as line:
            line.result = venv.ensure_venv(ROOT)[1]
    if what in ("images", "test-machine"):
        here = deployment.Site.of(ROOT, os.environ)
        deployment.prepare_machine(here)
        deployment.build_images(here)
    if what == "test-machine":
        with step("browser") as line:
            line.result = venv.ensure_browser()
        with step("database") as line:
            line.result = postgresql.ensure_programs()
        with step("fuse") as line:
            line.result = machine.ensure_fuse()
        with step("compose") as line:
            line.result = " ".join(compose.ensure_program()[0])
    if is_full:
        with step("ceph") as line:
            line.result = machine.ensure_ceph()


if __name__ == "__main__":
    sys.exit(main())
