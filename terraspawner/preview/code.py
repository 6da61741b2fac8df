"""Code in colours, by Pygments. Its lexers are loaded beforehand: where notebooks are read no file can be opened."""

from __future__ import annotations

from functools import cache

from ipython_pygments_lexers import IPython3Lexer
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name

MOST = 50_000
"""Characters of a cell that is coloured; a longer one is shown plain."""
_OWN_NAMES = {"ipython": "python", "ipython3": "python", "python3": "python", "ir": "r", "shell": "bash", "sh": "bash"}
_KNOWN = """r bash console julia sql json yaml html xml css javascript typescript markdown c cpp java scala
    latex perl ruby go rust matlab octave fortran stata diff ini toml make docker"""
_FORMATTER = HtmlFormatter(nowrap=True, classprefix="hl-")


@cache
def _lexers() -> dict[str, Lexer]:
    found = {name: get_lexer_by_name(name, stripnl=False) for name in _KNOWN.split()}
    return found | {"python": IPython3Lexer(stripnl=False), "text": get_lexer_by_name("text", stripnl=False)}


def coloured(source: str, language: str) -> Markup:
    """`source` with spans for its parts; escaped alone where the language is not known or there is very much."""
    name = language.lower().strip()
    lexer = _lexers().get(_OWN_NAMES.get(name, name))
    if lexer is None or len(source) > MOST:
        return Markup("{}").format(source)
    return Markup(str(highlight(source, lexer, _FORMATTER)).rstrip("\n"))  # noqa: S704 - Pygments escapes what it colours
