"""What cells put out while no browser shows their notebook: a real server, a real kernel, tabs that come and go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyter_server")

from extension.conftest import until
from extension.pages import Lab, cell, notebook
from extension.servers import JupyterServer
from extension.services import WORKSPACE, WorkspaceThatAnswers

pytestmark = [pytest.mark.slow, pytest.mark.feature("F14")]
EDIT = f"{WORKSPACE}/edit/a.ipynb"
PLAYGROUND = f"{WORKSPACE}/playground/a.ipynb"

WAITS = "import os, time\nwhile not os.path.exists({gate!r}): time.sleep(0.01)\n"


class Site:
    """A workspace, its environment's server, and gates at which cells wait until a test opens them."""

    def __init__(self, server: JupyterServer, service: WorkspaceThatAnswers, lab: Lab) -> None:
        self.server, self.service, self.lab = server, service, lab

    def gate(self, name: str) -> Path:
        return self.server.home / f"gate-{name}"

    def waits(self, name: str) -> str:
        return WAITS.format(gate=str(self.gate(name)))

    def open(self, name: str) -> None:
        self.gate(name).touch()

    def on_disk(self, path: str) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in json.loads((self.server.home / path).read_bytes())["cells"]}


@pytest.fixture
async def site(servers: Any) -> AsyncIterator[Site]:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        async with Lab(server) as lab:
            yield Site(server, service, lab)


def text_of(shown: dict[str, Any]) -> str:
    return "".join("".join(each["text"]) for each in shown["outputs"] if each["output_type"] == "stream")


def numbers(start: int, end: int) -> str:
    return "".join(f"{number}\n" for number in range(start, end))


def is_failed(shown: dict[str, Any]) -> bool:
    return any(each["output_type"] == "error" for each in shown["outputs"])


@pytest.mark.parametrize("path", [EDIT, pytest.param(PLAYGROUND, marks=pytest.mark.full)])
async def test_a_page_that_is_opened_again_has_all_output_in_order_and_once(site: Site, path: str) -> None:
    loop = f"for i in range(100): print(i, flush=True)\n{site.waits('go')}for i in range(100, 200): print(i)"
    await site.lab.save(path, notebook(cell("one", loop)))
    tab = await site.lab.page(path)
    await tab.run("one", loop)
    await tab.close()
    site.open("go")
    shown = (await site.lab.opened_when(path, lambda cells: "199\n" in text_of(cells["one"])))["one"]
    assert (text_of(shown), shown["execution_count"]) == (numbers(0, 200), 1)
    assert [each["output_type"] for each in shown["outputs"]] == ["stream"]
    assert text_of(site.on_disk(path)["one"]) == numbers(0, 200)
    if path == EDIT:
        await until(lambda: b"199" in site.service.notebooks["a.ipynb"])
    else:
        assert site.service.notebooks == {}


async def test_a_page_that_is_loaded_anew_in_the_middle_sees_the_rest_come(site: Site) -> None:
    loop = f"print('before', flush=True)\n{site.waits('go')}print('after')"
    await site.lab.save(EDIT, notebook(cell("one", loop), cell("two", "6 * 7")))
    old = await site.lab.page(EDIT)
    first = await old.run("one", loop)
    await old.run("two", "6 * 7")
    await old.hear(first, kind="stream")
    await old.close()
    assert text_of((await site.lab.opened(EDIT))["one"]) == "before\n"
    new = await site.lab.page(EDIT)
    answer = await new.follow()
    states = {run["cell"]: run["state"] for run in answer["runs"]}
    assert (states, answer["is_over"]) == ({"one": "running", "two": "queued"}, False)
    file = site.on_disk(EDIT)
    site.open("go")
    shown = await new.follow_to_the_end()
    assert text_of(shown["one"]) == "before\nafter\n"
    assert shown["two"]["outputs"][0]["data"] == {"text/plain": "42"}
    assert [run["state"] for run in shown.values()] == ["done", "done"]
    assert site.on_disk(EDIT) == file  # the tab that shows it saves it
    await new.close()
    shown = await site.lab.opened(EDIT)  # it was closed before it saved
    assert (text_of(shown["one"]), shown["two"]["execution_count"]) == ("before\nafter\n", 2)


@pytest.mark.full
async def test_a_tab_whose_line_broke_gets_the_rest_itself_and_its_file_is_left_alone(site: Site) -> None:
    loop = f"print('before', flush=True)\n{site.waits('go')}print('after')"
    await site.lab.save(EDIT, notebook(cell("one", loop)))
    tab = await site.lab.page(EDIT)
    message = await tab.run("one", loop)
    await tab.hear(message, kind="stream")
    file = site.on_disk(EDIT)
    tab.drop()
    await site.lab.left(tab.kernel)
    site.open("go")
    other = await site.lab.page(PLAYGROUND)  # a while goes by, measured by another kernel
    await other.hear(await other.run("any", "1"))
    assert site.on_disk(EDIT) == file
    back = await site.lab.page(EDIT, session=tab.session)
    assert (await back.hear(message, kind="stream"))["text"] == "after\n"
    assert await back.follow() | {"seen": 0} == {"seen": 0, "is_over": True, "runs": []}
    assert site.on_disk(EDIT) == file


