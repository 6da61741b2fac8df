"""The document that shows a preview, alone or in a frame, and the policy it is sent with.

The policy makes its address as safe as the frame: no script, an origin of its own that no cookie belongs to
(``sandbox``), and nothing that could be fetched, pictures in the document excepted. Styles may stand in line: with
every other source shut they can fetch nothing, and pandas colours tables so. Links open a new tab, which is outside
the sandbox again (``allow-popups…``); nothing in the document can move the page round it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none';"
        f" frame-ancestors 'self'; sandbox {SANDBOX}"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
THEMES = ("light", "dark")


@cache
def _style() -> Markup:
    return Markup((Path(__file__).parent / "preview.css").read_text())  # noqa: S704 - a file of ours


def page(title: str, inside: bytes, theme: str = "") -> bytes:
    """The whole document round HTML (UTF-8) that `cells.render` made. Without a `theme` the browser's own counts."""
    chosen = Markup(' data-theme="{}"').format(theme) if theme in THEMES else Markup()
    head = Markup(
        '<!doctype html>\n<html lang="en"{}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="{}">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n'
    ).format(chosen, theme if theme in THEMES else "light dark", title, _style())
    return b"".join((head.encode(errors="replace"), inside, b"\n</main>\n</body>\n</html>\n"))


def sentence_page(title: str, sentence: str, theme: str = "") -> bytes:
    """The document that says in a sentence why there is nothing else to see."""
    said = Markup('<p class="nbp-note nbp-refusal" role="alert">{}</p>').format(sentence)
    return page(title, said.encode(errors="replace"), theme)
