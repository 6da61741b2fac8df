"""Saves, renames, deletions and edits past us, each of which stands still at any step while others go on, or is killed
there: no save that was acknowledged is lost, none is there twice, none overwrites another (research: I2 to I6).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builders
from terraspawner.db import notebook_records
from terraspawner.domain import notebook
from terraspawner.domain.history import Notebook, NotebookState, NotebookVersion, VersionKind
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import TerraError
from terraspawner.operations import notebooks, settling, trash
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.storage import blobs
from terraspawner.storage.base import ANYTHING, Bucket, digest_of
from terraspawner.storage.errors import ObjectMissing

PATHS = ("a.ipynb", "b.ipynb")


class Killed(Exception):
    """The process ended here."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that is done. At its bucket's `at`-th call, before or after it, it stands still while `meanwhile` is
    done; where that is None it is killed there."""

    verb: str
    path: int = 0
    at: int = -1
    is_after: bool = False
    meanwhile: tuple[Act, ...] | None = ()


class BucketThatStandsStill:
    """Calls `stop` once, at the `at`-th call of a verb."""

    def __init__(self, bucket: Bucket, act: Act, stop: Callable[[], None]) -> None:
        self._bucket = bucket
        self._act = act
        self._stop = stop
        self._calls = 0

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def carry_out(*arguments: object) -> object:
            is_it = self._calls == self._act.at
            self._calls += 1
            if is_it and not self._act.is_after:
                self._stop()
            try:
                return getattr(self._bucket, verb)(*arguments)
            finally:
                if is_it and self._act.is_after:
                    self._stop()

        return carry_out


@dataclass
class World:
    context: Context
    workspace: Workspace
    count: int = 0
    acknowledged: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Save id -> bytes, and the hash of what it was based on."""
    outside: dict[str, bytes] = field(default_factory=dict)
    """Path -> what somebody wrote there past us last."""

    def text(self, word: str) -> bytes:
        self.count += 1
        document = json.loads(notebook.empty("python3"))
        document["cells"][0]["source"] = [f"{word}{self.count}"]
        return json.dumps(document).encode()

    def place(self, path: str) -> notebooks.Place:
        return notebooks.Place(user="ana", namespace="ana", name="alpha", path=path)

    def do(self, act: Act) -> None:
        def stop() -> None:
            if act.meanwhile is None:
                raise Killed
            for each in act.meanwhile:
                self.do(each)

        bucket = self.context.bucket(self.workspace.id)
        once = BucketThatStandsStill(bucket, act, stop)
        slow = replace(self.context, bucket=lambda _: once)  # type: ignore[arg-type, return-value]
        with suppress(TerraError, Killed):
            getattr(self, f"do_{act.verb}")(slow, PATHS[act.path])

    def do_save(self, context: Context, path: str) -> None:
        base, sha256 = None, ""
        with suppress(TerraError):
            body, info = notebooks.read_notebook(self.context, self.place(path))
            base, sha256 = info.version, digest_of(body)
        text, save_id = self.text("saved "), f"save{self.count}"
        notebooks.save_notebook(context, self.place(path), text, base, save_id=save_id)
        self.acknowledged[save_id] = text, sha256

    def do_rename(self, context: Context, path: str) -> None:
        _, info = notebooks.read_notebook(self.context, self.place(path))
        (other,) = {*PATHS} - {path}
        notebooks.rename_notebook(context, self.place(path), other, info.version)

    def do_delete(self, context: Context, path: str) -> None:
        _, info = notebooks.read_notebook(self.context, self.place(path))
        notebooks.delete_notebook(context, self.place(path), info.version)

    def do_restore(self, context: Context, path: str) -> None:
        (first, *_) = trash.list_trash(self.context, "ana") or [None]
        if first:
            trash.restore(context, user="ana", item_id=first.item.id, name=path)

    def do_settle(self, context: Context, _path: str) -> None:
        settling.settle_all(context)

    def do_edit(self, _context: Context, path: str) -> None:
        bucket, text = self.context.bucket(self.workspace.id), self.text("outside ")
        bucket.write(FOLDER + path, text, ANYTHING)
        self.outside[path] = text

    def do_take_away(self, _context: Context, path: str) -> None:
        with suppress(ObjectMissing):
            self.context.bucket(self.workspace.id).delete(FOLDER + path, ANYTHING)
        self.outside.pop(path, None)

    # --- what holds, always ---

    def check(self) -> None:
        assert settling.settle_all(self.context) == 0
        bucket = self.context.bucket(self.workspace.id)
        for path in {*PATHS, *(info.key.removeprefix(FOLDER) for info in bucket.list(FOLDER))}:
            settling.present(self.context, self.workspace.id, path)
        with self.context.database.read() as connection:
            rows = notebook_records.notebooks_of(connection, self.workspace.id)
            histories = {row.id: notebook_records.versions_of(connection, row.id)[::-1] for row in rows}
            assert notebook_records.intents(connection) == []
        versions = [version for history in histories.values() for version in history]
        for history in histories.values():
            assert [each.number for each in history] == list(range(1, len(history) + 1))
        self._check_acknowledged(bucket, versions, histories)
        self._check_places(bucket, rows, histories)
        there = {bucket.read(info.key)[0] for info in bucket.list(FOLDER)}
        for text in self.outside.values():
            assert text in there or digest_of(text) in {version.sha256 for version in versions}

    def _check_acknowledged(
        self, bucket: Bucket, versions: list[NotebookVersion], histories: dict[str, list[NotebookVersion]]
    ) -> None:
        for save_id, (text, based_on) in self.acknowledged.items():
            (made,) = [version for version in versions if version.save_id == save_id]
            assert blobs.read(bucket, made.sha256) == text
            before = histories[made.notebook_id][made.number - 2] if made.number > 1 else None
            if before is not None:
                assert before.sha256 == based_on or before.kind in (VersionKind.EXTERNAL, VersionKind.FOUND)

    def _check_places(self, bucket: Bucket, rows: list[Notebook], histories: dict[str, list[NotebookVersion]]) -> None:
        live = {row.path: row for row in rows if row.state is NotebookState.LIVE}
        assert {FOLDER + path for path in live} == {info.key for info in bucket.list(FOLDER)}
        for path, row in live.items():
            body, info = bucket.read(FOLDER + path)
            assert (info.version, digest_of(body)) == (row.version, row.sha256)
        for row in rows:
            newest = histories[row.id][-1]
            assert (row.number, row.sha256) == (newest.number, newest.sha256)
            assert blobs.read(bucket, row.sha256)
        ghosts = [row for row in live.values() if histories[row.id][0].kind is VersionKind.FOUND]
        assert all(b"outside" in blobs.read(bucket, histories[row.id][0].sha256) for row in ghosts)


