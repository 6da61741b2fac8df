"""What lies in a folder itself, of a store that lists all that is below it in one row.

Such a store can begin its row behind any path. So a page of a large folder costs what stands on it, and a large folder
in it one more beginning, behind it: neither is read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

_LAST = "\U0010ffff"
"""Behind a folder's path: after nearly all that is in it, and before all that comes next."""


class Listed(Protocol):
    @property
    def path(self) -> str: ...


T = TypeVar("T", bound=Listed)


def directly_in(folder: str, after: str, pages: Callable[[str], Iterator[Sequence[T]]]) -> Iterator[T | str]:
    """Objects of `folder` and, as paths that end with ``/``, the folders in it, behind the path `after`.

    `pages(path)` is all that is below the folder and behind that path, in the order of its bytes, page by page.
    """
    inside, offset = "", after + _LAST if after.endswith("/") and after > folder else after
    while True:
        for page in pages(offset):
            before = inside
            for each in page:
                name, slash, _ = each.path[len(folder) :].partition("/")
                here = f"{folder}{name}/" if slash else ""
                if not slash:
                    yield each
                elif here != inside and here > after:
                    yield here
                inside = here
            if inside and inside == before and offset != inside + _LAST:  # a whole page of what is not asked for
                offset = inside + _LAST
                break
        else:
            return
