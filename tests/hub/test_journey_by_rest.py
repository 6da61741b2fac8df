"""The whole journey of one researcher through REST with a token, on the real parts."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import aiohttp
import pytest

from deployment import Person, Workspace, unique, until

pytestmark = pytest.mark.docker

INSTALL = "pip install --no-index ~/terra_sample-1.0-py3-none-any.whl"
MAKE_WHEEL = """
set -e
info=terra_sample-1.0.dist-info
mkdir -p /tmp/sample/terra_sample /tmp/sample/$info && cd /tmp/sample
echo 'WORD = "kept"' > terra_sample/__init__.py
printf 'Metadata-Version: 2.1\\nName: terra-sample\\nVersion: 1.0\\n' > $info/METADATA
printf 'Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n' > $info/WHEEL
for name in terra_sample/__init__.py $info/METADATA $info/WHEEL $info/RECORD; do echo "$name,,"; done > $info/RECORD
python -m zipfile -c ~/terra_sample-1.0-py3-none-any.whl terra_sample $info
"""
"""A wheel without a registry, made in the environment: runs where no network is."""
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()"


async def run_cell(
    workspace: Workspace, code: str, notebook: str = "", kernel_name: str = "python3"
) -> list[dict[str, Any]]:
    """Run `code` in a new kernel (that of `notebook`, if named) through the proxy, as a client of Jupyter does.

    Returns the messages up to the reply and the last output, or up to the kernel's restart where it dies.
    """
    owner = workspace.owner
    api = f"{owner.deployment.url}{workspace.server_url}api"
    base = f"{api}/kernels"
    headers = {"Authorization": f"token {owner.token}"}
    messages: list[dict[str, Any]] = []
    async with aiohttp.ClientSession(headers=headers) as session:
        wanted = {"path": f"{workspace.name}/edit/{notebook}", "type": "notebook", "name": notebook}
        async with (
            session.post(f"{api}/sessions", json={**wanted, "kernel": {"name": kernel_name}})
            if notebook
            else session.post(base, json={"name": kernel_name})
        ) as answer:
            made = await answer.json()
            kernel = made["kernel"]["id"] if notebook else made["id"]
        async with session.ws_connect(f"{base}/{kernel}/channels") as channel:
            request = {
                "header": {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3",
                           "username": owner.name, "session": uuid.uuid4().hex},
                "parent_header": {},
                "metadata": {},
                "content": {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                            "allow_stdin": False, "stop_on_error": True},
                "channel": "shell",
            }  # fmt: skip
            await channel.send_json(request)
            async with asyncio.timeout(120):
                # the reply and the outputs travel on channels of their own: either may come last
                awaited = {"execute_reply", "idle"}
                async for message in channel:
                    got = json.loads(message.data)
                    messages.append(got)
                    state = got["content"].get("execution_state", "")
                    if got["parent_header"].get("msg_id") == request["header"]["msg_id"]:
                        awaited -= {got["msg_type"], state}
                    if not awaited or state in ("restarting", "dead"):
                        break
        await session.delete(f"{base}/{kernel}")
    return messages


def printed(messages: list[dict[str, Any]]) -> str:
    return "".join(item["content"].get("text", "") for item in messages if item["msg_type"] == "stream")


def run(workspace: Workspace, code: str, kernel_name: str = "python3") -> list[dict[str, Any]]:
    return asyncio.run(run_cell(workspace, code, kernel_name=kernel_name))


def contents(workspace: Workspace) -> str:
    return f"{workspace.server_url}api/contents/{workspace.name}/edit"


@pytest.mark.feature("A2", "A5", "B2", "C1", "C3", "C4", "C5", "C6", "D1", "D2", "D3", "E1", "E8", "F4")
def test_a_researcher_carries_work_through_every_state(ana: Person, workspace: Workspace) -> None:
    owner = ana.browser_session
    headers = {"Authorization": f"token {ana.token}"}
    # a notebook is in the bucket before there is an environment
    made = workspace.create_notebook("first look")
    assert made["path"] == "first look.ipynb"
    assert workspace.environment()["state"] == "none"
    document, created = workspace.notebook("first look.ipynb")

    opened = ana.api.post(f"{workspace.path}/notebooks/first look.ipynb/open", json={"mode": "edit"})
    assert opened.status_code in (200, 202), opened.text
    assert opened.json()["url"].endswith(f"/lab/tree/{workspace.name}/edit/first%20look.ipynb")
    workspace.wait_for("running")
    container = workspace.container().id

    # edit, run, save: disk, then bucket
    assert "image/png" in json.dumps(run(workspace, PLOT))
    assert owner.get(f"{contents(workspace)}/first look.ipynb", headers=headers).status_code == 200
    document["cells"][0]["source"] = "print('saved')"
    document["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["saved\n"]}]
    saved = owner.put(
        f"{contents(workspace)}/first look.ipynb",
        headers=headers,
        json={"type": "notebook", "format": "json", "content": document},
    )
    assert saved.status_code in (200, 201), saved.text
    until(lambda: workspace.notebook("first look.ipynb")[1] != created, "the save is in the bucket")
    assert workspace.notebook("first look.ipynb")[0]["cells"][0]["outputs"][0]["text"] == ["saved\n"]

    # a package on the disk, a file in the layer
    code, said = workspace.shell(MAKE_WHEEL + INSTALL)
    assert code == 0, said
    assert workspace.shell("echo layer > /tmp/layer.txt")[0] == 0

    workspace.pause()
    assert workspace.container().status == "exited"
    assert workspace.notebook("first look.ipynb")[0]["cells"][0]["source"]

    workspace.start()
    assert workspace.container().id == container
    assert workspace.shell("cat /tmp/layer.txt")[1].strip() == "layer"
    assert printed(run(workspace, "import terra_sample; print(terra_sample.WORD)")).strip() == "kept"

    # deleted with the disk kept: another container, the same disk
    workspace.delete()
    (left,) = [each for each in ana.deployment.containers(user=ana.name) if each.id == container]
    assert left.status == "exited", "it is in the trash"
    workspace.start()
    assert workspace.container().id != container
    assert printed(run(workspace, "import terra_sample; print(terra_sample.WORD)")).strip() == "kept"
    assert workspace.execute("cat", f"/home/jupyter/{workspace.name}/edit/first look.ipynb")[0] == 0
    assert workspace.execute("cat", "/tmp/layer.txt")[0] != 0

    # deleted with the disk: the package is gone, the notebook is in the bucket
    workspace.delete(disk="delete")
    assert workspace.notebook("first look.ipynb")[0]["cells"][0]["source"]
    workspace.start()
    assert "ModuleNotFoundError" in json.dumps(run(workspace, "import terra_sample"))


@pytest.mark.feature("C14", "C15", "H2")
def test_an_environment_knows_its_workspace(workspace: Workspace) -> None:
    workspace.start()
    names = ("HOME", "WORKSPACE_NAME", "WORKSPACE_NAMESPACE", "OWNER_EMAIL", "USER")
    code = f"import os; print(*[os.environ[name] for name in {names}])"
    assert printed(run(workspace, code)).split() == ["/home/jupyter", workspace.name, "ana", "ana", "jupyter"]
    write = "import os; path = os.environ['WORKSPACE_BUCKET'] + '/result.csv'; open(path, 'w').write('1,2')"
    run(workspace, write)
    assert printed(run(workspace, "print(open('/mnt/workspace/bucket/result.csv').read())")).strip() == "1,2"


@pytest.mark.feature("C2")
def test_two_workspaces_of_one_user_are_independent(ana: Person, workspace: Workspace) -> None:
    other = ana.workspace(unique("independent-other"))
    workspace.start()
    other.start()
    assert workspace.container().id != other.container().id
    assert workspace.shell("touch ~/mine && echo done")[1].strip() == "done"
    assert other.execute("ls", "/home/jupyter/mine")[0] != 0
    workspace.pause()
    assert other.environment()["state"] == "running"
    assert printed(run(other, "print('still here')")).strip() == "still here"
    other.delete(disk="delete")
    assert workspace.environment()["disk"] is not None
    workspace.start()
    assert workspace.execute("ls", "/home/jupyter/mine")[0] == 0


@pytest.mark.feature("D5", "C17")
def test_a_disk_goes_through_the_trash_or_for_good_and_only_when_nothing_uses_it(
    ana: Person, workspace: Workspace
) -> None:
    workspace.start()
    # what is closed to everybody is counted too
    workspace.shell("echo here > ~/mine; mkdir ~/big; head -c 30000000 /dev/urandom > ~/big/file; chmod 0 ~/big")
    disk = workspace.environment()["disk"]["id"]
    volume = f"{ana.deployment.name}-disk-{disk}"
    refused = ana.api.delete(f"/disks/{disk}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "disk-attached")
    workspace.delete(disk="delete")
    assert volume in ana.deployment.volumes()
    item = next(each for each in ana.api.get("/trash").json()["items"] if each["subject"] == disk)
    # back, measured though nothing runs, and into an environment with the other image
    assert ana.api.post(f"/trash/{item['id']}/restore").status_code == 200
    seen = ana.api.post(f"/disks/{disk}/measure").json()
    assert seen["folders"][0]["path"] == "big"
    assert 30_000_000 <= seen["folders"][0]["size"] <= seen["used"] < seen["size"]
    started = ana.api.post(f"{workspace.path}/environment/start", json={"disk": disk, "image": "r"})
    assert started.status_code in (200, 202), started.text
    workspace.wait_for("running")
    assert workspace.environment()["image"]["language"] == "r"
    assert workspace.shell("cat ~/mine; chmod 700 ~/big; rm -r ~/big")[1].strip() == "here"
    assert ana.api.post(f"/disks/{disk}/measure").json()["used"] < seen["used"] - 25_000_000
    workspace.delete()
    purged = ana.api.delete(f"/disks/{disk}").json()["id"]
    assert volume in ana.deployment.volumes()
    assert ana.api.delete(f"/trash/{purged}").status_code == 202
    until(lambda: volume not in ana.deployment.volumes(), "the volume is gone")
    until(lambda: disk not in ana.api.get("/disks").text, "nothing speaks of it")
