"""No test waits for a time to pass, or asks how long something took: machines are noisy, conditions can be awaited.

Helpers that look again and again until something is there do sleep between two looks; tests call those.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
CLOCKS = {"sleep", "monotonic", "perf_counter"}


def of_test(function: ast.AST) -> Iterator[ast.AST]:
    """What a test does itself; a function that it makes is a part of its set-up."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from of_test(child)


def asks_the_clock(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    is_turn = [ast.unparse(argument) for argument in node.args] == ["0"]  # others have their turn, no time passes
    return name in CLOCKS and not is_turn


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """Of all tests in whose text one of these names stands: the others need not be understood."""
    for path in sorted(TESTS.rglob("test_*.py")):
        if any(name in (text := path.read_text()) for name in CLOCKS):
            yield path, ast.parse(text)


def test_no_test_sleeps_or_measures_time() -> None:
    found = [
        f"{path.relative_to(TESTS)}:{node.lineno}: {ast.unparse(node)}"
        for path, tree in trees()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith("test_")
        for node in of_test(function)
        if isinstance(node, ast.Call) and asks_the_clock(node)
    ]
    assert found == []
