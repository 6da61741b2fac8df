"""Calls: who edits a notebook hears at once that somebody asks for it."""

from __future__ import annotations

import asyncio

import pytest

from terraspawner.domain.access import Role
from terraspawner.operations import members
from terraspawner.web.calls import MOST_WAITING, Calls
from tests.web.sites import Site

ASKED = "environments/self/calls"
LONG = 50.0


@pytest.mark.feature("F11")
async def test_the_environment_in_which_it_is_edited_is_called_and_no_other(site: Site) -> None:
    at = site.workspace()
    members.put_member(
        site.context, actor="ana", namespace="ana", name="alpha", who="ben", role=Role.WRITER, may_compute=False
    )
    holder = site.running(at)
    path = "workspaces/ana/alpha/notebooks/a.ipynb"
    body = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    async with site.environment(holder.key) as inside, site.person("ben") as ben, site.person() as ana:
        assert (await ana.put(path, json=body, headers={"If-None-Match": "*"})).status_code == 201
        assert (await inside.post(f"{path}/lease", json={"session": "tab-1"})).status_code == 200
        waiting = asyncio.create_task(inside.get(ASKED, params={"seconds": LONG}))
        other = asyncio.create_task(site.parts.calls.wait("another", seen=0, seconds=LONG))
        assert (await ben.post(f"{path}/lease/request")).status_code == 200
        assert (await waiting).json() == {"seen": 1}
        assert (await inside.get(ASKED, params={"seen": 1})).json() == {"seen": 1}
        assert not other.done()
        assert (await inside.get(ASKED, params={"seconds": LONG + 11})).status_code == 400
        assert (await ana.get(ASKED)).status_code in (401, 403)
        site.parts.closing.set()  # the process ends: whoever waits is answered
        assert await other == 0


async def test_an_environment_keeps_few_questions_open() -> None:
    calls = Calls(asyncio.Event())
    waiting = [asyncio.create_task(calls.wait("one", seen=0, seconds=LONG)) for _ in range(MOST_WAITING + 1)]
    done, open_ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert (done, len(open_)) == ({waiting[0]}, MOST_WAITING)
    calls.tell("one")
    assert [await each for each in waiting] == [0] + [1] * MOST_WAITING
