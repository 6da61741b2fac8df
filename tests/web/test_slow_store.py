"""A store whose answers come late: whoever needs it waits, nobody else does, and all that was saved is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import builders
from saving_process import text_of
from stores import servers
from stores.late import AnswersThatComeLate, late
from terraspawner.errors import Unavailable
from terraspawner.operations import leases, notebooks, workspaces
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.storage import create_bucket, open_bucket
from terraspawner.web.deeds import Deeds
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.feature("H1")]

SEVERAL = 20
"""Far more than the service has threads."""


@pytest.fixture
def server() -> Iterator[servers.Server]:
    with servers.s3() as made:
        yield made


@pytest.fixture
def between(server: servers.Server) -> Iterator[AnswersThatComeLate]:
    with late(server.endpoint) as made:
        yield made


@pytest.fixture
def there(tmp_path: Path, server: servers.Server, between: AnswersThatComeLate) -> Iterator[Context]:
    """Buckets in that store; one request may take a minute."""
    made, url = builders.context(tmp_path), f"{server.fresh()}/x"
    options = server.options(seconds=60, endpoint=between.endpoint)
    yield replace(
        made,
        bucket=lambda workspace_id: open_bucket(url, workspace_id, options),
        make_bucket=lambda workspace_id: create_bucket(url, workspace_id, options),
    )
    made.database.close()


def place(number: int) -> Place:
    return Place(user="ana", namespace="ana", name=f"alpha-{number}", path="first.ipynb")


async def waited_for(between: AnswersThatComeLate, answers: int) -> None:
    await asyncio.to_thread(until, lambda: between.waiting >= answers, f"{answers} answers are waited for")


async def test_who_needs_no_bucket_does_not_wait_for_the_store_and_every_save_is_made(
    there: Context, between: AnswersThatComeLate
) -> None:
    for number in range(SEVERAL):
        builders.workspace(there, name=f"alpha-{number}")
    deeds = Deeds(there, patience=60)
    with between.held():
        doings = [
            asyncio.ensure_future(deeds(notebooks.save_notebook, place(number), text_of(f"{number}"), None))
            for number in range(SEVERAL)
        ]
        doings += [
            asyncio.ensure_future(deeds(leases.reserve, place(number), timedelta(minutes=1)))
            for number in range(SEVERAL)
        ]
        await waited_for(between, 8)
        found = await deeds(workspaces.list_workspaces, "ana")
        assert len(found) == SEVERAL
        assert await deeds(leases.look_at_all, user="ana", namespace="ana", name="alpha-1") == {}
        assert not any(each.done() for each in doings)
    done = await asyncio.gather(*doings, return_exceptions=True)
    assert all(isinstance(each, NotebookInfo) for each in done[:SEVERAL])
    for number in range(SEVERAL):
        assert notebooks.read_notebook(there, place(number))[0] == text_of(f"{number}")
    deeds.close()


async def test_a_save_that_was_given_up_on_is_made_once_and_found_when_it_is_repeated(
    there: Context, between: AnswersThatComeLate
) -> None:
    builders.workspace(there, name="alpha-1")
    deeds = Deeds(there, patience=1)
    with between.held(), pytest.raises(Unavailable, match="may still be carried out"):
        await deeds(notebooks.save_notebook, place(1), text_of("one"), None, save_id="a" * 16)
    patient = Deeds(there)
    await patient(notebooks.save_notebook, place(1), text_of("one"), None, save_id="a" * 16)
    assert notebooks.read_notebook(there, place(1))[0] == text_of("one")
    for each in (deeds, patient):
        each.close()
