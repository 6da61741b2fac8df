"""Names that nobody means well, and bodies that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {
    "up": "../../../etc/passwd",
    "up, twice quoted": "%252e%252e%252f%252e%252e%252fetc",
    "a null": "a\x00b",
    "a header": "a\r\nSet-Cookie: planted=1\r\n\r\nb",
    "right to left": "a\u202ebpynb",
    "very long": "x" * 5000,
}
MORE_NAMES = {
    "here": ".",
    "one up": "..",
    "from the root": "/etc/passwd",
    "up inside": "a/../../b",
    "up on Windows": "..\\..\\b",
    "up, quoted": "%2e%2e%2fb",
    "a null, quoted": "a%00b",
    "a line": "a\nb",
    "another line": "a\u2028b",
    "delete": "a\x7fb",
    "escape": "a\x1b[2Jb",
    "no width": "a\u200bb",
    "byte order": "\ufeffa",
    "full width": "\uff0e\uff0e\uff0fb",
    "a template": "{{ 7 * 7 }}${x}",
    "a tag": "<script>alert(1)</script>",
    "SQL": "a'; DROP TABLE workspace; --",
    "a shell": "$(id);`id`|id",
    "a home": "~root",
    "longer than a file": "y" * 300,
    "longer than a line": "z" * 60_000,
}

BODIES = {
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "a number": b"5",
    "a text": b'"x"',
    "torn": b'{"name": "a',
    "deep": b"[" * 100_000,
    "deep in a field": b'{"name": ' + b'{"a":' * 100_000,
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "not a number": b'{"name": NaN}',
    "a large number": b'{"name": ' + b"9" * 5000 + b"}",
    "an unknown field": b'{"__class__": {"__init__": 1}, "constructor": {"prototype": 1}}',
}
"""Bodies that no route takes."""

WRONG: tuple[Any, ...] = ([], {}, None, True, 5, 1e308, ["a"], {"a": {"b": []}}, "\ud800")
"""Values of the wrong kind, and half of a character."""


Place = tuple[str, ...]
"""Where a field stands: names from the outside in, ``[]`` for a list."""


def text_fields(schema: Mapping[str, Any], document: Mapping[str, Any], at: Place = ()) -> Iterator[Place]:
    """Where in a body texts stand, as paths of field names; a list is gone into by ``[]``."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from text_fields(document["components"]["schemas"][name], document, at)
    for option in schema.get("anyOf", ()):
        yield from text_fields(option, document, at)
    if schema.get("type") == "string":
        yield at
    for name, inner in schema.get("properties", {}).items():
        yield from text_fields(inner, document, (*at, name))
    if schema.get("type") == "array":
        yield from text_fields(schema["items"], document, (*at, "[]"))


def with_field(body: Any, at: Place, value: Any) -> Any:
    """A copy of `body` with `value` at `at`."""
    if not at:
        return value
    if at[0] == "[]":
        first = body[0] if isinstance(body, list) and body else None
        return [with_field(first, at[1:], value)]
    before = dict(body) if isinstance(body, dict) else {}
    return {**before, at[0]: with_field(before.get(at[0]), at[1:], value)}
