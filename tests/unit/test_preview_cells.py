"""What of a notebook a preview shows, and how."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup

from notebooks_made import code, failed, made, rendered, said, shown, words
from terraspawner.preview import document
from terraspawner.preview.document import Unreadable

pytestmark = pytest.mark.slow  # nbconvert takes a second to load

PIXEL = base64.b64encode(b"\x89PNG\r\n").decode()


def text_of(html: str) -> str:
    return BeautifulSoup(html, "html.parser").get_text()


@pytest.mark.feature("E4")
@pytest.mark.parametrize(
    ("cell", "there"),
    [
        (words("# A title"), '<h1 id="nb-A-title">A title</h1>'),
        (words("[there](#A-title)"), '<a href="#nb-A-title" rel="noopener noreferrer nofollow">there</a>'),
        (words("[out](https://example.org)"), 'href="https://example.org" target="_blank"'),
        (words(["two ", "lines"]), "two lines"),
        (words("$x^2$"), "<msup><mi>x</mi><mn>2</mn></msup>"),
        (words("$$\\frac{a}{b}$$"), '<math display="block"><mrow><mfrac>'),
        (words("\\begin{align} a &= b \\end{align}"), "<mtable"),
        (words("$\\nosuch{x}$"), '<code class="nbp-formula">\\nosuch{x}</code>'),
        (words("$\\text{a < b}$"), "a\u00a0&lt;\u00a0b"),
        (words("|a|b|\n|-|-|\n|1|2|"), "<td>1</td>"),
        (words("```r\nx <- 1\n```"), '<span class="hl-n">x</span>'),
        (
            words("![p](attachment:a.png)", attachments={"a.png": {"image/png": PIXEL}}),
            f"data:image/png;base64,{PIXEL}",
        ),
        (words("![p](attachment:gone.png)"), "it is not in the notebook itself"),
        (words("![p](https://example.org/p.png)"), "on another site: the preview does not fetch it"),
        (code("x = 1  # why"), '<span class="hl-c1"># why</span>'),
        (code("%%R\nx <- 1"), '<span class="hl-o">&lt;-</span>'),
        (code("", said("\x1b[31mred\x1b[0m")), '<span class="ansi-red-fg">red</span>'),
        (code("", said("10%\r20%\r100%\ndone")), "100%\ndone"),
        (code("", said("one "), said("two")), "one two"),
        (code("", said("a"), said("b", "stderr")), 'nbp-stderr">b'),
        (code("", failed("\x1b[0;31mZeroDivisionError\x1b[0m: <b>")), "&lt;b&gt;"),
        (code("", {"output_type": "error", "ename": "E", "evalue": "why"}), "E: why"),
        (code("", shown(image_png=PIXEL + "\n")), f'<img src="data:image/png;base64,{PIXEL}"'),
        (code("", shown(image_svg_xml="<svg></svg>")), "data:image/svg+xml;base64,"),
        (code("", shown(text_latex="$\\displaystyle x_1$")), "<msub><mi>x</mi><mn>1</mn></msub>"),
        (code("", shown(text_markdown="**bold**")), "<strong>bold</strong>"),
        (code("", shown(application_json={"a": 1})), "&#34;a&#34;: 1"),
        (code("", shown(text_html="<script>x</script>", text_plain="else")), "else"),
        (code("", shown(application_javascript="x()")), "needs scripts"),
        (code("", shown(application_pdf="x")), "of a kind that a preview cannot show"),
        (code("x", jupyter={"source_hidden": True}), "<summary>Code</summary>"),
        (code("x", said("y"), jupyter={"outputs_hidden": True}), "<summary>Output</summary>"),
        ({"cell_type": "raw", "source": "<b>raw</b>"}, "&lt;b&gt;raw"),
    ],
)
def test_what_a_cell_becomes(cell: dict[str, Any], there: str) -> None:
    assert there in rendered(made(cell, language_info={"name": "python"}))


def test_what_pandas_makes_keeps_its_table_and_its_colours() -> None:
    sheet = (
        "<style type='text/css'>#T_ab1_row0_col0, #T_ab1_row1_col0 {background-color: #ff0000; color: #f1f1f1}</style>"
    )
    table = (
        "<table id='T_ab1' class='dataframe'><tr><td id='T_ab1_row0_col0' class='data row0 col0'>1</td></tr></table>"
    )
    html = rendered(made(code("", shown(text_html=sheet + table, text_plain="0 1"))))
    assert "#nb-T_ab1_row0_col0,#nb-T_ab1_row1_col0{background-color:#ff0000;color:#f1f1f1}" in html
    assert '<td id="nb-T_ab1_row0_col0" class="data row0 col0">1</td>' in html


def test_a_widget_shows_its_last_state_as_text() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "box"}, "text/plain": "VBox(…)"}
    state = {
        "box": {"model_name": "VBoxModel", "state": {"children": ["IPY_MODEL_one", "IPY_MODEL_box", "IPY_MODEL_no"]}},
        "one": {"model_name": "IntSliderModel", "state": {"description": "Size <b>", "value": 7}},
    }
    output = {"output_type": "display_data", "metadata": {}, "data": view}
    html = rendered(made(code("", output), widgets={"application/vnd.jupyter.widget-state+json": {"state": state}}))
    assert "IntSlider “Size <b>”: 7" in text_of(html)
    assert "VBox(…)" in text_of(rendered(made(code("", output))))


def test_r_is_coloured_as_r() -> None:
    assert '<span class="hl-o">&lt;-</span>' in rendered(made(code("x <- 1"), language_info={"name": "R"}))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b'{"cells": [', "only part of a file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "no list of cells"),
        (b"7", "no list of cells"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 9, "cells": []}', "format that is not known"),
        (b'{"nbformat": 3}', "old format 3"),
        (b"[" * 200_000, "nested too deeply"),
        (b"{}," * 1_000_000, "too many small values"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_sentence(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as refusal:
        rendered(body)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("odd", [None, 7, "x", [], ["x"], {}, {"x": 1}, [[1]], True, 1e300])
def test_a_value_of_the_wrong_kind_costs_no_more_than_itself(odd: Any) -> None:
    cell = dict.fromkeys(("cell_type", "source", "metadata", "outputs", "attachments", "execution_count"), odd)
    output = dict.fromkeys(("data", "metadata", "text", "name", "traceback", "ename"), odd)
    kinds = [{**output, "output_type": kind} for kind in ("stream", "error", "display_data", "execute_result", odd)]
    data = {
        "output_type": "display_data",
        "metadata": odd,
        "data": {"text/html": odd, "image/png": odd, "text/plain": odd},
    }
    widget = {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": odd}}
    html = rendered(made(odd, cell, {**code("", *kinds, data, widget)}, words("the end"), kernelspec=odd, widgets=odd))
    assert "the end" in html


def test_an_old_notebook_is_brought_to_the_present_format() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "metadata": {}, "source": "Old"}]}],
    }
    assert "Old</h2>" in rendered(json.dumps(old).encode())


def test_what_is_left_out_is_said() -> None:
    many = rendered(made(*[code(str(number)) for number in range(document.MOST_CELLS + 3)]))
    assert "3 more cells are not shown here" in many
    assert many.count("nbp-code") == document.MOST_CELLS
    long = rendered(made(code("", said("begin" + "x" * 500_000 + "end"))))
    assert re.search(r"begin.*characters are not shown here.*end", text_of(long), re.DOTALL)
    outputs = rendered(made(code("", *[shown(text_plain=str(n)) for n in range(document.MOST_OUTPUTS + 2)])))
    assert "2 more outputs of this cell are not shown here" in outputs
    wide = rendered(made(*[code("", shown(image_png="A" * 11_000_000)) for _ in range(5)], words("far")))
    assert "3 more cells are not shown here" in wide


def test_after_much_work_the_rest_is_as_typed() -> None:
    ticks = iter([0.0, 0.0, 1e9])
    html = rendered(made(words("# one"), words("# two"), code("x = 1")), lambda: next(ticks, 0.0))
    assert ">one</h1>" in html
    assert "# two" in html
    assert "hl-" not in html
    assert "from here on code has no colours" in html


@pytest.mark.parametrize("deep", ["<div>" * 100_000, "<b><i>" * 50_000, "> " * 50_000, "\\begin{a}" * 20_000])
def test_what_is_nested_without_end_is_shown_as_typed(deep: str) -> None:
    assert "<pre" in rendered(made(words(deep), code("", shown(text_html=deep))))


def test_halves_of_characters_and_nul_are_replaced() -> None:
    html = rendered(b'{"cells": [{"cell_type": "markdown", "source": "a\\ud800b\\u0000c"}], "nbformat": 4}')
    assert "a?b\ufffdc" in html
    html.encode()
