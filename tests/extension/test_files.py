"""Texts that are synced side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from terraspawner_environment.files import Staged, stage, sync_all


@pytest.fixture
def texts(tmp_path: Path) -> list[Staged]:
    return [stage(tmp_path / name, name.encode(), is_synced=False) for name in ("a", "b", "c")]


def test_they_are_synced_also_where_no_thread_can_be_started(texts: list[Staged]) -> None:
    with ThreadPoolExecutor(1) as ended:
        pass
    with pytest.raises(RuntimeError):
        ended.submit(print)
    sync_all(*texts, threads=ended)
    for text in texts:
        text.commit()
    assert [text.target.read_text() for text in texts] == ["a", "b", "c"]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_that_cannot_be_synced_is_told_of(texts: list[Staged], which: int) -> None:
    texts[which].discard()
    with pytest.raises(FileNotFoundError):
        sync_all(*texts)
