"""The command `ws` and Lab's copy: files between the disk and the mounted bucket, and into the trash."""

from __future__ import annotations

import asyncio
import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest

pytest.importorskip("jupyter_server")

from extension.conftest import MakeEnvironment
from extension.servers import TOKEN
from extension.services import NAMESPACE, WORKSPACE, WorkspaceThatAnswers
from extension.workspaces import workspace_as_it_is
from terraspawner_environment import bucket, ws
from terraspawner_environment.bucket import NotCopied
from terraspawner_environment.commands import CommandSocket

pytestmark = pytest.mark.feature("H6")
FILES = f"workspaces/{NAMESPACE}/{WORKSPACE}/files"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bucket"
    folder.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("WORKSPACE_BUCKET", str(folder))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    Path("a.csv").write_bytes(b"one")
    return folder


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_a_file_goes_into_the_bucket_and_comes_back(mounted: Path) -> None:
    assert ws.main(["cp", "a.csv", "ws:tables/"]) == 0
    assert ws.main(["cp", "a.csv", "ws:"]) == 0
    assert ws.main(["cp", "a.csv", "ws:tables"]) == 0  # a folder by now
    assert ws.main(["cp", "a.csv", "ws:deep/er/b.csv"]) == 0
    assert below(mounted) == ["a.csv", "deep/er/b.csv", "tables/a.csv"]
    assert ws.main(["cp", "ws:deep/er/b.csv", "."]) == 0
    assert ws.main(["cp", "ws:deep/er/b.csv", "c.csv"]) == 0
    assert (Path("b.csv").read_bytes(), Path("c.csv").read_bytes()) == (b"one", b"one")


def test_the_service_may_delete_in_folders_that_a_copy_made(mounted: Path) -> None:
    ws.main(["cp", "a.csv", "ws:deep/er/"])
    for folder in ("deep", "deep/er"):
        assert (mounted / folder).stat().st_mode & 0o777 == 0o775


def test_folders_are_copied_with_all_that_is_in_them(mounted: Path) -> None:
    for name in ("figures/1.png", "figures/deep/2.png", "figures/n.ipynb"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode())
    assert ws.main(["cp", "-r", "figures", "ws:2026"]) == 1  # the notebook is left out, and said
    assert below(mounted) == ["2026/figures/1.png", "2026/figures/deep/2.png"]
    assert ws.main(["cp", "-r", "ws:2026", "back"]) == 0
    assert below(Path("back")) == ["2026/figures/1.png", "2026/figures/deep/2.png"]


