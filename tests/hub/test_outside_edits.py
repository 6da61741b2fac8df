"""Notebooks that a program writes in a real environment, past JupyterLab, are in the bucket soon after."""

from __future__ import annotations

import pytest

from deployment import Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.full]

GIT = "git -c user.name=ana -c user.email=ana@example.org -c init.defaultBranch=main"
CHANGE = """python - <<'END'
import json
cell = {{"cell_type": "code", "metadata": {{}}, "source": "by a program", "outputs": [], "execution_count": None}}
book = {{"cells": [cell], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 4}}
for name in ("{edit}/first.ipynb", "/tmp/origin/second.ipynb"):
    open(name, "w").write(json.dumps(book))
END"""


@pytest.mark.feature("F3", "F4")
def test_what_git_and_programs_write_into_edit_is_sent(workspace: Workspace) -> None:
    workspace.create_notebook("first")
    workspace.start()
    edit = f"/home/jupyter/{workspace.name}/edit"
    for script in (
        "mkdir /tmp/origin",
        CHANGE.format(edit=edit),
        f"cd /tmp/origin && {GIT} init -q && git add . && {GIT} commit -qm second",
        f"git clone -q /tmp/origin {edit}/project",
    ):
        done, said = workspace.shell(script)
        assert done == 0, said

    def there() -> dict[str, str]:
        listed = workspace.owner.api.get(f"{workspace.path}/notebooks").json()["items"]
        return {item["path"]: str(workspace.notebook(item["path"])[0]["cells"]) for item in listed}

    until(lambda: "by a program" in there().get("project/second.ipynb", ""), "what git brought is in the bucket")
    # “first” was never opened here: it is another text than the workspace's, and neither gives way
    until(lambda: any("conflict ana" in path for path in there()), "what was written beside it is kept")
    assert "by a program" not in there()["first.ipynb"]