@pytest.mark.full
async def test_cells_that_wait_run_and_one_that_fails_ends_the_row(site: Site) -> None:
    codes = {"a": site.waits("go") + "print('a')", "b": "1 / 0", "c": "print('never')"}
    await site.lab.save(EDIT, notebook(*(cell(name, code) for name, code in codes.items())))
    tab = await site.lab.page(EDIT)
    for name, code in codes.items():
        await tab.run(name, code)
    await tab.close()
    site.open("go")
    shown = await site.lab.opened_when(EDIT, lambda cells: is_failed(cells["b"]))
    assert text_of(shown["a"]) == "a\n"
    assert [(each["output_type"], each["ename"]) for each in shown["b"]["outputs"]] == [("error", "ZeroDivisionError")]
    assert (shown["c"]["outputs"], shown["c"]["execution_count"]) == ([], None)


@pytest.mark.full
async def test_displays_are_updated_and_outputs_cleared_as_lab_does(site: Site) -> None:
    codes = {
        "shown": "from IPython.display import clear_output, display\nhandle = display('first', display_id=True)",
        "bar": site.waits("go") + "for i in range(3): print(f'\\r{i} %', end='', flush=True)\nhandle.update('second')",
        "cleared": "print('x')\nclear_output(wait=True)\nprint('y')\nclear_output(wait=True)",
    }
    await site.lab.save(EDIT, notebook(*(cell(name, code) for name, code in codes.items())))
    tab = await site.lab.page(EDIT)
    for name, code in codes.items():
        await tab.run(name, code)
    await tab.close()
    site.open("go")
    shown = await site.lab.opened_when(EDIT, lambda cells: text_of(cells["cleared"]) == "y\n")
    assert [each["data"]["text/plain"] for each in shown["shown"]["outputs"]] == ["'second'"]
    assert text_of(shown["bar"]) == "2 %"
    assert text_of(shown["cleared"]) == "y\n"


@pytest.mark.full
async def test_too_much_output_is_cut_and_the_cell_says_so(site: Site) -> None:
    loop = site.waits("go") + "for i in range(200): print('x' * 99_999)\nprint('the end')\nraise ValueError('told')"
    await site.lab.save(EDIT, notebook(cell("one", loop)))
    tab = await site.lab.page(EDIT)
    await tab.run("one", loop)
    await tab.close()
    site.open("go")
    cells = await site.lab.opened_when(EDIT, lambda cells: is_failed(cells["one"]))
    first, said, error = cells["one"]["outputs"]
    assert len("".join(first["text"])) == 10_000_000
    assert "more than 10,000,000 characters" in "".join(said["text"])
    assert error["evalue"] == "told"


@pytest.mark.full
async def test_a_kernel_that_is_killed_leaves_what_it_had_put_out(site: Site) -> None:
    code = f"print('before', flush=True)\n{site.waits('go')}os.kill(os.getpid(), 9)"
    await site.lab.save(EDIT, notebook(cell("one", code)))
    tab = await site.lab.page(EDIT)
    message = await tab.run("one", code)
    await tab.hear(message, kind="stream")
    await tab.close()
    site.open("go")
    await site.lab.opened_when(EDIT, lambda cells: "ended before" in text_of(cells["one"]))
    assert text_of(site.on_disk(EDIT)["one"]).startswith("before\n[The kernel")


@pytest.mark.full
async def test_two_notebooks_at_once_are_kept_apart(site: Site) -> None:
    paths = {name: f"{WORKSPACE}/edit/{name}.ipynb" for name in ("a", "b")}
    tabs = {}
    for name, path in paths.items():
        code = f"{site.waits('go')}for i in range(50): print({name!r}, i)"
        await site.lab.save(path, notebook(cell("same", code)))
        tabs[name] = await site.lab.page(path)
        await tabs[name].run("same", code)
        await tabs[name].close()
    site.open("go")
    for name, path in paths.items():
        cells = await site.lab.opened_when(path, lambda cells: " 49\n" in text_of(cells["same"]))
        assert text_of(cells["same"]) == "".join(f"{name} {i}\n" for i in range(50))


@pytest.mark.full
async def test_a_server_that_ends_writes_what_nobody_saw(site: Site) -> None:
    code = f"print('before', flush=True)\n{site.waits('never')}"
    await site.lab.save(EDIT, notebook(cell("one", code)))
    tab = await site.lab.page(EDIT)
    await tab.hear(await tab.run("one", code), kind="stream")
    tab.drop()
    await site.lab.left(tab.kernel)
    await site.server.terminate()
    assert text_of(site.on_disk(EDIT)["one"]) == "before\n"
    assert b"before" in site.service.notebooks["a.ipynb"]


@pytest.mark.full
async def test_the_file_gets_it_by_itself_when_nobody_comes_back(site: Site) -> None:
    code = site.waits("go") + "print('done')"
    await site.lab.save(EDIT, notebook(cell("one", code)))
    tab = await site.lab.page(EDIT)
    await tab.run("one", code)
    await tab.close()
    site.open("go")
    await until(lambda: b"done\\n" in site.service.notebooks["a.ipynb"], seconds=40)
    assert text_of(site.on_disk(EDIT)["one"]) == "done\n"
