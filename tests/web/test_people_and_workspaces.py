"""REST: who I am, my projects, my workspaces."""

from __future__ import annotations

import pytest

from tests.web.sites import Site


async def test_whoami_names_the_person_and_the_personal_project(site: Site) -> None:
    async with site.person("ana") as ana:
        said = (await ana.get("whoami")).json()
    assert said == {
        "name": "ana",
        "email": "ana@example.org",
        "roles": ["user"],
        "groups": [],
        "projects": [{"namespace": "ana", "title": "", "role": "owner", "is_personal": True}],
    }


async def test_an_operator_is_told_so(site: Site) -> None:
    async with site.person("operator") as operator:
        assert (await operator.get("whoami")).json()["roles"] == ["user", "operator"]


async def test_a_workspace_is_created_listed_and_shown(site: Site) -> None:
    async with site.person() as ana:
        made = await ana.post("workspaces", json={"namespace": "ana", "name": "First", "storage": "bucket"})
        assert made.status_code == 201
        assert {name: made.json()[name] for name in ("namespace", "name", "slug", "storage", "role")} == {
            "namespace": "ana",
            "name": "First",
            "slug": "ana-first",
            "storage": "bucket",
            "role": "owner",
        }
        listed = (await ana.get("workspaces")).json()
        assert listed == {"items": [made.json()], "next": None}
        one = (await ana.get("workspaces/ana/First")).json()
        assert {name: one[name] for name in made.json()} == made.json()


@pytest.mark.parametrize(
    "name",
    ["", "x" * 51, "../x", "a/b", "tab\there", "nul\0", "party 🎉", "notebooks", ".", "-x", "con", " x", "ünder"],
)
async def test_a_bad_workspace_name_gets_one_sentence_and_creates_nothing(site: Site, name: str) -> None:
    async with site.person() as ana:
        refused = await ana.post("workspaces", json={"namespace": "ana", "name": name})
        assert refused.status_code == 422
        error = refused.json()["error"]
        assert error["code"] == "name-invalid"
        assert error["message"].endswith(".")
        assert (await ana.get("workspaces")).json()["items"] == []


async def test_names_that_differ_only_in_case_are_the_same_name(site: Site) -> None:
    site.workspace(name="Alpha")
    async with site.person() as ana:
        refused = await ana.post("workspaces", json={"namespace": "ana", "name": "aLPHA"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "name-taken")


async def test_nobody_creates_in_a_project_of_another(site: Site) -> None:
    async with site.person("ben") as ben:
        refused = await ben.post("workspaces", json={"namespace": "ana", "name": "mine-now"})
    assert refused.status_code == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"namespace": 1}', b'{"namespace":"ana","name":"x","spy":1}'])
async def test_a_malformed_body_is_400_in_our_shape(site: Site, body: bytes) -> None:
    async with site.person() as ana:
        refused = await ana.post("workspaces", content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "malformed"
    assert refused.json()["error"]["details"]["faults"]


async def test_a_json_body_of_many_megabytes_is_413(site: Site) -> None:
    async with site.person() as ana:
        refused = await ana.post("workspaces", json={"namespace": "ana", "name": "x" * 3_000_000})
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too-large")


async def test_the_workspace_of_another_is_not_there(site: Site) -> None:
    at = site.workspace("ana")
    async with site.person("ben") as ben:
        hidden = await ben.get(f"workspaces/ana/{at.name}")
        missing = await ben.get("workspaces/ana/nothing-of-this-name")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["error"]["code"] == missing.json()["error"]["code"] == "workspace-not-found"


@pytest.mark.parametrize("name", ["%2e%2e", "%00", "a%0d%0ab", "%F0%9F%8E%89", "..%2f..%2fetc"])
async def test_a_hostile_name_in_an_address_is_not_found(site: Site, name: str) -> None:
    async with site.person() as ana:
        answer = await ana.get(f"workspaces/ana/{name}")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].isprintable()
