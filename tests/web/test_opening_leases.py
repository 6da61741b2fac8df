"""A notebook that somebody opens is kept for the tab that comes, and an environment saves by a lease alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from terraspawner.domain import notebook
from terraspawner.domain.access import Role
from terraspawner.operations import members
from tests.web.sites import opened

AT = "workspaces/ana/alpha/notebooks"
LEASE = f"{AT}/a.ipynb/lease"
BODY = notebook.empty("python3")
CREATE = {"If-None-Match": "*"}


@pytest.mark.slow
@pytest.mark.feature("E5")
async def test_what_is_opened_is_kept_for_its_tab_and_free_again_where_the_start_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        at = site.workspace()
        members.put_member(site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER)
        key = site.running(at).key
        async with site.person("ana") as ana, site.person("ben") as ben, site.environment(str(key)) as anas:
            for name, kernel in (("a", "python3"), ("in r", "ir")):
                await ana.put(f"{AT}/{name}.ipynb", content=notebook.empty(kernel), headers=CREATE)
            told = (await ana.post(f"{AT}/a.ipynb/open", json={})).json()["lease"]
            assert (told["state"], told["reserved_for"], told["fence"]) == ("reserved", "ana", None)
            assert told["seconds_left"] == site.context.settings.start_timeout
            kept = await ben.post(LEASE, json={"session": "bens"})
            assert (kept.status_code, kept.json()["error"]["details"]["reserved_for"]) == (423, "ana")
            assert (await anas.post(LEASE, json={"session": "tab-a"})).json()["state"] == "held"
            refused = await ana.post(f"{AT}/in r.ipynb/open", json={})
            assert refused.json()["error"]["code"] == "other-image"
            assert (await ben.post(f"{AT}/in r.ipynb/lease", json={"session": "bens"})).status_code == 200
            copied = await ana.post(f"{AT}/in r.ipynb/open", json={"mode": "playground"})
            assert copied.status_code == 409  # for its kernel, not for ben
            assert (await ana.post(f"{AT}/in r.ipynb/open", json={})).status_code in (409, 423)


@pytest.mark.slow
@pytest.mark.feature("F3")
async def test_an_environment_saves_by_a_lease_and_a_persons_program_where_nobody_edits(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        at = site.workspace()
        key = site.running(at).key
        async with site.person("ana") as ana, site.environment(str(key)) as anas:
            made = await anas.put(f"{AT}/a.ipynb", content=BODY, headers=CREATE)
            assert made.status_code == 201
            based = {"If-Match": made.headers["etag"]}
            bare = await anas.put(f"{AT}/a.ipynb", content=notebook.empty("ir"), headers=based)
            assert (bare.status_code, bare.json()["error"]["code"]) == (409, "lease-needed")
            saved = await ana.put(f"{AT}/a.ipynb", content=notebook.empty("ir"), headers=based)
            assert saved.status_code == 200
            fence = (await anas.post(LEASE, json={"session": "tab-a"})).json()["fence"]
            held = await ana.put(f"{AT}/a.ipynb", content=BODY, headers={"If-Match": saved.headers["etag"]})
            assert (held.status_code, held.json()["error"]["code"]) == (423, "lease-held")
            by = {"Lease-Session": "tab-a", "Lease-Fence": str(fence), "If-Match": saved.headers["etag"]}
            assert (await anas.put(f"{AT}/a.ipynb", content=BODY, headers=by)).status_code == 200
