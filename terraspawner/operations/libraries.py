"""Libraries of the drive: made, shared, handed on, put into the trash. What changes counts from the next request on.

Their notebooks are done with as those of a workspace (`notebooks`), which each library is; here stands what a library
has of its own. To who has nothing of it there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from terraspawner.db import account_records, group_records, library_records, member_records
from terraspawner.domain import names
from terraspawner.domain.access import Action, Role, Standing, permits
from terraspawner.domain.holder import Holder, holder
from terraspawner.domain.library import OWNED, Access, Held, Library, Shown, held, shown
from terraspawner.domain.trash import Item, Kind
from terraspawner.domain.workspace import Member
from terraspawner.errors import MemberMissing, NameTaken, NotAllowed, Refused
from terraspawner.errors_libraries import LibraryMissing
from terraspawner.operations import audit, discarding, holders, names_given
from terraspawner.operations.context import Context, new_id

ALL = "all"
"""Everybody with an account, where a library is shared; no account is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A library as one person has it, and what it is called on that person's drive."""

    library: Library
    here: Held
    on_drive: Shown

    @property
    def is_own(self) -> bool:
        return self.here.role is Role.OWNER


def list_libraries(context: Context, user: str) -> list[Seen]:
    """All that `user` has, as the drive shows them: by folder and name."""
    with context.database.read() as connection:
        return _all(connection, user)


def get_library(context: Context, *, user: str, library_id: str, action: Action = Action.SEE) -> Seen:
    """One of them. Raises `LibraryMissing`, `NotAllowed`."""
    with context.database.read() as connection:
        return within(connection, user=user, library_id=library_id, action=action)


def within(connection: sa.Connection, *, user: str, library_id: str, action: Action) -> Seen:
    """As `get_library`, in a transaction that goes on."""
    found = next((each for each in _all(connection, user) if each.library.id == library_id), None)
    if found is None:
        raise LibraryMissing
    allowed = permits(Standing(role=found.here.role), action)
    if not allowed:
        raise NotAllowed(
            f"The library {found.library.name!r} is {found.library.owner}'s: {allowed.reason}."
            f" Ask {found.library.owner}.",
            needed=allowed.needed,
        )
    return found


def create_library(context: Context, *, user: str, name: str) -> Seen:
    """Make one of which `user` is the owner, shared with nobody. Raises `NameRefused`, `NameTaken`."""
    made = Library(id=new_id(), name=names.library_name(name), owner=user, created_at=context.now())
    with context.database.write() as connection:
        insert(connection, made)
        context.make_library(made.id)
        note(context, connection, user, "library-created", made, owner=user)
        return within(connection, user=user, library_id=made.id, action=Action.SEE)


def insert(connection: sa.Connection, made: Library) -> None:
    """Rows of a new library. Raises `NameTaken`, `Refused` for one too many."""
    _refuse_too_many(connection, made.owner)
    library_records.insert(connection, made, _free(connection, made.owner, made.name))
    _put_owner(connection, made.id, made.owner)


def rename(context: Context, *, actor: str, library_id: str, name: str) -> Seen:
    """It has the new name on every drive from then on. Raises `NameRefused`, `NameTaken`."""
    name = names.library_name(name)
    with context.database.write() as connection:
        at = within(connection, user=actor, library_id=library_id, action=Action.CHANGE_WORKSPACE).library
        if name != at.name:
            comparable = _free(connection, at.owner, name, besides=at.id)
            library_records.rename(connection, at.id, name, comparable)
            note(context, connection, actor, "library-renamed", at, before=at.name, after=name)
        return within(connection, user=actor, library_id=library_id, action=Action.SEE)


def share(context: Context, *, actor: str, library_id: str, who: str, access: Access) -> Seen:
    """Share it with `who` (a person, ``group:`` and a group, or ``all``), in place of what was shared with them.

    Raises `AccountMissing`, `GroupMissing`, `Refused` for its owner.
    """
    with context.database.write() as connection:
        at = within(connection, user=actor, library_id=library_id, action=Action.CHANGE_MEMBERS).library
        if who == at.owner:
            raise Refused(f"{who} owns this library: there is nothing to share.")
        before = _shared(at, who)
        if who == ALL:
            library_records.change(connection, at.id, for_all=str(access))
        else:
            given = holders.able(context, connection, who)
            member = Member(name=given.name, is_group=given.is_group, role=access.role, may_compute=False)
            member_records.put_member(connection, at.id, member)
        if before is not access:
            note(context, connection, actor, "library-shared", at, member=who, before=before, after=str(access))
        return within(connection, user=actor, library_id=library_id, action=Action.SEE)


def unshare(context: Context, *, actor: str, library_id: str, who: str) -> None:
    """Take a share back; everybody may give up the own one. Raises `MemberMissing`."""
    action = Action.LEAVE if who == actor else Action.CHANGE_MEMBERS
    with context.database.write() as connection:
        at = within(connection, user=actor, library_id=library_id, action=action).library
        before = _shared(at, who)
        if before is None:
            raise MemberMissing(
                f"The library {at.name!r} is not shared with {names_given.shown(who)} by this name."
                " One who has it by a group, or because it is shared with all, loses it with that."
            )
        _withdraw(connection, at.id, who)
        note(context, connection, actor, "library-unshared", at, member=who, before=before, after=None)


