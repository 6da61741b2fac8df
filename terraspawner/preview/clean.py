"""The allow list that every fragment of HTML out of a notebook passes (nh3, which parses as browsers do).

Fragment by fragment, so that none closes or swallows what stands round it. What it lets through can run nothing,
send nothing and leads nowhere but to a new tab. Classes and ids that we use ourselves cannot be taken: ids get a
prefix, and classes are for tables alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import nh3
from markupsafe import Markup

PREFIX = "nb-"
"""In front of every id of a notebook's, and of what leads to it."""
OWN = "nbp-"
"""Our own classes begin so."""

_STYLES = """color background background-color opacity
    border border-top border-right border-bottom border-left border-collapse border-spacing border-color border-style
    border-width border-radius border-top-color border-right-color border-bottom-color border-left-color
    margin margin-top margin-right margin-bottom margin-left padding padding-top padding-right padding-bottom
    padding-left width min-width max-width height min-height max-height overflow overflow-x overflow-y
    display float clear text-align text-decoration text-indent text-transform text-overflow vertical-align
    white-space word-break
    font font-family font-size font-style font-weight line-height letter-spacing caption-side table-layout
    list-style list-style-type flex flex-direction flex-wrap gap justify-content align-items columns"""
STYLES = frozenset(_STYLES.split())
"""Properties with which a fragment can adorn itself and not cover another."""
_FUNCTIONS = frozenset({"", "rgb", "rgba", "hsl", "hsla", "calc", "linear-gradient"})
_CALLS = re.compile(r"([\w-]*)\s*\(")

_TAGS = (nh3.ALLOWED_TAGS - {"map", "area"}) | {"tfoot", "font", "progress", "meter"}
_GONE = """script style svg math iframe frame frameset object embed applet noscript template textarea select option
    title head xmp noembed noframes plaintext audio video canvas portal"""
_WITH_CONTENT = frozenset(_GONE.split())
_TABLE = ("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "col", "colgroup")
_ATTRIBUTES: dict[str, set[str]] = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items() if tag in _TAGS},
    "*": {"title", "style", "dir", "lang", "id"},
    "a": {"href"},
    "data": {"value"},
    "font": {"color", "size"},
    "progress": {"value", "max"},
    "meter": {"value", "min", "max", "low", "high", "optimum"},
    "details": {"open"},
}
for _tag in (*_TABLE, "ol", "ul", "dl"):
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {"class"}
_ATTRIBUTES["table"] |= {"border"}

DEEPEST = 500
"""Elements in elements; browsers go no deeper than about this."""
_ELEMENT = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_OPEN_ENDED = """area base br col embed hr img input link meta source track wbr p li dt dd tr td th thead tbody tfoot
    colgroup option"""
_END_ALONE = frozenset(_OPEN_ENDED.split())
_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(png|jpe?g|gif|webp|bmp|svg\+xml);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_OUTSIDE = re.compile(r"https?://", re.IGNORECASE)
_IMG = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_WITHIN = re.compile(r'(<a href="#[^"]*"[^>]*?) target="_blank"')


def clean(html: str, marks: str = "") -> Markup:
    """`html` as far as it is harmless. `marks` begins the values of `<data>` that are ours to fill in later.

    What is nested too deeply comes as typed: to take it apart would need the square of its depth.
    """
    if _depth(html) > DEEPEST:
        return Markup("<pre>{}</pre>").format(html)

    def keep(tag: str, name: str, value: str) -> str | None:
        if tag == "data":
            return value if marks and value.startswith(marks) else None
        return _kept(tag, name, value)

    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=set(_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=set(STYLES),
        id_prefix=PREFIX,
    )
    # S704: what nh3 wrote is the one HTML that is let through
    return Markup(_IMG.sub(_picture, _WITHIN.sub(r"\1", cleaned)))  # noqa: S704


def _depth(html: str) -> int:
    """How deeply elements are nested, about: those that end by themselves are not counted."""
    if html.count("<") <= DEEPEST:
        return 0
    deepest = depth = 0
    for found in _ELEMENT.finditer(html):
        if found[2].lower() not in _END_ALONE:
            depth = max(0, depth - 1) if found[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def is_style_value(value: str) -> bool:
    """Whether the value of a property names nothing that would be fetched."""
    return not re.search(r'[\\<>@{}"]', value) and {call.lower() for call in _CALLS.findall(value)} <= _FUNCTIONS


def _kept(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return value if is_style_value(value.replace('"', "'")) else None
    if name == "href":
        if value.startswith("#"):
            return f"#{PREFIX}{value[1:]}"
        return value if tag == "a" and _LINK.match(value) else None
    if name == "src":
        return value if _PICTURE.fullmatch(value) or _OUTSIDE.match(value) else None
    if name == "class":
        return " ".join(word for word in value.split() if not word.startswith(OWN))
    return None if name == "cite" else value


def _picture(found: re.Match[str]) -> str:
    """A picture that is in the notebook stays; of another one it is said where it is."""
    values = dict(_ATTRIBUTE.findall(found[1]))
    source, alt = values.get("src", ""), values.get("alt") or "without a name"
    if source.startswith("data:"):
        return found[0]
    if source:
        return (
            f'<a class="{OWN}away" href="{source}" target="_blank" rel="noopener noreferrer nofollow">'
            f"Picture “{alt}”, on another site: the preview does not fetch it</a>"
        )
    return f'<span class="{OWN}away">Picture “{alt}”: it is not in the notebook itself</span>'


def data_picture(mime: str, encoded: str, alt: str, size: Mapping[str, object] | None = None) -> Markup:
    """A picture out of an output. Empty where `encoded` is no base64."""
    source = f"data:{mime};base64,{''.join(encoded.split())}"
    if not _PICTURE.fullmatch(source) or source.endswith(","):
        return Markup()
    sizes = {name: value for name, value in (size or {}).items() if name in ("width", "height")}
    measured = Markup().join(
        Markup(' {}="{}"').format(name, value)
        for name, value in sizes.items()
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000
    )
    return Markup('<img src="{}" alt="{}"{}>').format(source, alt, measured)