VERBS = ("save", "save", "save", "rename", "delete", "restore", "settle", "edit", "take_away")
PLAIN = st.builds(Act, verb=st.sampled_from(VERBS), path=st.sampled_from([0, 0, 0, 1]))
ACTS = st.recursive(
    PLAIN,
    lambda inner: st.builds(
        Act,
        verb=st.sampled_from(VERBS),
        path=st.sampled_from([0, 0, 0, 1]),
        at=st.integers(0, 9),
        is_after=st.booleans(),
        meanwhile=st.none() | st.lists(inner, max_size=4).map(tuple),
    ),
    max_leaves=10,
)


def worlds() -> Iterator[World]:
    with TemporaryDirectory() as folder:
        context = builders.context(Path(folder))
        try:
            yield World(context=context, workspace=builders.workspace(context))
        finally:
            context.database.close()


def run(acts: list[Act]) -> None:
    for world in worlds():
        for act in acts:
            world.do(act)
            world.check()


@pytest.mark.feature("F7", "F8")
@settings(max_examples=12)
@given(st.lists(ACTS, max_size=5))
def test_whatever_comes_between_nothing_acknowledged_is_lost(acts: list[Act]) -> None:
    run(acts)


@pytest.mark.full
@settings(max_examples=3000)
@given(st.lists(ACTS, max_size=7))
def test_whatever_comes_between_nothing_acknowledged_is_lost_in_many_tries(acts: list[Act]) -> None:
    run(acts)


SAVE = Act(verb="save")


@pytest.mark.parametrize("at", range(9))
@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize(
    "meanwhile",
    [
        None,
        (SAVE, SAVE),
        (Act(verb="edit"),),
        (Act(verb="settle"), SAVE, Act(verb="delete")),
        (Act(verb="settle"), Act(verb="rename"), Act(verb="save")),
        (Act(verb="take_away"),),
    ],
    ids=["killed", "saved", "edited", "deleted", "renamed", "taken away"],
)
@pytest.mark.full
def test_a_save_that_stands_still_at_any_step(at: int, is_after: bool, meanwhile: tuple[Act, ...] | None) -> None:
    run([SAVE, Act(verb="save", at=at, is_after=is_after, meanwhile=meanwhile), SAVE])
    run([Act(verb="save", at=at, is_after=is_after, meanwhile=meanwhile), SAVE])
