"""What was changed in a container, read from the Engine's list of paths."""

from __future__ import annotations

import pytest

from terraspawner.domain.layer import MOST_NAMED, Change, Found, Layer, read_layer

A, C, D = Change.ADDED, Change.MODIFIED, Change.DELETED
FRESH = [
    (C, "/etc"),
    (C, "/etc/terra"),
    (A, "/etc/terra/ca-bundle.pem"),
    (C, "/tmp"),
    (A, "/tmp/terra-runtime"),
    (A, "/tmp/terra-runtime/jpserver-8.json"),
]
"""What each start leaves, as the Engine told it."""
KERNEL = "/opt/terra/kernel/lib/python3.13/site-packages"


@pytest.mark.feature("C7")
@pytest.mark.parametrize(
    ("changes", "layer"),
    [
        pytest.param(FRESH, Layer(), id="a fresh one"),
        pytest.param(
            [(C, "/usr"), (C, "/usr/local"), (C, "/usr/local/share"), (A, "/usr/local/share/a.txt"), (C, "/etc/x")],
            Layer(files=Found(names=("/etc/x", "/usr/local/share/a.txt"))),
            id="files, without the folders above them",
        ),
        pytest.param(
            [(C, "/opt"), (A, "/opt/data"), (A, "/opt/data/deep"), (A, "/opt/data/deep/b"), (D, "/opt/old")],
            Layer(files=Found(names=("/opt/data/", "-/opt/old"))),
            id="a new folder stands for what is in it",
        ),
        pytest.param(
            [
                (A, "/var/lib/dpkg/info/tree.list"),
                (A, "/var/lib/dpkg/info/tree.md5sums"),
                (A, "/var/lib/dpkg/info/libjq1:amd64.list"),
                (C, "/var/lib/dpkg/info/git.list"),
                (D, "/var/lib/dpkg/info/nano.list"),
                (A, "/usr/bin/tree"),
                (D, "/usr/bin/nano"),
                (A, "/usr/local/bin/mine"),
                (A, "/var/cache/apt/archives/x.deb"),
            ],
            Layer(apt=Found(names=("git", "libjq1", "tree", "-nano")), files=Found(names=("/usr/local/bin/mine",))),
            id="Debian's packages, not their files one by one",
        ),
        pytest.param(
            [
                (C, KERNEL),
                (A, f"{KERNEL}/my_tool-1.2.dist-info"),
                (A, f"{KERNEL}/my_tool-1.2.dist-info/METADATA"),
                (A, f"{KERNEL}/my_tool"),
                (A, f"{KERNEL}/my_tool/__init__.py"),
                (D, f"{KERNEL}/numpy-2.0.0.dist-info"),
                (A, f"{KERNEL}/numpy-2.1.0.dist-info"),
                (D, f"{KERNEL}/six-1.17.0.dist-info"),
            ],
            Layer(pip=Found(names=("my-tool 1.2", "numpy 2.1.0", "-six 1.17.0"))),
            id="Python's packages with their version, an update once",
        ),
        pytest.param(
            [
                (C, "/usr/local/lib/R/site-library"),
                (A, "/usr/local/lib/R/site-library/jsonlite"),
                (A, "/usr/local/lib/R/site-library/jsonlite/DESCRIPTION"),
                (A, "/usr/local/lib/R/site-library/jsonlite/R/jsonlite.rdb"),
            ],
            Layer(r=Found(names=("jsonlite",))),
            id="R's packages",
        ),
        pytest.param(
            [(C, "/root"), (A, "/root/.cache"), (A, "/root/.cache/pip"), (A, "/tmp/x"), (A, "/run/lock/y")],
            Layer(files=Found(names=("/tmp/x",))),
            id="caches are no loss, what lies in /tmp is",
        ),
        pytest.param(
            [(A, "/home/jupyter/work.txt"), (A, "/mnt/workspace/bucket/data.csv")],
            Layer(),
            id="the disk and the bucket are no part of it",
        ),
    ],
)
def test_changes_are_sorted(changes: list[tuple[int, str]], layer: Layer) -> None:
    assert read_layer(changes) == layer
    assert read_layer([*FRESH, *changes]) == layer
    assert Layer.from_json(layer.as_json()) == layer


@pytest.mark.feature("C7")
def test_of_very_many_it_is_told_how_many() -> None:
    found = read_layer([(A, f"/opt/{number:05}") for number in range(MOST_NAMED + 7)]).files
    assert (len(found.names), found.more, found.count) == (MOST_NAMED, 7, MOST_NAMED + 7)


@pytest.mark.feature("C7")
@pytest.mark.parametrize(
    "path",
    [
        "/var/lib/dpkg/info/<script>.list",
        "/x/site-packages/a-b-1.dist-info",
        "/opt/a\nb",
        "/opt/" + "x" * 5000,
        "/",
        "",
        "//",
    ],
)
def test_a_strange_path_is_a_file_or_nothing(path: str) -> None:
    layer = read_layer([(A, path)])
    assert layer.apt == Found()
    assert layer.pip.count + layer.r.count + layer.files.count <= 1
