"""One-time links, by a clock that is moved."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import builders
from terraspawner.db import sign_in_tables
from terraspawner.errors import Conflict
from terraspawner.errors_accounts import LinkDead, PasswordRefused, SignInRefused
from terraspawner.operations import accounts, links, sign_ins
from terraspawner.operations.attempts import place_of
from terraspawner.operations.context import Context

HERE = place_of("192.0.2.1")
NEW = "a garden of words"


def test_a_link_sets_the_password_once(context: Context) -> None:
    made = links.make_link(context, name="ana", actor="operator")
    assert links.look_at(context, made.code).account == "ana"
    assert links.use_link(context, code=made.code, password=NEW) == "ana"
    sign_ins.sign_in(context, "ana", NEW, HERE)
    with pytest.raises(SignInRefused):
        sign_ins.sign_in(context, "ana", "ana-secret", HERE)
    with pytest.raises(LinkDead):
        links.use_link(context, code=made.code, password="another garden of words")
    sign_ins.sign_in(context, "ana", NEW, HERE)


def test_the_whole_link_serves_as_well_as_what_stands_behind_its_hash_sign(context: Context) -> None:
    made = links.make_link(context, name="ana", actor="operator")
    pasted = f" http://127.0.0.1:8000/services/workspaces/set-password#{made.code}\n"
    assert links.look_at(context, pasted).account == "ana"


def test_a_link_ends_with_its_time(context: Context, clock: builders.Clock) -> None:
    made = links.make_link(context, name="ana", actor="operator")
    clock.move(seconds=context.settings.link_lifetime - 1)
    assert links.look_at(context, made.code).account == "ana"
    clock.move(seconds=1)
    for act in (links.look_at, lambda context, code: links.use_link(context, code=code, password=NEW)):
        with pytest.raises(LinkDead):
            act(context, made.code)
    assert links.links_of(context, "ana")[0].state(context.now()) == "expired"


def test_a_newer_link_ends_the_older_one_of_the_same_account_alone(context: Context) -> None:
    of_ben = links.make_link(context, name="ben", actor="operator")
    first = links.make_link(context, name="ana", actor="operator")
    second = links.make_link(context, name="ana", actor="operator")
    with pytest.raises(LinkDead):
        links.look_at(context, first.code)
    assert links.look_at(context, second.code).account == "ana"
    assert links.look_at(context, of_ben.code).account == "ben"


def test_a_forged_link_opens_nothing(context: Context) -> None:
    ana = links.make_link(context, name="ana", actor="operator").code
    ben = links.make_link(context, name="ben", actor="operator").code
    (ana_id, ana_secret), (ben_id, ben_secret) = ana.split("."), ben.split(".")
    with context.database.read() as connection:
        link = sign_in_tables.sign_in_link
        kept = connection.scalar(sa.select(link.c.secret_hash).where(link.c.id == ana_id))
    forged = ["", ".", "#", f"{ana_id}.{ben_secret}", f"{ben_id}.{ana_secret}", f"{ana_id}.", ana_id, f".{ana_secret}"]
    forged += [
        f"{ana_id}.{kept}",
        f"{ana}x",
        ana[:-1],
        f"{ana_id}.\ud800",
        "\ud800.x",
        f"{ana_id}'--.{ana_secret}",
        "\0",
    ]
    for code in forged:
        with pytest.raises(LinkDead):
            links.use_link(context, code=code, password=NEW)
    assert links.look_at(context, ana).account == "ana"


def test_a_link_of_a_disabled_account_is_neither_made_nor_used(context: Context) -> None:
    made = links.make_link(context, name="ana", actor="operator")
    accounts.disable(context, name="ana", actor="operator")
    with pytest.raises(LinkDead):
        links.use_link(context, code=made.code, password=NEW)
    with pytest.raises(Conflict, match="Enable it first"):
        links.make_link(context, name="ana", actor="operator")


def test_an_operator_makes_no_link_for_himself(context: Context) -> None:
    with pytest.raises(Conflict, match="your own account"):
        links.make_link(context, name="operator", actor="operator")
    assert links.links_of(context, "operator") == []


def test_a_refused_password_leaves_the_link_as_it_was(context: Context) -> None:
    made = links.make_link(context, name="ana", actor="operator")
    with pytest.raises(PasswordRefused):
        links.use_link(context, code=made.code, password="short")
    links.use_link(context, code=made.code, password=NEW)


def test_the_person_is_told_of_each_link_until_it_was_read(context: Context, clock: builders.Clock) -> None:
    first = links.make_link(context, name="ana", actor="operator")
    links.use_link(context, code=first.code, password=NEW)
    account = accounts.account_of(context, "ana")
    assert account is not None
    (shown,) = account.unseen
    assert (shown.made_by, shown.made_at, shown.used_at) == ("operator", builders.NOON, builders.NOON)
    clock.move(minutes=1)
    links.make_link(context, name="ana", actor="operator")  # while the page was open
    links.mark_seen(context, "ana", shown.made_at)
    account = accounts.account_of(context, "ana")
    assert account is not None
    assert [link.made_at for link in account.unseen] == [context.now()]
    assert len(links.links_of(context, "ana")) == 2
