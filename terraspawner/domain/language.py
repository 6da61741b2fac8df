"""Which kernels a notebook needs and an image has, by two tables; the images themselves are in the catalogue.

An image for R has the Python kernel too, so nobody who needs both must choose. A notebook that names no kernel of
ours opens in whatever there is: Jupyter asks what to run it with.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Language(enum.StrEnum):
    """What an image is for. The values are what REST tells."""

    PYTHON = "python"
    R = "r"


KERNELS_IN: Mapping[Language, frozenset[Language]] = {
    Language.PYTHON: frozenset({Language.PYTHON}),
    Language.R: frozenset({Language.R, Language.PYTHON}),
}
"""Image -> the languages whose kernels really run in it."""

_OF_KERNEL = {"python3": Language.PYTHON, "ir": Language.R}


def language_of(kernel: str, language: str) -> Language | None:
    """What a notebook's metadata ask for: the language where it is one of ours, else the kernel's name, else None.

    The language goes first: a kernel of a virtual environment, or of another site, has a name that we do not know.
    """
    try:
        return Language(language.casefold())
    except ValueError:
        return _OF_KERNEL.get(kernel) if not language else None


def runs_in(image: Language, wanted: Language | None) -> bool:
    """Whether `image` has a kernel for a notebook of the language `wanted`; of an unknown one nobody can say no."""
    return wanted is None or wanted in KERNELS_IN[image]
