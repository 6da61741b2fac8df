"""Libraries on drives from outside: connected, given another password, and what of them is to be mounted.

A password is kept sealed with a key that is not in the database, for the one library that it was given for. It goes to
the service that mounts and nowhere else: no answer, page or log has it.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from terraspawner.db import outside_records
from terraspawner.domain import names, outside
from terraspawner.domain.access import Action
from terraspawner.domain.library import Library
from terraspawner.domain.outside import Connection, OfferedDrive
from terraspawner.errors import Refused
from terraspawner.errors_libraries import OutsideDriveMissing
from terraspawner.mounts_client import OutsideDrive
from terraspawner.operations import libraries
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.libraries import Seen


def find_drive(context: Context, name: str) -> OfferedDrive | None:
    """As the operator offers it now."""
    return next((each for each in context.drives if each.name == name), None)


def connect(
    context: Context,
    *,
    user: str,
    name: str,
    drive: str,
    account: str,
    password: str,
    path: str = "",
    library: str = "",
) -> Seen:
    """Make a library of `user` whose files are those on a drive, as `account` has them there.

    Whether the drive takes the password is known when it is mounted, and told with the library. Raises
    `OutsideDriveMissing`, `Refused`, `NameRefused`, `NameTaken`.
    """
    offered = _offered(context, drive)
    where = outside.connection(offered, user=account, path=path, library=library)
    outside.check_password(password)
    made = Library(
        id=new_id(), name=names.library_name(name), owner=user, created_at=context.now(), outside=where
    )  # fmt: skip
    with context.database.write() as connection:
        _refuse_too_many(connection, user)
        libraries.insert(connection, made)
        outside_records.insert(connection, made.id, where, _sealed(context, made.id, password))
        context.make_outside(made.id)
        libraries.note(context, connection, user, "library-connected", made, owner=user, drive=drive, account=account)
        return libraries.within(connection, user=user, library_id=made.id, action=Action.SEE)


def give_password(context: Context, *, actor: str, library_id: str, password: str, account: str = "") -> Seen:
    """Its drive is connected with another password from now on, and by another `account` where one is named. For its
    owner. Raises `LibraryMissing`, `NotAllowed`, `OutsideDriveMissing`, `Refused`."""
    with context.database.write() as connection:
        at = libraries.within(connection, user=actor, library_id=library_id, action=Action.CHANGE_WORKSPACE).library
        if at.outside is None:
            raise OutsideDriveMissing(f"The library {at.name!r} lies on this machine, and on no drive from outside.")
        had = at.outside
        where = outside.connection(
            _offered(context, had.drive), user=account or had.user, path=had.path, library=had.library
        )
        outside.check_password(password)
        outside_records.set_account(connection, at.id, where.user, _sealed(context, at.id, password))
        libraries.note(context, connection, actor, "library-password-given", at, before=had.user, after=where.user)
        return libraries.within(connection, user=actor, library_id=library_id, action=Action.SEE)


def wish(context: Context) -> list[OutsideDrive]:
    """What is to be mounted: of all that are not in the trash, as far as they are still offered and can be read."""
    with context.database.read() as connection:
        found = outside_records.wanted(connection)
    wanted = (_wanted(context, library_id, where, sealed) for library_id, where, sealed in found)
    return [each for each in wanted if each]


def lies_outside(context: Context, library_id: str) -> bool:
    """Whether it lies, or lay until it was deleted, on a drive from outside."""
    with context.database.read() as connection:
        return bool(outside_records.connections_of(connection, [library_id]))


def _offered(context: Context, name: str) -> OfferedDrive:
    if context.drives and not context.settings.mounts_drives:
        raise Refused(
            "On this machine what is mounted does not reach environments, so no drive can be connected. `make up` says"
            " the cause, which the operator can mend."
        )
    found = find_drive(context, name)
    if found is None:
        raise OutsideDriveMissing
    return found


def _refuse_too_many(connection: sa.Connection, user: str) -> None:
    if outside_records.count_owned(connection, user) >= outside.CONNECTED:
        raise Refused(
            f"You have {outside.CONNECTED} drives connected, with those in the trash, and nobody has more. Delete one,"
            " and then in the trash for good; or connect a folder in which all is that you need.",
            limit=outside.CONNECTED,
        )


def _wanted(context: Context, library_id: str, where: Connection, sealed: str) -> OutsideDrive | None:
    offered, password = find_drive(context, where.drive), _unsealed(context, library_id, sealed)
    if offered is None or not password:
        return None
    return OutsideDrive(
        id=library_id,
        kind=str(offered.kind),
        url=offered.url_for(where.user),
        user=where.user,
        password=password,
        path=where.path,
        library=where.library,
    )


def _sealed(context: Context, library_id: str, password: str) -> str:
    told = json.dumps({"library": library_id, "password": password})
    return Fernet(context.settings.secret_key).encrypt(told.encode()).decode()


def _unsealed(context: Context, library_id: str, sealed: str) -> str:
    """Empty where it was sealed with another key, or for another library: then it has to be given anew."""
    try:
        told = json.loads(Fernet(context.settings.secret_key).decrypt(sealed.encode()))
    except (InvalidToken, ValueError):
        return ""
    return str(told["password"]) if told["library"] == library_id else ""
