"""Commands for the operator, run inside the deployment: ``python -m terraspawner migrate | accounts ensure``."""

from __future__ import annotations

import argparse
import json
import sys

from terraspawner import wiring
from terraspawner.domain.account import Account
from terraspawner.errors import TerraError
from terraspawner.operations import accounts
from terraspawner.operations.context import Context


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 refused with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m terraspawner", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring our database to this version's shape")
    account_parser = commands.add_parser("accounts", help="accounts of the embedded sign-in")
    account_parser.add_argument("act", choices=["ensure"], help="make the accounts given as JSON on standard input")
    chosen = parser.parse_args(arguments)
    context = wiring.build_context(wiring.settings_from_environ())
    try:
        if chosen.command == "migrate":
            context.database.migrate()
        else:
            _ensure_accounts(context, json.load(sys.stdin))
    except TerraError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


def _ensure_accounts(context: Context, wanted: list[dict[str, object]]) -> None:
    for item in wanted:
        account = Account(
            name=str(item["name"]), email=str(item.get("email", "")), is_operator=bool(item.get("operator", False))
        )
        made = accounts.ensure_account(context, account, str(item["password"]))
        print(f"account {account.name}: {'made' if made else 'there already'}")


if __name__ == "__main__":
    raise SystemExit(main())
