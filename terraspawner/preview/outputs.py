"""What a cell put out, each in the first of its forms that can be shown without scripts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from nbconvert.filters.ansi import ansi2html
from nbconvert.preprocessors.coalescestreams import CR_PAT

from terraspawner.preview.clean import clean, data_picture
from terraspawner.preview.document import Output, mapping_of, text_of
from terraspawner.preview.formulas import output_formula
from terraspawner.preview.markdown import markdown
from terraspawner.preview.styler import styles_of
from terraspawner.preview.widgets import state_of

MOST_TEXT = 100_000
"""Characters of one text; of a longer one the beginning and the end are shown."""
MOST_HTML = 5_000_000
"""Characters of one HTML output, without which the rest is shown."""
_SCRIPTED = ("javascript", "vnd.plotly", "vnd.vega", "vnd.bokeh", "vnd.jupyter.widget", "vnd.holoviews", "geo+json")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
_SVG_HEAD = 5_000
_SHOWS = re.compile(r"<(?:img|hr|progress|meter|table)\b|[^\s<>](?![^<]*>)")


def output_html(output: Output, models: Mapping[str, Any], number: int) -> Markup:
    """The output of cell `number`."""
    if output.kind == "data":
        return _data(output, models, number)
    kind = {"error": " nbp-error", "stderr": " nbp-stderr"}.get(output.name or output.kind, "")
    return Markup('<pre class="nbp-text{}">{}</pre>').format(kind, terminal(output.text))


def terminal(text: str) -> Markup:
    """Text as a terminal would show it in the end: colours, and what a carriage return overwrote is gone."""
    said = CR_PAT.sub("", shortened(text).replace("\r\n", "\n")) if "\r" in text else shortened(text)
    return Markup(ansi2html(said))  # noqa: S704 - it escapes first, then adds spans


def shortened(text: str) -> str:
    """`text`, or its beginning and its end with a line that says what is missing."""
    if len(text) <= MOST_TEXT:
        return text
    begin, end = text[: MOST_TEXT * 3 // 4], text[-MOST_TEXT // 4 :]
    left_out = len(text) - len(begin) - len(end)
    return f"{begin}\n\n… {left_out:,} characters are not shown here; they are in the notebook. …\n\n{end}"


def _data(output: Output, models: Mapping[str, Any], number: int) -> Markup:
    data = output.data
    if _WIDGET in data:
        lines = state_of(data[_WIDGET], models)
        text = "\n".join(lines) or text_of(data.get("text/plain")) or "Widget"
        return Markup('{}<pre class="nbp-text">{}</pre>').format(
            _note("Widget, with its last saved values. Open the notebook to use it."), shortened(text)
        )
    rich = _html(data) or _picture(output, number) or _formatted(data)
    if rich or not data:
        return rich
    plain = _plain(data)
    if "text/html" in data or any(word in mime for mime in data for word in _SCRIPTED):
        note = _note("This output needs scripts, which a preview does not run. Open the notebook to see it.")
        return note + plain
    return plain or _note("This output is of a kind that a preview cannot show. Open the notebook to see it.")


def _note(sentence: str) -> Markup:
    return Markup('<p class="nbp-note">{}</p>').format(sentence)


def _html(data: Mapping[str, Any]) -> Markup:
    html = text_of(data.get("text/html"))
    if not html:
        return Markup()
    if len(html) > MOST_HTML:
        return _note("This HTML output is too large to be shown here. Download the notebook to see it.")
    cleaned = clean(html)
    if not _SHOWS.search(cleaned):
        return Markup()
    return Markup('{}<div class="nbp-html">{}</div>').format(styles_of(html), cleaned)


def _picture(output: Output, number: int) -> Markup:
    data, alt = output.data, text_of(output.data.get("text/plain"))[:200] or f"Picture that cell {number} put out"
    svg = text_of(data.get("image/svg+xml"))
    if svg:
        if "xmlns=" not in svg[:_SVG_HEAD]:  # a page draws it without; as a picture it needs its name
            svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        encoded = base64.b64encode(svg.encode(errors="replace")).decode()
        return data_picture("image/svg+xml", encoded, alt)
    for mime in _PICTURES:
        made = data_picture(mime, text_of(data.get(mime)), alt, mapping_of(output.metadata.get(mime)))
        if made:
            return made
    return Markup()


def _formatted(data: Mapping[str, Any]) -> Markup:
    if said := text_of(data.get("text/markdown")):
        return Markup('<div class="nbp-html">{}</div>').format(markdown(said))
    if said := text_of(data.get("text/latex")):
        return Markup('<div class="nbp-html">{}</div>').format(output_formula(said))
    return Markup()


def _plain(data: Mapping[str, Any]) -> Markup:
    if said := text_of(data.get("text/plain")):
        return Markup('<pre class="nbp-text">{}</pre>').format(terminal(said))
    if "application/json" in data:
        return Markup('<pre class="nbp-text">{}</pre>').format(_json(data["application/json"]))
    return Markup()


def _json(value: Any) -> str:
    try:
        return shortened(json.dumps(value, indent=2, ensure_ascii=False))
    except RecursionError:
        return "(nested too deeply to be shown)"
