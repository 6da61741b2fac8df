"""Commands for the operator, run inside the deployment: ``python -m terraspawner`` and ``migrate``, ``accounts …``,
``disks …``, ``catalogue``, ``outside-drives`` or ``move-buckets``."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from terraspawner import wiring
from terraspawner.converting import GIB, Converter
from terraspawner.domain.account import Account, LinkState
from terraspawner.domain.catalogue_file import read_catalogue
from terraspawner.domain.outside_file import read_drives
from terraspawner.errors import SettingsWrong, TerraError
from terraspawner.host_client import HostClient
from terraspawner.mounter_client import MounterClient
from terraspawner.operations import accounts, catalogues, conversions, links
from terraspawner.operations.audit import COMMAND_LINE
from terraspawner.operations.context import Context, Origin
from terraspawner.operations.links import NewLink
from terraspawner.storage.moving import Progress, move_all
from terraspawner.storage.options import Options

_NAMED = 5
"""Of what stays behind so many are named."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 refused with a sentence on standard error."""
    chosen = _parser().parse_args(arguments)
    if chosen.command in _CHECKS:
        return _check(_CHECKS[chosen.command], chosen.name)
    if chosen.command == "move-buckets":
        return _move_buckets(json.load(sys.stdin))
    context = replace(wiring.build_context(wiring.settings_from_environ()), origin=Origin(actor=COMMAND_LINE))
    try:
        if chosen.command == "migrate":
            context.database.migrate()
        elif chosen.command == "disks":
            _disks(context, chosen)
        else:
            _accounts(context, chosen)
    except TerraError as error:
        print(error.message, file=sys.stderr)
        return 1
    finally:
        context.database.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m terraspawner", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring our database to this version's shape")
    catalogue = commands.add_parser("catalogue", help="read a catalogue from standard input and say what it offers")
    catalogue.add_argument("name", help="what the file is called in messages")
    drives = commands.add_parser("outside-drives", help="the same of drives from outside")
    drives.add_argument("name", help="what the file is called in messages")
    commands.add_parser("move-buckets", help="from a folder into an object store, as JSON on standard input says")
    disks = commands.add_parser("disks", help="what disks are on this machine").add_subparsers(
        dest="act", required=True
    )
    disks.add_parser("list", help="all disks, with their people, size and form")
    for act, words in (
        (
            "convert",
            "give a disk that was made as a plain volume a real limit; its environment is paused, or it has none",
        ),
        ("keep", "let a disk whose conversion was ended in the middle be the plain volume that it was"),
    ):
        disks.add_parser(act, help=words).add_argument("id")
    acts = commands.add_parser("accounts", help="accounts of the embedded sign-in").add_subparsers(
        dest="act", required=True
    )
    acts.add_parser("ensure", help="make the accounts given as JSON on standard input")
    acts.add_parser("list", help="all accounts, with state and last sign-in")
    add = acts.add_parser("add", help="make an account, and print the link by which its owner sets the password")
    add.add_argument("name")
    add.add_argument("--email", default="")
    add.add_argument("--operator", action="store_true", help="may manage accounts; see and stop environments")
    for act, words in (
        ("link", "print a new one-time link by which the owner sets the password"),
        ("disable", "end everything of the account and let nobody sign in with it"),
        ("enable", "let its owner sign in again"),
    ):
        acts.add_parser(act, help=words).add_argument("name")
    return parser


def _disks(context: Context, chosen: argparse.Namespace) -> None:
    if chosen.act == "list":
        rows = [("id", "person", "kind", "state", "size", "form")]
        for disk in conversions.all_disks(context):
            size = f"{disk.size / GIB:.4g} GB"
            rows.append((disk.id, disk.user, str(disk.kind), str(disk.state), size, str(disk.form or "not made yet")))
        _table(rows)
    else:
        asyncio.run(_convert(context, chosen))


async def _convert(context: Context, chosen: argparse.Namespace) -> None:
    host, mounter = HostClient(context.settings.host_socket), MounterClient(context.settings.mounter_socket)
    converter = Converter(context=context, host=host, mounter=mounter, say=print)
    try:
        await (converter.convert(chosen.id) if chosen.act == "convert" else converter.put_back(chosen.id))
    finally:
        await host.close()
        await mounter.close()


def _check(read: Callable[[str, str], str], name: str) -> int:
    """What a file on standard input, called `name`, offers."""
    try:
        offered = read(sys.stdin.read(), name)
    except SettingsWrong as error:
        print(error.message, file=sys.stderr)
        return 1
    print(offered)
    return 0


