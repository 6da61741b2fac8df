"""The generated parts of the README: ``python tests/papers.py`` writes them, ``test_papers`` holds them.

A part stands between ``<!-- name -->`` and ``<!-- /name -->``.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def settings_table() -> str:
    from terraspawner.settings import HELP

    rows = [f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, (default, text) in HELP.items()]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def state_diagram() -> str:
    from terraspawner.domain.environment import mermaid

    return f"```mermaid\n{mermaid()}\n```"


ERRORS_AT = (
    "terraspawner.errors",
    "terraspawner.errors_accounts",
    "terraspawner.errors_disks",
    "terraspawner.errors_files",
    "terraspawner.errors_libraries",
    "terraspawner.errors_mounts",
    "terraspawner.errors_starts",
    "terraspawner.storage.errors",
    "terraspawner.preview.errors",
)


def error_table() -> str:
    from terraspawner.errors import TerraError
    from terraspawner.web.responses import status_of

    def all_of(kind: type[TerraError]) -> Iterator[type[TerraError]]:
        for child in kind.__subclasses__():
            yield child
            yield from all_of(child)

    for module in ERRORS_AT:
        importlib.import_module(module)
    kinds = {kind.code: kind for kind in all_of(TerraError) if kind.__module__ in ERRORS_AT}
    rows = [
        f"| `{code}` | {status_of(kind())} | {' '.join((kind.__doc__ or '').split())} |"
        for code, kind in sorted(kinds.items())
    ]
    return "\n".join(["| code | status | meaning |", "|---|---|---|", *rows])


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "states": state_diagram,
    "errors": error_table,
}


def part_in(text: str, name: str) -> str | None:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", text, re.DOTALL)
    return found.group(1) if found else None


def renewed(text: str) -> str:
    for name, make in PARTS.items():
        old = part_in(text, name)
        if old is not None:
            text = text.replace(f"<!-- {name} -->\n{old}\n", f"<!-- {name} -->\n{make()}\n")
    return text


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    README.write_text(renewed(README.read_text()))
