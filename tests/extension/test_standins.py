"""Nothing that the server can reach asks a stand-in for more than it has: read from the installed packages' sources.

Fails when another release of JupyterHub needs more of what is stood in for. The server itself is asked in
test_image_server.py.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from terraspawner_environment import standins

ROOT = Path(__file__).parents[2]
ENTRANCES = ("jupyterhub.singleuser.extension", "jupyterhub.services.auth", "jupyterhub._xsrf_utils")
"""Modules of which everything can be reached: the extension, and what it makes objects of."""
WITH_A_DATABASE_ONLY = {"jupyterhub.orm": "jupyterhub.scopes._intersect_expanded_scopes"}
"""Named in a branch for callers that hand over a database; an environment has none."""


@cache
def source(module: str) -> ast.Module:
    spec = importlib.util.find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    return ast.parse(Path(spec.origin).read_text())


def is_stood_in(module: str) -> bool:
    return module in standins.TABLE


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that a ``from ... import`` in `module` (no package) names."""
    return importlib.util.resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])


@cache
def definitions(module: str) -> dict[str, ast.AST]:
    """What `module` defines or imports at its top level, by name."""
    found: dict[str, ast.AST] = {}
    for node in ast.walk(source(module)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(item.asname or item.name).partition(".")[0]: node for item in node.names}
    for node in source(module).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return found


def origin(module: str, name: str, node: ast.Import | ast.ImportFrom) -> tuple[str, str]:
    """Where an imported name is from: (module, name), or (module, '') for a module itself."""
    (item,) = (item for item in node.names if (item.asname or item.name).partition(".")[0] == name)
    if isinstance(node, ast.Import):
        return (item.name if item.asname else name), ""
    parent = absolute(module, node)
    child = f"{parent}.{item.name}"
    is_module = is_stood_in(child) or (not is_stood_in(parent) and parent == "jupyterhub")
    return (child, "") if is_module else (parent, item.name)


def uses(module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name) of all that the code of `node` names."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in definitions(module):
            found = definitions(module)[part.id]
            if isinstance(found, ast.Import | ast.ImportFrom):
                yield origin(module, part.id, found)
            else:
                yield module, part.id


def reachable(entrances: tuple[str, ...]) -> dict[tuple[str, str], tuple[str, str]]:
    """All (module, name) that the code of `entrances` may use, each with the one that names it first."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    waiting = [((module, name), (module, "")) for module in entrances for name in definitions(module)]
    while waiting:
        what, user = waiting.pop()
        if what in seen:
            continue
        seen[what] = user
        module, name = what
        if not name or is_stood_in(module) or not module.startswith("jupyterhub."):
            continue
        node = definitions(module).get(name)
        if node is None or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        waiting += [(used, what) for used in uses(module, node)]
    return seen


def test_what_can_be_reached_asks_no_stand_in_for_more_than_it_has() -> None:
    found = reachable(ENTRANCES)
    assert ("jupyterhub.scopes", "_intersect_expanded_scopes") in found, "the search finds what is used"
    assert ("jupyterhub.handlers.pages", "HealthCheckHandler") in found, "the search finds what is stood in for"
    beyond = {
        f"{module}.{name}".rstrip("."): ".".join(user)
        for (module, name), user in found.items()
        if is_stood_in(module) and not isinstance(standins.TABLE[module].get(name), type)
    }
    assert beyond == WITH_A_DATABASE_ONLY


def test_the_search_finds_code_that_asks_for_more() -> None:
    found = reachable((*ENTRANCES, "jupyterhub.roles"))
    assert ("jupyterhub.orm", "") in found
    assert ("sqlalchemy", "func") in found


def test_the_search_speaks_of_the_release_that_is_in_the_image() -> None:
    pins = (ROOT / "images/python/requirements-server.txt").read_text()
    for package in ("jupyterhub", "jupyterlab"):
        assert re.findall(rf"^{package}==(\S+)$", pins, re.MULTILINE) == [version(package)]


def with_stand_ins(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that has the stand-ins, as the server has."""
    return subprocess.run(
        [sys.executable, "-c", f"from terraspawner_environment import standins; standins.install(); {code}"],
        env={"PYTHONPATH": str(ROOT / "images/extension")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_scopes_are_compared_without_a_database() -> None:
    """Also those of a group, for which the Hub itself would ask its database: they then count as no permission."""
    pairs = [
        ("access:servers!server=ana/w", "access:servers!server=ana/w"),
        ("access:servers!server=ana/w", "access:servers!user=ana"),
        ("access:servers!server=ana/w", "access:servers!user=ben"),
        ("access:servers!user=ana", "access:servers!group=g"),
        ("access:servers!server=ana/w", "access:servers!group=g"),
    ]
    done = with_stand_ins(
        "from jupyterhub.services.auth import check_scopes;"
        f"print([sorted(check_scopes({{a}}, {{b}})) for a, b in {pairs}])"
    )
    assert done.returncode == 0, done.stderr
    own = ["access:servers!server=ana/w"]
    assert ast.literal_eval(done.stdout.splitlines()[-1]) == [own, own, [], [], []]


@pytest.mark.parametrize("asked", ["import requests; requests.get", "from jupyterhub import orm; orm.User"])
def test_a_stand_in_says_what_it_is(asked: str) -> None:
    done = with_stand_ins(asked)
    assert done.returncode == 1
    assert "is not in an environment's server; see terraspawner_environment.standins.TABLE" in done.stderr