def transfer(context: Context, *, actor: str, library_id: str, to: str) -> Library:
    """Make `to` its owner, who has a share by name: nobody comes to own, and to answer for, what was never on the own
    drive. Who was its owner keeps writing, until the new one takes that away. An operator may do it too, for people who
    have left, and needs no share for whom it goes to; but not to the operator's own: libraries are no operator's.

    Raises `AccountMissing`, `NameTaken` where `to` has a library of this name, `Refused`.
    """
    with context.database.write() as connection:
        at, is_own = _to_be_given(connection, actor, library_id)
        if at.outside:
            raise Refused(
                f"The library {at.name!r} lies on a drive that is connected by {at.owner}'s account there. Share it, or"
                " let them connect the drive themselves."
            )
        given = holders.able(context, connection, to)
        if given.is_group or to == ALL:
            raise Refused("A library is a person's: transfer it to somebody, and share it with the group.")
        if to != at.owner:
            _refuse_unasked(at, actor, to, is_own=is_own)
            _refuse_too_many(connection, to)
            comparable = _free(connection, to, at.name)
            library_records.change(connection, at.id, owner=to, comparable=comparable)
            _put_owner(connection, at.id, to)
            former = Member(name=at.owner, is_group=False, role=Role.WRITER, may_compute=False)
            member_records.put_member(connection, at.id, former)
            note(context, connection, actor, "library-transferred", at, before=at.owner, after=to)
        return library_records.libraries_by_id(connection, [at.id])[at.id]


def discard(context: Context, *, actor: str, library_id: str) -> Item:
    """Put it into the trash: it is gone from every drive, and its name is free."""
    with context.database.write() as connection:
        at = within(connection, user=actor, library_id=library_id, action=Action.DELETE_WORKSPACE).library
        library_records.trash(connection, at.id, context.now())
        note(context, connection, actor, "library-deleted", at)
        return discarding.put(
            context, connection, kind=Kind.LIBRARY, subject=at.id, workspace_id=at.id, user=actor, name=at.name,
            size=at.used, by=actor,
        )  # fmt: skip


def put_back(connection: sa.Connection, item: Item, to: str | None) -> None:
    """There again, for all who had it, under its own name or `to`. Raises `NameTaken`, `NameRefused`, `Refused`."""
    at = library_records.libraries_by_id(connection, [item.subject])[item.subject]
    _refuse_too_many(connection, at.owner)
    name = names.library_name(to) if to is not None else at.name
    library_records.restore(connection, at.id, name, _free(connection, at.owner, name))


def _to_be_given(connection: sa.Connection, actor: str, library_id: str) -> tuple[Library, bool]:
    """The library, and whether it is `actor`'s own. Raises `LibraryMissing`, `NotAllowed`."""
    try:
        return within(connection, user=actor, library_id=library_id, action=Action.CHANGE_MEMBERS).library, True
    except (LibraryMissing, NotAllowed):
        account = account_records.account_named(connection, actor)
        if account is None or not account.is_operator or library_id not in library_records.ids_there(connection):
            raise
    return library_records.libraries_by_id(connection, [library_id])[library_id], False


def _refuse_unasked(at: Library, actor: str, to: str, *, is_own: bool) -> None:
    if not is_own and to == actor:
        raise Refused("An operator gives a library to others, not to the own account. Name who shall own it.")
    if is_own and to not in at.people:
        raise Refused(
            f"{to} has no share of the library {at.name!r} by name, and nobody comes to own what was never on the own"
            f" drive. Share it with {to} first, and transfer it when that is agreed."
        )


def _all(connection: sa.Connection, user: str) -> list[Seen]:
    found = {each.id: each for each in library_records.libraries_of(connection, user)}
    groups = frozenset(group_records.groups_of(connection, user))
    here = {each.id: held(each, user, groups) for each in found.values()}
    on_drive = shown(found.values(), user, groups)
    return [Seen(library=found[each.id], here=what, on_drive=each) for each in on_drive if (what := here[each.id])]


def _free(connection: sa.Connection, owner: str, name: str, besides: str = "") -> str:
    """The name in the form in which it is compared, where no other library of `owner` has it."""
    comparable = names.comparable(name)
    if library_records.owned_like(connection, owner, comparable) not in (None, besides):
        raise NameTaken(f"{owner} has a library {name!r} already. Choose another name.")
    return comparable


def _refuse_too_many(connection: sa.Connection, owner: str) -> None:
    if library_records.count_owned(connection, owner) >= OWNED:
        raise Refused(
            f"{owner} owns {OWNED} libraries, and nobody has more. Delete some of them, or have folders in one.",
            limit=OWNED,
        )


def _put_owner(connection: sa.Connection, library_id: str, user: str) -> None:
    owner = Member(name=user, is_group=False, role=Role.OWNER, may_compute=False)
    member_records.put_member(connection, library_id, owner)


def _shared(at: Library, who: str) -> Access | None:
    if who == ALL:
        return at.for_all
    return {**at.people, **{Holder(name=group, is_group=True).address: to for group, to in at.groups.items()}}.get(who)


def _withdraw(connection: sa.Connection, library_id: str, who: str) -> None:
    if who == ALL:
        library_records.change(connection, library_id, for_all=None)
    else:
        member_records.remove_member(connection, library_id, holder(who))


def note(context: Context, connection: sa.Connection, actor: str, action: str, at: Library, **details: Any) -> None:
    """In the audit log."""
    audit.note(
        context, connection, actor=actor, action=action, subject=f"library:{at.id}", name=at.name, **details
    )  # fmt: skip
