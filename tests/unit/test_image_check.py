"""What must be in an image, and how it is said where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from terraspawner.containers.image_look import Package, packages_in
from terraspawner.domain.image_check import ENTRY, ImageFacts, findings, language_of_kernels
from terraspawner.domain.language import Language

FIT = ImageFacts(
    entrypoint=(ENTRY,),
    variables=("PATH", "HOME", "LANG"),
    volumes=(),
    passwd="root:x:0:0:root:/root:/bin/bash\njupyter:x:1000:1000::/home/jupyter:/bin/bash\n",
    has_entry=True,
    hub_version="6.1.1",
    has_extension=True,
    kernels=frozenset({"python3"}),
)


@pytest.mark.feature("C10", "I2")
def test_an_image_made_from_ours_will_do() -> None:
    assert findings(FIT, "6.1.1") == ()
    assert findings(replace(FIT, hub_version="6.1.9"), "6.1.1") == ()


@pytest.mark.feature("C10", "I2")
@pytest.mark.parametrize(
    ("change", "check", "says"),
    [
        ({"passwd": ""}, "user", "add: useradd"),
        ({"passwd": "jupyter:x:1001:1001::/home/jupyter:/bin/bash"}, "user", "uid 1000"),
        ({"passwd": "jupyter"}, "user", "uid 1000"),
        ({"passwd": "evil:x:1000:1000:jupyter:x:1000:1000"}, "user", "uid 1000"),
        ({"has_entry": False}, "entry", "is missing"),
        ({"entrypoint": ("/bin/sh", "-c", "x")}, "entry", "Leave out its own ENTRYPOINT"),
        ({"entrypoint": ()}, "entry", "ENTRYPOINT"),
        ({"hub_version": ""}, "jupyterhub", "FROM terraspawner/python"),
        ({"hub_version": "5.4.3"}, "jupyterhub", "JupyterHub 5.4.3, and the Hub here is 6.1.1"),
        ({"has_extension": False}, "extension", "FROM terraspawner/python"),
        ({"kernels": frozenset()}, "kernel", "python3 nor ir"),
        ({"variables": ("PATH", "JUPYTERHUB_API_TOKEN")}, "variables", "JUPYTERHUB_API_TOKEN"),
        ({"variables": ("JPY_API_TOKEN",)}, "variables", "Take that ENV out"),
        ({"variables": ("TERRA_SERVICE_URL",)}, "variables", "TERRA_SERVICE_URL"),
        ({"volumes": ("/data",)}, "volumes", "/data"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(change: dict[str, object], check: str, says: str) -> None:
    (found,) = findings(replace(FIT, **change), "6.1.1")  # type: ignore[arg-type]
    assert found.check == check
    assert says in found.message
    assert found.message.endswith(".")


def test_of_a_foreign_image_everything_is_said_at_once() -> None:
    foreign = ImageFacts(
        entrypoint=("tini", "-g", "--"),
        variables=("PATH",),
        volumes=(),
        passwd="jovyan:x:1000:100::/home/jovyan:/bin/bash",
        has_entry=False,
        hub_version="",
        has_extension=False,
        kernels=frozenset(),
    )
    assert [each.check for each in findings(foreign, "6.1.1")] == ["user", "entry", "jupyterhub", "extension", "kernel"]


@pytest.mark.parametrize(
    ("kernels", "language"),
    [({"python3"}, Language.PYTHON), ({"ir"}, Language.R), ({"ir", "python3"}, Language.R), (set(), Language.PYTHON)],
)
def test_an_image_with_r_is_for_r(kernels: set[str], language: Language) -> None:
    assert language_of_kernels(frozenset(kernels)) is language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "{}",
        "3",
        "null",
        "[[]]",
        "[3]",
        '[{"name": 3, "version": "1"}]',
        '[{"name": "x"}]',
        "[" * 100_000,
    ],
)
def test_a_list_of_packages_that_is_none_lists_nothing(text: str) -> None:
    assert list(packages_in(text, Language.PYTHON)) == []


def test_names_in_a_list_of_packages_are_cut_where_they_are_too_long() -> None:
    (found,) = packages_in('[{"name": "' + "x" * 5000 + '", "version": "1", "more": 1}]', Language.R)
    assert found == Package(language=Language.R, name="x" * 100, version="1")
