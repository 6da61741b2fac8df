"""The whole journey of one researcher with an R notebook, through REST, on the real parts."""

from __future__ import annotations

import json

import pytest

from deployment import Person, Workspace, until
from hub.test_journey_by_rest import contents, printed, run
from terraspawner.deploy import images

pytestmark = pytest.mark.docker

MAKE_R_PACKAGE = r"""
set -e
mkdir -p /tmp/terrasample/R /tmp/terrasample/src ~/repository/src/contrib
cd /tmp/terrasample
printf 'Package: terrasample\nVersion: 1.0\nTitle: A Sample\nDescription: A sample.\nLicense: GPL-3\n' > DESCRIPTION
printf 'useDynLib(terrasample, word)\nexport(kept)\n' > NAMESPACE
echo 'kept <- function() .Call(word)' > R/kept.R
printf '#include <Rinternals.h>\nSEXP word(void) { return Rf_mkString("kept"); }\n' > src/word.c
cd ~/repository/src/contrib
R CMD build /tmp/terrasample
Rscript -e 'tools::write_PACKAGES(".", type = "source")'
"""
"""A source package with C code in a repository of its own on the disk: runs where no network is."""
INSTALL = 'install.packages("terrasample", repos = "file:///home/jupyter/repository", quiet = TRUE)'
USE = "library(terrasample); cat(kept())"
PLOT = "library(ggplot2); ggplot(data.frame(x = 1:3, y = c(1, 4, 9)), aes(x, y)) + geom_line()"


def run_r(workspace: Workspace, code: str) -> str:
    """All that a cell showed, as JSON."""
    return json.dumps([message["content"] for message in run(workspace, code, kernel_name="ir")])


@pytest.mark.feature("A2", "C3", "C4", "C6", "D3", "E1", "E9", "I1")
def test_a_researcher_carries_an_r_notebook_through_every_state(ana: Person, workspace: Workspace) -> None:
    headers = {"Authorization": f"token {ana.token}"}
    workspace.create_notebook("first look", kernel="ir")
    document, created = workspace.notebook("first look.ipynb")
    assert document["metadata"]["kernelspec"] == {"display_name": "R", "language": "R", "name": "ir"}

    # its kernel decides the image of the environment that is not there yet
    opened = ana.api.post(f"{workspace.path}/notebooks/first look.ipynb/open", json={"mode": "edit"})
    assert opened.status_code in (200, 202), opened.text
    assert workspace.wait_for("running")["image"]["language"] == "r"
    assert workspace.container().attrs["Config"]["Image"] == images.R
    container = workspace.container().id

    # run, plot, save: disk, then bucket
    assert "image/png" in run_r(workspace, PLOT)
    document["cells"][0]["source"] = "cat('saved')"
    assert ana.browser_session.get(f"{contents(workspace)}/first look.ipynb", headers=headers).status_code == 200
    saved = ana.browser_session.put(
        f"{contents(workspace)}/first look.ipynb",
        headers=headers,
        json={"type": "notebook", "format": "json", "content": document},
    )
    assert saved.status_code in (200, 201), saved.text
    until(lambda: workspace.notebook("first look.ipynb")[1] != created, "the save is in the bucket")
    assert workspace.notebook("first look.ipynb")[0]["cells"][0]["source"] == ["cat('saved')"]

    # Python notebooks run here too
    assert printed(run(workspace, "import pandas; print(pandas.Series([40, 2]).sum())")).strip() == "42"

    # a package with C code, on the disk; Debian's packages are seen beside it
    code, said = workspace.shell(MAKE_R_PACKAGE)
    assert code == 0, said
    assert "kept" in run_r(workspace, f"{INSTALL}; {USE}")
    where = printed(run(workspace, 'cat(find.package(c("terrasample", "dplyr")), sep = "\\n")', kernel_name="ir"))
    assert where.split() == ["/home/jupyter/packages/R-4.5/terrasample", "/usr/lib/R/site-library/dplyr"]
    assert workspace.shell(f"Rscript -e '{USE}'")[1].endswith("kept"), "a terminal sees what a notebook sees"

    workspace.pause()
    workspace.start()
    assert workspace.container().id == container
    assert "kept" in run_r(workspace, USE)

    # deleted with the disk kept: another container, of the image that is asked for
    workspace.delete()
    started = ana.api.post(f"{workspace.path}/environment/start", json={"image": "r"})
    assert started.status_code in (200, 202), started.text
    assert workspace.wait_for("running")["image"]["language"] == "r"
    assert workspace.container().id != container
    assert "kept" in run_r(workspace, USE)

    # deleted with the disk: the package is gone, the notebook is in the bucket
    workspace.delete(disk="delete")
    assert workspace.notebook("first look.ipynb")[0]["cells"][0]["source"] == ["cat('saved')"]
    ana.api.post(f"{workspace.path}/environment/start", json={"image": "r"})
    workspace.wait_for("running")
    assert "there is no package called" in run_r(workspace, USE)


@pytest.mark.feature("I1")
def test_the_hubs_own_rest_takes_the_same_wish_and_no_other(ana: Person, workspace: Workspace) -> None:
    server = f"/users/ana/servers/{workspace.slug}"
    for wish in ({"image": "julia"}, {"image": ["r"]}, {"image": "debian"}, {"image": "../r"}, {"language": "r"}):
        refused = ana.hub.post(server, json={"user_options": wish})
        assert refused.status_code == 400, refused.text
        assert workspace.environment()["state"] == "none"
    assert ana.hub.post(server, json={"user_options": {"image": "r"}}).status_code in (201, 202)
    assert workspace.wait_for("running")["image"]["language"] == "r"
    workspace.pause()
    refused = ana.hub.post(server, json={"user_options": {"image": "python"}})
    assert "is made from the R and Python image" in refused.text
    assert workspace.environment()["image"]["language"] == "r"
    workspace.start()
