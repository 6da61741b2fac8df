"""Markdown as Jupyter reads it: nbconvert's parser, with formulas set and pictures taken from the cell alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from terraspawner.preview.clean import clean
from terraspawner.preview.code import coloured
from terraspawner.preview.formulas import formula

MOST = 200_000
"""Characters of one cell that are read as Markdown; a longer one is shown as typed."""
MOST_DEEP = 200
"""Marks of quotes and lists in a row: mistune answers more of them with a very long thought."""
MOST_MATHS = 300
"""LaTeX environments in one cell: nbconvert looks for the end of each from its beginning on."""
_NESTED = re.compile(rf"(?m)^(?:[ \t]*[>*+-]){{{MOST_DEEP}}}")


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """Formulas leave a mark, which `clean` lets through and `markdown` fills: so no HTML can pose as one."""

    def __init__(self, attachments: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.pictures = attachments
        self.formulas: list[Markup] = []
        self.marks = f"{secrets.token_hex(16)}-"

    def heading(self, text: str, level: int, **attrs: Any) -> str:  # noqa: ARG002 - mistune's signature
        """With the id that Lab would give it, for links within the notebook."""
        words = re.sub(r"<[^>]*>", "", text).strip().replace(" ", "-")
        return f'<h{level} id="{escape(words)}">{text}</h{level}>\n'

    def block_code(self, code: str, info: str | None = None) -> str:
        words = (info or "").split()
        return f"<pre><code>{escape(code)}</code></pre>" if not words else self._code(code, words[0])

    def _code(self, code: str, language: str) -> str:
        return self._mark(Markup("<pre><code>{}</code></pre>").format(coloured(code, language)))

    def block_math(self, body: str) -> str:
        return self._mark(formula(body, is_block=True))

    def inline_math(self, body: str) -> str:
        return self._mark(formula(body, is_block=False))

    def latex_environment(self, name: str, body: str) -> str:
        return self._mark(formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", is_block=True))

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002 - mistune's signature
        kinds = self.pictures.get(url.removeprefix("attachment:"), {}) if url.startswith("attachment:") else {}
        found = next(((mime, kinds[mime]) for mime in ("image/svg+xml", "image/png", *kinds) if mime in kinds), None)
        if found and found[0] == "image/svg+xml" and found[1].lstrip().startswith("<"):
            return ""  # markup where base64 should be
        source = f"data:{found[0]};base64,{''.join(found[1].split())}" if found else url
        return str(Markup('<img src="{}" alt="{}">').format(source, re.sub(r"<[^>]*>", "", text)))

    def _mark(self, made: Markup) -> str:
        self.formulas.append(made)
        return f'<data value="{self.marks}{len(self.formulas) - 1}"></data>'


def markdown(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> Markup:
    """Harmless HTML of a cell in Markdown."""
    if len(source) > MOST or source.count("\\begin{") > MOST_MATHS or _NESTED.search(source):
        return Markup("<pre>{}</pre>").format(source)
    renderer = _Renderer(attachments or {})
    try:
        made = MarkdownWithMath(renderer=renderer).render(source)
    except RecursionError:
        return Markup("<pre>{}</pre>").format(source)
    cleaned = clean(made, renderer.marks)
    filled = re.sub(
        rf'<data value="{renderer.marks}(\d+)"></data>', lambda found: renderer.formulas[int(found[1])], cleaned
    )
    return Markup(filled)  # noqa: S704 - cleaned, with what this package made in its gaps
