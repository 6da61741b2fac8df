"""Leases of an environment at the real service: its clock, its rules, its refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

pytest.importorskip("jupyter_server")

from tornado.web import HTTPError

from extension.conftest import MakeEnvironment, lab, read, save, sent, state_of, until
from extension.services import notebook_bytes, notebook_model
from extension.tabs import Tab
from extension.workspaces import AT, WorkspaceAsItIs, workspace_as_it_is
from terraspawner.domain.access import Role
from terraspawner.operations import members
from terraspawner.storage.errors import BucketUnavailable

pytestmark = pytest.mark.slow
A = "a.ipynb"
LEASE = f"{AT}/{A}/lease"


@pytest_asyncio.fixture
async def real(tmp_path: Path) -> AsyncIterator[WorkspaceAsItIs]:
    async with workspace_as_it_is(tmp_path) as workspace:
        await workspace.put(A, notebook_bytes("1"), by="ana")
        yield workspace


class BucketThatIsGone:
    """Its store does not answer. `asked` are the keys that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def fail(*words: object) -> object:
            self.asked.extend(words[:1])
            raise BucketUnavailable

        return fail


async def told(real: WorkspaceAsItIs, by: str = "ben") -> dict[str, object]:
    async with real.person(by) as person:
        lease: dict[str, object] = (await person.get(LEASE)).json()
        return lease


@pytest.mark.feature("F2", "F3")
async def test_a_tab_holds_it_saves_by_it_and_lets_go(environment_of: MakeEnvironment, real: WorkspaceAsItIs) -> None:
    tab = Tab(await environment_of(real).start())
    assert (await tab.open())["state"] == "held"
    await read(tab.manager, A)
    async with real.person("ben") as ben:
        refused = await ben.post(LEASE, json={"session": "bens"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (423, "lease-held")
        assert (await ben.post(f"{LEASE}/request")).status_code == 200
    tab.asks_again()
    await until(lambda: tab.heard[-1]["asked_by"] == ["ben"])
    await tab.save("2")
    await sent(tab.manager)
    assert await real.read(A) == notebook_bytes("2")
    tab.close()
    await until(lambda: tab.there.leases.present(A) is None)
    assert (await told(real))["state"] == "free"


@pytest.mark.feature("F3")
async def test_what_another_person_holds_is_refused_before_the_disk_and_a_forged_fence_at_the_store(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    async with real.person("ben") as ben:
        assert (await ben.post(LEASE, json={"session": "bens"})).status_code == 200
    tab = Tab(await environment.start())
    assert (await tab.open())["holder"] == {"user": "ben", "where": "person"}
    await read(tab.manager, A)
    for session in (None, "tab-a"):
        with pytest.raises(HTTPError, match="ben is editing") as trouble:
            await tab.manager.save(notebook_model("2") | {"terra_session": session}, lab(A))
        assert trouble.value.status_code == 423
    assert environment.file(A).read_bytes() == await real.read(A) == notebook_bytes("1")


@pytest.mark.feature("F2")
async def test_who_may_not_write_any_more_has_lost_it_and_keeps_the_text(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    tab = Tab(await environment_of(real).start())
    await tab.open()
    await read(tab.manager, A)
    share = {"actor": "ana", "namespace": "ana", "name": "study"}
    members.put_member(real.site.context, **share, who="ben", role=Role.OWNER)
    members.put_member(real.site.context, **share | {"actor": "ben"}, who="ana", role=Role.READER, may_compute=True)
    tab.asks_again()
    assert "reader" in (await tab.hears("lost"))["reason"]
    with pytest.raises(HTTPError, match="kept as"):
        await tab.save("2")


@pytest.mark.feature("F3")
async def test_a_program_that_names_no_session_saves_by_a_lease_too(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    manager = await environment_of(real).start()
    await read(manager, A)
    await save(manager, A, "2")
    await sent(manager)
    assert await real.read(A) == notebook_bytes("2")
    assert manager.workspace is not None
    leases = manager.workspace.leases
    await until(lambda: leases.present(A) is None)
    assert (await told(real))["state"] == "free"


@pytest.mark.feature("F7")
async def test_while_the_store_is_gone_work_goes_on_and_arrives_in_its_order(
    environment_of: MakeEnvironment, real: WorkspaceAsItIs
) -> None:
    environment = environment_of(real)
    tab = Tab(await environment.start())
    await tab.open()
    await read(tab.manager, A)
    buckets = real.site.context.bucket.made  # type: ignore[attr-defined]
    there = dict(buckets)
    gone = BucketThatIsGone()
    buckets.update(dict.fromkeys(there, gone))
    for text in ("2", "3"):
        await tab.save(text)
    await tab.save("b", "b.ipynb")
    await until(lambda: state_of(tab.manager, A).state == "waiting", seconds=30)
    assert state_of(tab.manager, A).reason
    again = Tab(await environment.restart(tab.manager))
    await again.save("4")
    # what the server found at its start may be under way still: it fails, and "4" after it
    before = len(gone.asked)
    await until(lambda: gone.asked[before:].count(f"notebooks/{A}") >= 2, seconds=60)
    await until(lambda: state_of(again.manager, A).state == "waiting", seconds=30)
    buckets.update(there)
    await sent(again.manager, seconds=30)
    assert [await real.read(path) for path in (A, "b.ipynb")] == [notebook_bytes("4"), notebook_bytes("b")]
    assert await real.kinds(A) == ["saved", "created"]
    assert environment.notebooks == [A, "b.ipynb"]
