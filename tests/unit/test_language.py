"""The image that a notebook needs, from what it says of its kernel."""

from __future__ import annotations

import pytest

from terraspawner.domain import notebook
from terraspawner.domain.language import Language, language_of, runs_in


@pytest.mark.parametrize(
    ("kernel", "language", "needs"),
    [
        ("python3", "python", Language.PYTHON),
        ("python3", "", Language.PYTHON),
        ("ir", "R", Language.R),
        ("ir", "r", Language.R),
        ("ir", "", Language.R),
        ("venv-genomics-1a2b3c", "python", Language.PYTHON),
        ("r-4.3-of-another-site", "R", Language.R),
        ("ir", "julia", None),
        ("julia-1.11", "julia", None),
        ("python2-gpu", "", None),
        ("", "", None),
    ],
)
def test_the_language_decides_before_the_name_of_the_kernel(kernel: str, language: str, needs: Language | None) -> None:
    assert language_of(kernel, language) is needs


def test_an_r_notebook_runs_in_the_r_image_alone_and_a_python_one_in_both() -> None:
    assert [image for image in Language if runs_in(image, Language.R)] == [Language.R]
    assert [image for image in Language if runs_in(image, Language.PYTHON)] == list(Language)


def test_of_an_unknown_language_no_image_is_refused() -> None:
    assert all(runs_in(image, None) for image in Language)


@pytest.mark.parametrize("kernel", notebook.KERNELS)
def test_every_kernel_offered_for_a_new_notebook_runs_in_an_image(kernel: str) -> None:
    wanted = language_of(*notebook.kernel_of(notebook.empty(kernel)))
    assert wanted is not None
    assert runs_in(wanted, wanted)