def _catalogue(text: str, name: str) -> str:
    found = read_catalogue(text, catalogues.standard_of(wiring.settings_from_environ()), f"TERRA_CATALOGUE {name}")
    sizes, images = (", ".join(each.name for each in offered) for offered in (found.sizes, found.images))
    return f"sizes: {sizes}; images: {images}"


def _drives(text: str, name: str) -> str:
    return ", ".join(each.name for each in read_drives(text, f"TERRA_OUTSIDE_DRIVES {name}"))


_CHECKS = {"catalogue": _catalogue, "outside-drives": _drives}


def _move_buckets(wanted: dict[str, str]) -> int:
    options = Options(
        endpoint=wanted["endpoint"],
        region=wanted["region"],
        credentials=wanted["credentials"],
        seconds=float(wanted["seconds"]),
    )
    try:
        moved = move_all(wanted["from"], wanted["to"], options, _tell_progress)
    except TerraError as error:
        print(error.message, file=sys.stderr)
        return 1
    sent = sum(each.progress.copied for each in moved)
    print(f"{len(moved)} buckets are the same there as here; {sent} objects were sent this time.", flush=True)
    _tell_left([f"{each.id}/{path}" for each in moved for path in each.left])
    return 0


def _tell_left(left: Sequence[str]) -> None:
    """Names are those of people: nothing in them speaks to the terminal."""
    if left:
        shown = ", ".join(ascii(path) for path in left[:_NAMED]) + (" and more" if len(left) > _NAMED else "")
        print(
            f"{len(left)} links and empty folders stay behind, since a store knows files alone: {shown}. They are still"
            " in the folder that the buckets were in.",
            flush=True,
        )


def _tell_progress(number: int, total: int, progress: Progress) -> None:
    """A line now and then, and one at each bucket's end."""
    if progress.looked_at % 100 == 0 or progress.looked_at == progress.total:
        print(
            f"bucket {number} of {total}: {progress.looked_at} of {progress.total} objects, "
            f"{progress.size / 1024**2:.1f} MB sent",
            flush=True,
        )


def _accounts(context: Context, chosen: argparse.Namespace) -> None:
    if chosen.act == "ensure":
        _ensure_accounts(context, json.load(sys.stdin))
    elif chosen.act == "list":
        _list(context)
    elif chosen.act == "add":
        made = accounts.add_account(
            context, name=chosen.name, email=chosen.email, is_operator=chosen.operator, actor=COMMAND_LINE
        )
        _tell(context, made)
    elif chosen.act == "link":
        _tell(context, links.make_link(context, name=chosen.name, actor=COMMAND_LINE))
    elif chosen.act == "disable":
        accounts.disable(context, name=chosen.name, actor=COMMAND_LINE)
        print(f"{chosen.name} is disabled; what runs is paused in a few seconds.")
    else:
        accounts.enable(context, name=chosen.name, actor=COMMAND_LINE)
        print(f"{chosen.name} is enabled.")


def _ensure_accounts(context: Context, wanted: list[dict[str, object]]) -> None:
    for item in wanted:
        account = Account(
            name=str(item["name"]), email=str(item.get("email", "")), is_operator=bool(item.get("operator", False))
        )
        made = accounts.ensure_account(context, account, str(item["password"]))
        print(f"account {account.name}: {'made' if made else 'there already'}")


def _list(context: Context) -> None:
    rows = [("name", "state", "role", "last sign-in", "e-mail")]
    for listed in accounts.list_accounts(context):
        account = listed.account
        seen = listed.signed_in_at.strftime("%Y-%m-%d %H:%M UTC") if listed.signed_in_at else "never"
        rows.append((account.name, _state(context, listed), _role(account), seen, account.email))
    _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _state(context: Context, listed: accounts.Listed) -> str:
    if listed.account.is_disabled:
        return "disabled"
    if listed.account.is_let_go:
        return "let go"
    if listed.account.is_external:
        return "signs in elsewhere"
    if listed.has_password:
        return "enabled"
    is_open = listed.link is not None and listed.link.state(context.now()) is LinkState.OPEN
    return "link not used yet" if is_open else "no password, no link"


def _role(account: Account) -> str:
    return "operator" if account.is_operator else "user"


def _tell(context: Context, link: NewLink) -> None:
    settings = context.settings
    print(f"Hand this to {link.account} over a way that nobody else reads. It works once,")
    print(f"until {link.expires_at:%Y-%m-%d %H:%M UTC}, and whoever opens it first sets the password:")
    print(f"{settings.address}{settings.service_prefix}set-password#{link.code}")


if __name__ == "__main__":
    raise SystemExit(main())
