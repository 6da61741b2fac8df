"""Signing in, and what wrong passwords cost: by a clock that is moved."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import argon2
import pytest
import sqlalchemy as sa

import builders
from terraspawner import wiring
from terraspawner.db import sign_in_tables, tables
from terraspawner.domain.sign_in import FORGOTTEN_AFTER, SLOWDOWNS, Guard
from terraspawner.errors_accounts import AccountDisabled, PasswordRefused, PasswordWrong, SignInRefused, TooManyTries
from terraspawner.operations import accounts, passwords, sign_ins
from terraspawner.operations.attempts import Place, place_of
from terraspawner.operations.context import Context
from terraspawner.operations.passwords import Passwords

HERE, THERE = place_of("192.0.2.1"), place_of("192.0.2.2")
PAIR, ACCOUNT, PLACE = (SLOWDOWNS[guard] for guard in Guard)


class HasherThatNotes:
    """Real hashes that cost next to nothing; notes which passwords were tried."""

    def __init__(self) -> None:
        self._quick = builders.quick_hasher()
        self.hash = self._quick.hash
        self.tried: list[str] = []

    def verify(self, kept: str, password: str) -> Literal[True]:
        self.tried.append(password)
        return self._quick.verify(kept, password)


@pytest.fixture
def hasher() -> HasherThatNotes:
    return HasherThatNotes()


@pytest.fixture
def context(context: Context, hasher: HasherThatNotes) -> Context:
    return replace(context, passwords=Passwords(hasher))


@pytest.fixture
def tried(context: Context, hasher: HasherThatNotes) -> list[str]:
    """All accounts have the password "right". Says what was tried."""
    with context.database.write() as connection:
        connection.execute(sa.update(tables.account).values(password_hash=hasher.hash("right")))
    return hasher.tried


def wrong(context: Context, name: str = "ana", place: Place = HERE) -> str:
    with pytest.raises(SignInRefused) as refused:
        sign_ins.sign_in(context, name, "wrong", place)
    return refused.value.message


def waits(context: Context, name: str = "ana", place: Place = HERE) -> int:
    """Seconds until the next try is let through."""
    with pytest.raises(TooManyTries) as refused:
        sign_ins.sign_in(context, name, "right", place)
    return int(str(refused.value.details["seconds"]))


@pytest.mark.feature("A2")
@pytest.mark.parametrize(
    ("name", "password", "signs_in"),
    [
        ("ana", "ana-secret", True),
        ("ana", "ben-secret", False),
        ("ana", "", False),
        ("ana", "ANA-SECRET", False),
        ("ana", "\ud800", False),
        ("nobody", "ana-secret", False),
        ("\u0430na", "ana-secret", False),
        ("\ud800", "ana-secret", False),
        ("a\0", "ana-secret", False),
        ("", "", False),
    ],
)
def test_only_the_own_password_signs_in(context: Context, name: str, password: str, signs_in: bool) -> None:
    if signs_in:
        assert sign_ins.sign_in(context, name, password, HERE).name == name
    else:
        with pytest.raises(SignInRefused, match="Wrong name or password"):
            sign_ins.sign_in(context, name, password, HERE)


def test_a_disabled_account_is_told_so_to_who_knows_its_password_alone(context: Context) -> None:
    accounts.disable(context, name="ana", actor="operator")
    with pytest.raises(AccountDisabled):
        sign_ins.sign_in(context, "ana", "ana-secret", HERE)
    assert wrong(context) == wrong(context, "nobody")


def test_the_fifth_wrong_password_says_how_long_to_wait_and_the_wait_grows(
    context: Context, clock: builders.Clock, tried: list[str]
) -> None:
    for _ in range(PAIR.free - 1):
        assert wrong(context).endswith("Try again.")
    assert "Wait 15 seconds" in wrong(context)
    assert waits(context) == 15
    clock.move(seconds=14)
    assert waits(context) == 1
    assert tried.count("right") == 0  # what must wait is not even tried
    seen = []
    for _ in range(10):
        clock.move(seconds=waits(context))
        wrong(context)
        seen.append(waits(context))
    assert seen == [30, 60, 120, 240, 480, 900, 900, 900, 900, 900]
    clock.move(seconds=seen[-1])
    sign_ins.sign_in(context, "ana", "right", HERE)
    assert wrong(context).endswith("Try again.")


def test_an_unknown_name_is_answered_and_counted_like_a_known_one(context: Context, tried: list[str]) -> None:
    said = {name: [wrong(context, name, place_of(name)) for _ in range(PAIR.free)] for name in ("ana", "nobody")}
    assert said["ana"] == said["nobody"]
    assert waits(context, "ana", place_of("ana")) == waits(context, "nobody", place_of("nobody"))
    assert len(tried) == 2 * PAIR.free  # a hash for each, also where there is none to compare with


def test_another_place_is_not_held_up_by_the_first_ones_tries(context: Context, tried: list[str]) -> None:
    for _ in range(PAIR.free):
        wrong(context)
    waits(context)
    sign_ins.sign_in(context, "ana", "right", THERE)
    waits(context)


def test_many_places_together_slow_an_account_down_but_never_a_browser_that_is_known(
    context: Context, clock: builders.Clock, tried: list[str]
) -> None:
    known = sign_ins.place_of_device(context, "ana", sign_ins.device_token(context, "ana"))
    assert known is not None
    for number in range(ACCOUNT.free):
        wrong(context, place=place_of(f"192.0.2.{number}"))
    new = place_of("198.51.100.1")
    assert waits(context, place=new) == ACCOUNT.first.seconds
    sign_ins.sign_in(context, "ana", "right", known)
    for number in range(20):
        clock.move(seconds=waits(context, place=new))
        wrong(context, place=place_of(f"203.0.113.{number}"))
    assert waits(context, place=new) == ACCOUNT.most.seconds  # never longer: nobody is locked out for good
    sign_ins.sign_in(context, "ana", "right", known)
    sign_ins.sign_in(context, "ben", "right", new)
    clock.move(seconds=ACCOUNT.most.seconds)
    sign_ins.sign_in(context, "ana", "right", new)


def test_one_place_that_tries_many_names_is_slowed_down(context: Context, tried: list[str]) -> None:
    for number in range(PLACE.free):
        wrong(context, f"name-{number}")
    assert waits(context, "ben") == PLACE.first.seconds
    sign_ins.sign_in(context, "ben", "right", THERE)


def test_people_behind_one_address_may_mistype_all_day_long(
    context: Context, clock: builders.Clock, tried: list[str]
) -> None:
    for number in range(4 * PLACE.free):
        wrong(context, f"name-{number}")
        clock.move(minutes=1)
    sign_ins.sign_in(context, "ben", "right", HERE)


def test_a_hundred_tries_at_once_are_no_more_than_one_after_the_other(context: Context, tried: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        start = threading.Barrier(8)

        def attempt(number: int) -> str:
            if number < 8:
                start.wait(10)
            try:
                sign_ins.sign_in(context, "ana", "wrong", HERE)
            except (SignInRefused, TooManyTries) as refused:
                return refused.code
            return "in"

        codes = list(pool.map(attempt, range(100)))
    assert codes.count("sign-in-refused") == PAIR.free == len(tried)
    assert codes.count("too-many-tries") == 100 - PAIR.free


def test_counts_outlive_the_process_and_are_forgotten_in_the_end(
    context: Context, clock: builders.Clock, tried: list[str]
) -> None:
    for _ in range(PAIR.free):
        wrong(context)
    context.database.close()  # as a restart does; the next use opens it anew
    waits(context)
    clock.move(seconds=FORGOTTEN_AFTER.total_seconds() + 1)
    wrong(context, "ben")
    with context.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.max(sign_in_tables.sign_in_failure.c.failures))) == 1


def test_what_is_counted_stands_nowhere_in_clear(context: Context) -> None:
    wrong(context, "my password by mistake", place_of("192.0.2.77"))
    with context.database.read() as connection:
        rows = str(connection.execute(sa.select(sign_in_tables.sign_in_failure)).all())
    assert "mistake" not in rows
    assert "192.0.2.77" not in rows


def test_a_known_browser_is_known_for_its_own_account_alone(context: Context) -> None:
    token = sign_ins.device_token(context, "ana")
    device, _, seal = token.partition(".")
    assert sign_ins.place_of_device(context, "ana", token) == Place(name=f"device:{device}", is_known=True)
    for name, shown in [
        ("ben", token),
        ("ana", ""),
        ("ana", "."),
        ("ana", f"x{token}"),
        ("ana", f"{device}.{seal[:-1]}"),
        ("ana", "\ud800.\ud800"),
    ]:
        assert sign_ins.place_of_device(context, name, shown) is None


def test_a_household_of_addresses_is_one_place() -> None:
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:1") != place_of("2001:db8:0:1::1")
    assert place_of("::ffff:192.0.2.1") == place_of("192.0.2.1")
    assert place_of("no address") == place_of("") == Place(name="address:unknown")


def test_the_owner_changes_the_password_and_what_was_signed_in_ends(context: Context) -> None:
    before = accounts.account_of(context, "ana")
    sign_ins.change_password(context, name="ana", present="ana-secret", new="a garden of words")
    after = accounts.account_of(context, "ana")
    assert before is not None
    assert after is not None
    assert after.sessions_epoch == before.sessions_epoch + 1
    sign_ins.sign_in(context, "ana", "a garden of words", HERE)
    with pytest.raises(SignInRefused):
        sign_ins.sign_in(context, "ana", "ana-secret", HERE)


def test_who_finds_an_open_browser_may_not_guess_the_present_password(
    context: Context, clock: builders.Clock, tried: list[str]
) -> None:
    for _ in range(PAIR.free):
        with pytest.raises(PasswordWrong):
            sign_ins.change_password(context, name="ana", present="wrong", new="a garden of words")
    with pytest.raises(TooManyTries):
        sign_ins.change_password(context, name="ana", present="right", new="a garden of words")
    sign_ins.sign_in(context, "ana", "right", HERE)  # that makes nobody's sign-in wait


def test_a_new_password_that_is_refused_costs_no_try(context: Context) -> None:
    for _ in range(PAIR.free + 1):
        with pytest.raises(PasswordRefused):
            sign_ins.change_password(context, name="ana", present="wrong", new="short")


def test_a_deployments_hashes_are_as_strong_as_the_rfc_asks_for_where_there_is_no_account_too(tmp_path: Path) -> None:
    made = wiring.build_context(builders.settings(tmp_path)).passwords
    kept = made.hashed("a garden of words")
    for text in (kept, made._unknown):
        assert argon2.extract_parameters(text) == argon2.profiles.RFC_9106_LOW_MEMORY
    assert made.is_right(kept, "a garden of words")


def test_no_more_hashes_are_made_at_once_than_the_machine_has_room_for() -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    gate = threading.Event()

    class Hasher:
        def hash(self, password: str) -> str:
            if password != "x":
                return "unknown"
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)
                if under_way == passwords.AT_ONCE:
                    gate.set()
            assert gate.wait(10)
            with lock:
                under_way -= 1
            return "hash"

    made = Passwords(Hasher())
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(made.hashed, ["x"] * 20)) == ["hash"] * 20
    assert most == passwords.AT_ONCE
