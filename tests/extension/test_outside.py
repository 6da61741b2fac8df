"""Notebooks that git, a terminal or papermill writes into `edit/`: sent when they are whole, each text once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from extension.conftest import MakeEnvironment, lab, read, save, sent, state_of, until
from extension.services import WorkspaceThatAnswers, WorkspaceThatIsDown, notebook_bytes
from extension.test_trees import git
from extension.workspaces import AT, workspace_as_it_is
from terraspawner_environment import outside
from terraspawner_environment.contents import TerraContentsManager
from terraspawner_environment.outside import OutsideEdits, Signature, read_still, scan, signature_of


def watching(manager: TerraContentsManager) -> OutsideEdits:
    assert manager.workspace is not None
    return manager.workspace.outside


async def test_what_a_terminal_writes_is_sent_once_it_is_the_same_in_two_looks(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        edits = watching(manager)
        for _ in range(2):
            await edits.look()
        environment.file("a.ipynb").write_bytes(notebook_bytes("by papermill"))
        environment.file("new").mkdir()
        environment.file("new/b.ipynb").write_bytes(notebook_bytes("by git"))
        await edits.look()
        assert not service.writes
        await edits.look()
        await sent(manager)
        assert service.notebooks == {"a.ipynb": notebook_bytes("by papermill"), "new/b.ipynb": notebook_bytes("by git")}
        assert state_of(manager, "a.ipynb").state == "workspace"
        for _ in range(3):
            await edits.look()
        await sent(manager)
        assert len(service.writes) == 2


@pytest.mark.slow
async def test_saves_of_lab_are_sent_by_themselves_and_not_again(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        edits = watching(manager)
        await read(manager, "a.ipynb")
        for text in ("1", "2", "3"):
            await edits.look()
            await save(manager, "a.ipynb", text)
            await edits.look()
        await sent(manager)
        written = len(service.writes)
        for _ in range(3):
            await edits.look()
        await sent(manager)
        assert (len(service.writes), service.notebooks["a.ipynb"]) == (written, notebook_bytes("3"))


async def test_half_a_notebook_is_never_sent_and_said_when_it_stays_half(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        edits = watching(manager)
        whole = notebook_bytes("long in coming")
        for size in (len(whole) // 3, len(whole) // 2):
            environment.file("a.ipynb").write_bytes(whole[:size])
            for _ in range(3):
                await edits.look()
            assert state_of(manager, "a.ipynb").state == "workspace"
        for _ in range(outside.LOOKS_UNTIL_ODD):
            await edits.look()
        state = state_of(manager, "a.ipynb")
        assert state.state == "refused"
        assert "no whole notebook" in state.reason
        assert not service.writes
        environment.file("a.ipynb").write_bytes(whole)
        for _ in range(2):
            await edits.look()
        await sent(manager)
        assert service.notebooks["a.ipynb"] == whole


async def test_links_checkpoints_and_gits_own_folder_are_none_of_the_workspaces(
    environment_of: MakeEnvironment, tmp_path: Path
) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        manager = await environment.start()
        secret = tmp_path / "secret.ipynb"
        secret.write_bytes(notebook_bytes("elsewhere"))
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder/c.ipynb").write_bytes(notebook_bytes("elsewhere"))
        environment.file("link.ipynb").symlink_to(secret)
        environment.file("linked").symlink_to(tmp_path / "folder")
        os.mkfifo(environment.file("pipe.ipynb"))
        for hidden in (".ipynb_checkpoints/a-checkpoint.ipynb", ".git/a.ipynb", ".hidden.ipynb"):
            environment.file(hidden).parent.mkdir(exist_ok=True)
            environment.file(hidden).write_bytes(notebook_bytes("hidden"))
        edits = watching(manager)
        for _ in range(3):
            await edits.look()
        await sent(manager)
        assert service.notebooks == {}


def test_a_file_that_became_a_link_after_it_was_seen_is_not_read(tmp_path: Path) -> None:
    seen, secret = tmp_path / "a.ipynb", tmp_path / "secret"
    for path in (seen, secret):
        path.write_bytes(b"{}")
    signature = signature_of(seen)
    assert signature is not None
    assert read_still(seen, signature) == b"{}"
    seen.unlink()
    seen.symlink_to(secret)
    assert read_still(seen, signature) is None
    assert read_still(seen, Signature.of(secret.stat())) is None


@pytest.mark.parametrize("most", [{"most_notebooks": 3}, {"most_folders": 2}])
def test_a_look_has_an_end(tmp_path: Path, most: dict[str, int]) -> None:
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        (tmp_path / f"{number}.ipynb").touch()
    assert scan(tmp_path)[1]
    found, is_all = scan(tmp_path, **most)
    assert not is_all
    assert len(found) <= most.get("most_notebooks", len(found))


@pytest.mark.slow
async def test_a_checkout_of_many_notebooks_goes_out_bit_by_bit_and_whole(environment_of: MakeEnvironment) -> None:
    many = 3 * outside.MOST_ON_THE_WAY
    async with WorkspaceThatIsDown() as service:
        environment = environment_of(service)
        manager = await environment.start()
        assert manager.workspace is not None
        place = environment.file("project")
        origin = environment.home / "origin"
        origin.mkdir()
        git(origin, "init")
        for number in range(many):
            (origin / f"{number}.ipynb").write_bytes(notebook_bytes(str(number)))
        git(origin, "add", ".")
        git(origin, "commit", "-m", "many")
        git(environment.home, "clone", str(origin), str(place))
        edits = watching(manager)
        for _ in range(4):
            await edits.look()
        assert len(manager.workspace.desk.outbox.pending()) == outside.MOST_ON_THE_WAY
        await service.start()
        while len(service.notebooks) < many:
            before = len(service.notebooks)
            await edits.look()
            await until(lambda before=before: len(service.notebooks) > before)
        assert service.notebooks == {f"project/{number}.ipynb": notebook_bytes(str(number)) for number in range(many)}


async def test_where_the_workspace_moved_on_the_outside_text_is_kept_as_a_copy(environment_of: MakeEnvironment) -> None:
    async with WorkspaceThatAnswers() as service:
        environment = environment_of(service)
        service.put("a.ipynb", notebook_bytes("0"))
        manager = await environment.start()
        await read(manager, "a.ipynb")
        service.put("a.ipynb", notebook_bytes("theirs"))
        edits = watching(manager)
        environment.file("a.ipynb").write_bytes(notebook_bytes("by git"))
        for _ in range(2):
            await edits.look()
        await until(lambda: len(service.notebooks) == 2)
        assert service.notebooks["a.ipynb"] == notebook_bytes("theirs")
        state = state_of(manager, "a.ipynb")
        assert (state.state, state.unresolved) == ("conflict", True)
        environment.file("a.ipynb").write_bytes(notebook_bytes("by git again"))
        for _ in range(2):
            await edits.look()
        await until(lambda: notebook_bytes("by git again") in service.notebooks.values())
        assert service.notebooks["a.ipynb"] == notebook_bytes("theirs")
        assert state.copy.startswith(lab("a (conflict"))


@pytest.mark.slow
async def test_what_another_person_edits_is_not_changed_from_a_terminal(
    environment_of: MakeEnvironment, tmp_path: Path
) -> None:
    async with workspace_as_it_is(tmp_path) as real, real.person("ben") as ben:
        await real.put("a.ipynb", notebook_bytes("0"), by="ana")
        environment = environment_of(real)
        manager = await environment.start()
        await read(manager, "a.ipynb")
        edits = watching(manager)
        await edits.look()
        lease = await ben.post(f"{AT}/a.ipynb/lease", json={"session": "bens"})
        assert lease.status_code == 200, lease.text
        environment.file("a.ipynb").write_bytes(notebook_bytes("by git"))
        for _ in range(2):
            await edits.look()
        await until(lambda: state_of(manager, "a.ipynb").state == "conflict")
        await sent(manager)
        assert await real.read("a.ipynb") == notebook_bytes("0")
        (copy,) = set(await real.names()) - {"a.ipynb"}
        assert await real.read(copy) == notebook_bytes("by git")
        assert environment.file("a.ipynb").read_bytes() == notebook_bytes("by git")
