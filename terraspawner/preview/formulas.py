"""LaTeX to MathML, which browsers show without scripts.

latex2mathml hands on what it finds as markup (``\\text{<script>}``, ``\\href{javascript:…}``), so its text is never
used: its tree is written out here, by a list of elements and attributes. What it does not know is shown as typed.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markupsafe import Markup

MOST = 5_000
"""Characters of one formula that is set; a longer one is shown as typed."""
_DEEPEST = 100
_NAMES = """math mrow mi mo mn mtext mspace ms mfrac msqrt mroot msub msup msubsup munder mover munderover mtable
    mtr mtd mstyle mpadded mphantom menclose mmultiscripts mprescripts none mlabeledtr"""
_ELEMENTS = frozenset(_NAMES.split())
_OF_THEM = """display displaystyle scriptlevel mathvariant stretchy fence form separator movablelimits accent
    accentunder linethickness columnalign rowspacing columnspacing columnlines rowlines width
    height depth lspace rspace minsize maxsize symmetric largeop notation mathcolor mathbackground"""
_ATTRIBUTES = frozenset(_OF_THEM.split())
_VALUE = re.compile(r"[\w#.%+ -]*")
_REFERENCE = re.compile(r"&#x([0-9A-Fa-f]{1,6});")
_WRAPPERS = (("$$", "$$"), ("\\[", "\\]"), ("$", "$"), ("\\(", "\\)"))


class _Unknown(Exception):
    """latex2mathml did not understand this."""


def formula(latex: str, *, is_block: bool) -> Markup:
    """MathML of `latex`, without the marks around it; the formula as typed where that does not work."""
    text = latex.strip()
    as_typed = Markup('<code class="nbp-formula">{}</code>').format(latex)
    if not text or len(text) > MOST or _depth(text) > _DEEPEST:
        return as_typed
    try:
        return _written(convert_to_element(text, display="block" if is_block else "inline"))
    except Exception:  # noqa: BLE001 - any input at all comes in here, and a formula is worth no cell
        return as_typed


def output_formula(latex: str) -> Markup:
    """The formula of an output, which comes with its marks."""
    text = latex.strip()
    for begin, end in _WRAPPERS:
        if text.startswith(begin) and text.endswith(end) and len(text) > len(begin) + len(end):
            text = text[len(begin) : -len(end)]
            break
    return formula(text.replace("\\displaystyle", "", 1), is_block=True)


def _depth(text: str) -> int:
    deepest = depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        deepest = max(deepest, depth)
    return deepest


def _written(element: Element) -> Markup:
    if element.tag not in _ELEMENTS:
        raise _Unknown
    text = _REFERENCE.sub(lambda found: chr(int(found[1], 16)), element.text or "")
    if element.tag != "mtext" and text.startswith("\\") and len(text) > 1:
        raise _Unknown  # a command that it hands on as it stands
    attributes = Markup().join(
        Markup(' {}="{}"').format(name, value)
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _VALUE.fullmatch(value)
    )
    inside = Markup().join(_written(child) + Markup("{}").format(_tail(child)) for child in element)
    return Markup("<{tag}{attributes}>{text}{inside}</{tag}>").format(
        tag=element.tag, attributes=attributes, text=text, inside=inside
    )


def _tail(element: Element) -> str:
    return _REFERENCE.sub(lambda found: chr(int(found[1], 16)), element.tail or "")