def test_nothing_is_replaced_where_that_is_not_wanted(mounted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mounted / "a.csv").write_bytes(b"theirs")
    assert ws.main(["cp", "-n", "a.csv", "ws:"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (mounted / "a.csv").read_bytes() == b"theirs"
    assert ws.main(["cp", "a.csv", "ws:"]) == 0
    assert (mounted / "a.csv").read_bytes() == b"one"


def test_of_two_that_replace_nothing_one_is_told_that_it_is_there(mounted: Path) -> None:
    """The other one comes between look and write: while this one reads."""
    source = Path("pipe")
    os.mkfifo(source)
    with ThreadPoolExecutor(1) as beside:
        late = beside.submit(bucket.copy, source, mounted / "a.csv", may_replace=False)
        with source.open("wb") as feeding:
            bucket.copy(Path("a.csv"), mounted / "a.csv", may_replace=False)
            feeding.write(b"late")
        with pytest.raises(NotCopied, match="is there already"):
            late.result()
    assert (mounted / "a.csv").read_bytes() == b"one"
    assert below(mounted) == ["a.csv"]


def test_where_a_file_has_one_name_alone_nothing_is_replaced_either(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a mounted object store."""

    def link(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    bucket.copy(Path("a.csv"), mounted / "b.csv", may_replace=False)
    assert (mounted / "b.csv").read_bytes() == b"one"
    (mounted / "a.csv").symlink_to("nowhere")  # what `exists` does not see
    with pytest.raises(NotCopied, match="is there already"):
        bucket.copy(Path("a.csv"), mounted / "a.csv", may_replace=False)
    assert below(mounted) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("arguments", [["n.ipynb", "ws:"], ["a.csv", "ws:N.IPYNB"]])
def test_a_notebook_is_not_copied_and_it_is_said_why(
    mounted: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    Path("n.ipynb").write_bytes(b"{}")
    assert ws.main(["cp", *arguments]) == 1
    assert "edit folder" in capsys.readouterr().err
    assert below(mounted) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["cp", "none", "ws:"],
        ["cp", "a.csv", "b.csv"],
        ["cp", "a.csv"],
        ["cp", ".", "ws:"],
        ["cp", "a.csv", "ws:../out"],
        ["cp", "ws:../home/a.csv", "x"],
        ["cp", "ws:none", "."],
        ["ls", "ws:none"],
        ["ls", "a.csv"],
        ["rm", "ws:none"],
        ["rm", "a.csv"],
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    mounted: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert ws.main(arguments) == 1
    assert capsys.readouterr().err.startswith("ws: ")
    assert (below(mounted), below(Path())) == ([], ["a.csv"])


def test_a_link_of_somebody_elses_leads_no_copy_to_a_place_of_mine(mounted: Path) -> None:
    (mounted / "folder").symlink_to(Path.cwd())
    (mounted / "link").symlink_to(Path.cwd() / "a.csv")
    Path("evil").write_bytes(b"evil")
    assert ws.main(["cp", "evil", "ws:folder/a.csv"]) == 1
    assert ws.main(["cp", "evil", "ws:link"]) == 0  # the link itself is replaced
    assert Path("a.csv").read_bytes() == b"one"
    assert (mounted / "link").read_bytes() == b"evil"
    assert ws.main(["cp", "-r", "ws:folder", "copied"]) in (0, 1)
    assert not Path("copied/folder/a.csv").exists()


def test_a_copy_that_fails_leaves_nothing(mounted: Path) -> None:
    with pytest.raises(NotCopied):
        bucket.copy_in(Path("a.csv"), mounted, "x" * 300, may_replace=True)
    assert below(mounted) == []


def test_what_is_there_is_listed(mounted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ws.main(["cp", "a.csv", "ws:t/"])
    ws.main(["cp", "a.csv", "ws:"])
    assert ws.main(["ls"]) == 0
    assert capsys.readouterr().out == "a.csv\nt/\n"
    ws.main(["ls", "-l", "ws:t"])
    assert capsys.readouterr().out.split()[0] == "3"


def test_a_name_of_somebody_elses_says_nothing_to_the_terminal(
    mounted: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name in (b"\x1b]0;x\x07", b"a\nb", b"\xff", "\u202ecod.exe".encode()):
        Path(os.fsdecode(os.fsencode(mounted) + b"/" + name)).touch()
    assert ws.main(["ls"]) == 0
    shown = capsysbinary.readouterr().out.decode()
    assert len(shown.splitlines()) == 4
    assert all(line.isprintable() for line in shown.splitlines())
    assert ws.main(["cp", "ws:\x1b[2J", "."]) == 1
    assert ws.main(["rm", f"ws:{os.fsdecode(bytes([0xFF]))}"]) == 1
    assert b"\x1b" not in capsysbinary.readouterr().err


def test_without_a_bucket_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("WORKSPACE_BUCKET", raising=False)
    assert ws.main(["ls"]) == 1
    assert "no bucket" in capsys.readouterr().err


async def test_a_file_is_removed_into_the_trash_of_the_workspace(
    tmp_path: Path, mounted: Path, environment_of: MakeEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "service").mkdir()
    async with workspace_as_it_is(tmp_path / "service") as real:
        (mounted / "t").mkdir()
        for name in ("t/a b.csv", "stays"):
            (mounted / name).write_bytes(b"1")
        async with real.person("ana") as ana:
            put = await ana.put(f"{FILES}/t/a%20b.csv", content=b"1")
            assert put.status_code == 200
            manager = await environment_of(real).start()
            commands = CommandSocket(manager.workspace.service, tmp_path)
            commands.open()
            try:
                assert (tmp_path / ws.SOCKET).stat().st_mode & 0o077 == 0
                assert await asyncio.to_thread(ws.main, ["rm", "ws:t/a b.csv"]) == 0
                assert [each["name"] for each in (await ana.get("trash")).json()["items"]] == ["t/a b.csv"]
                assert await asyncio.to_thread(ws.main, ["rm", "ws:stays"]) == 1
                assert "There is no file 'stays'" in capsys.readouterr().err
                assert await asyncio.to_thread(ws.main, ["rm", "ws:t"]) == 1
                assert "Delete it with -r" in capsys.readouterr().err
                assert await asyncio.to_thread(ws.main, ["rm", "-r", "ws:t"]) == 1
                assert "There is no folder 't'" in capsys.readouterr().err
                for number in range(2):
                    await ana.put(f"{FILES}/t/deep/{number}", content=b"123")
                assert await asyncio.to_thread(ws.main, ["rm", "-r", "ws:t/"]) == 0
                assert capsys.readouterr().out == "t/ goes into the trash: 2 files, 6 bytes.\n"
                found = (await ana.get("trash")).json()["items"]
                assert {"t", "t/a b.csv"} == {each["name"] for each in found}
            finally:
                commands.close()
        assert await asyncio.to_thread(ws.main, ["rm", "ws:stays"]) == 1
        assert "does not answer" in capsys.readouterr().err


@pytest.mark.slow
async def test_lab_copies_a_file_of_the_environment_to_the_bucket(servers: Any) -> None:
    async with WorkspaceThatAnswers() as service:
        server = servers(service)
        await server.start()
        (server.home / "results").mkdir()
        (server.home / "results/a.csv").write_bytes(b"one")
        (server.home / "results/n.ipynb").write_bytes(b"{}")
        assert await asked(server, {"path": "results/a.csv", "replace": False}) == (200, "a.csv")
        assert (server.bucket / "a.csv").read_bytes() == b"one"
        (server.home / "results/a.csv").write_bytes(b"two")
        status, sentence = await asked(server, {"path": "results/a.csv", "replace": False})
        assert (status, "is there already" in sentence) == (409, True)
        assert (await asked(server, {"path": "/results/a.csv", "replace": True}))[0] == 200
        assert (server.bucket / "a.csv").read_bytes() == b"two"
        status, sentence = await asked(server, {"path": "results/n.ipynb", "replace": False})
        assert (status, "edit folder" in sentence) == (422, True)
        for wrong, refused in (({"path": "none", "replace": False}, 422), ({"path": 1}, 400), ([], 400)):
            assert (await asked(server, wrong))[0] == refused
        assert below(server.bucket) == ["a.csv"]


async def asked(server: Any, body: object) -> tuple[int, str]:
    url = f"http://127.0.0.1:{server.port}/terraspawner/api/bucket"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"token {TOKEN}"}) as session,
        session.post(url, json=body) as answer,
    ):
        said = await answer.json()
        return answer.status, said.get("path") or said["message"]
