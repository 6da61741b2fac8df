"""What killed saves left is carried out, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import builders
from saving_process import text_of
from terraspawner.operations import notebooks, settling
from terraspawner.operations.context import Context
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import Bucket, find
from terraspawner.storage.errors import BucketUnavailable

pytestmark = pytest.mark.feature("F7")


class Killed(BaseException):
    """The process ended here."""


class BucketThatFails:
    """As soon as a notebook is put there."""

    def __init__(self, bucket: Bucket, why: BaseException) -> None:
        self._bucket, self._why = bucket, why

    def __getattr__(self, verb: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._bucket, verb)
        return found

    def write(self, key: str, *words: object) -> object:
        if key.startswith("notebooks/"):
            raise self._why
        return self._bucket.write(key, *words)  # type: ignore[arg-type]


@pytest.mark.parametrize("why", [BucketUnavailable(), KeyError("of nobody's making")])
@pytest.mark.parametrize("broken", ["alpha", "beta"])
def test_one_that_cannot_be_carried_out_keeps_no_other_waiting(context: Context, broken: str, why: Exception) -> None:
    ids = {name: builders.workspace(context, name=name).id for name in ("alpha", "beta")}

    def failing(which: set[str], error: BaseException) -> Context:
        def bucket(workspace_id: str) -> Bucket:
            found = context.bucket(workspace_id)
            return BucketThatFails(found, error) if workspace_id in which else found  # type: ignore[return-value]

        return replace(context, bucket=bucket)

    for name in ids:
        place = Place(user="ana", namespace="ana", name=name, path="a.ipynb")
        with pytest.raises(Killed):
            notebooks.save_notebook(failing(set(ids.values()), Killed()), place, text_of("one"), None)
    assert settling.settle_all(failing({ids[broken]}, why)) == 1
    there = [name for name, each in ids.items() if find(context.bucket(each), "notebooks/a.ipynb")]
    assert there == [name for name in ids if name != broken]
    assert settling.settle_all(context) == 0
