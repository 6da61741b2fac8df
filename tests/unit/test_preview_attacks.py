"""Hostile notebooks become harmless HTML: held by another parser than the one that cleans."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup, Tag

import hostile_html
from notebooks_made import code, made, rendered, shown, words
from terraspawner.preview.page import HEADERS, page

pytestmark = pytest.mark.slow  # nbconvert takes a second to load

FORBIDDEN = {
    *(
        "script",
        "svg",
        "iframe",
        "object",
        "embed",
        "applet",
        "link",
        "meta",
        "base",
        "form",
        "input",
        "button",
        "video",
    ),
    *("audio", "source", "textarea", "template", "noscript", "frame", "frameset", "portal", "foreignobject", "select"),
}
MATHML = re.compile(r"math|m[a-z]+|none")
OURS = re.compile(r"http://elsewhere\.invalid[^\s]*|https?://x/.*|#nb-.*")


def faults_of(html: str) -> list[str]:
    """What in `html` could run, fetch, lead elsewhere than to a new tab, or pose as a part of ours."""
    return [fault for tag in BeautifulSoup(html, "html.parser").find_all(True) for fault in faults_of_tag(tag)]


def faults_of_tag(tag: Tag) -> list[str]:
    faults = [f"<{tag.name}>"] if tag.name in FORBIDDEN else []
    for name, listed in tag.attrs.items():
        value = " ".join(listed) if isinstance(listed, list) else str(listed)
        if name.startswith("on") or name in ("srcdoc", "srcset", "action", "formaction", "background", "ping", "name"):
            faults.append(f"{tag.name} {name}")
        if name == "src" and not re.fullmatch(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]*", value):
            faults.append(f"{tag.name} {name}={value}")
        if name == "href" and not (tag.name == "a" and OURS.fullmatch(value)):
            faults.append(f"{tag.name} {name}={value}")
        if name == "target" and value != "_blank":
            faults.append(f"{tag.name} {name}={value}")
        if name == "style" and re.search(r"url|\\|image-set|position|expression|behavior", value):
            faults.append(f"{tag.name} {name}={value}")
        if name == "id" and not value.startswith("nb-"):
            faults.append(f"{tag.name} {name}={value}")
    if tag.name == "style" and re.search(r"url|@|body|\*|\\|<", tag.get_text()):
        faults.append(f"<style> {tag.get_text()}")
    return faults


@pytest.mark.feature("E4")
@pytest.mark.parametrize("what", hostile_html.FRAGMENTS)
def test_no_fragment_is_more_than_something_to_read_wherever_it_stands(what: str) -> None:
    html = rendered(made(*hostile_html.cells_of(hostile_html.FRAGMENTS[what]), language_info={"name": "python"}))
    assert faults_of(html) == []
    assert "elsewhere.invalid" not in re.sub(r'<a [^>]*href="[^"]*"[^>]*>|<pre.*?</pre>', "", html, flags=re.DOTALL)


@pytest.mark.parametrize("what", hostile_html.MARKDOWN)
def test_markdown_leads_to_nothing_that_html_may_not(what: str) -> None:
    source = hostile_html.MARKDOWN[what]
    picture = {"a.png": {"image/svg+xml": "<svg onload=alert(1)>", "image/png": '" onerror="x'}}
    html = rendered(made(words(source, attachments=picture), code("", shown(text_markdown=source))))
    assert faults_of(html) == []


@pytest.mark.parametrize("name", ["metadata", "kernelspec", "language_info", "widgets"])
def test_metadata_of_any_kind_is_never_markup(name: str) -> None:
    fragment = hostile_html.FRAGMENTS["handler"]
    for value in (fragment, {"name": fragment, "language": fragment}, [fragment], 7, None):
        assert faults_of(rendered(made(code("x = 1", shown(text_plain="1")), **{name: value}))) == []


def test_the_attacks_would_be_seen() -> None:
    seen = {what for what, fragment in hostile_html.FRAGMENTS.items() if faults_of(fragment)}
    # what only a browser takes for something, which the test in Chromium sees
    assert set(hostile_html.FRAGMENTS) - seen <= {
        *("placeholder", "cdata", "comment", "style in escapes", "script in pieces", "title mutation", "xmp")
    }


def test_each_cell_stays_where_it_is_whatever_one_of_them_opens() -> None:
    for opened in ("<div><table><tr><td>", "</section></main>", "<!--", "<pre>", "<details>", "<b><i>", '<a href="'):
        html = rendered(made(words(opened), words("after it"), code("", shown(text_html=opened)), words("at the end")))
        parsed = BeautifulSoup(html, "html.parser")
        assert [section.parent.name for section in parsed.find_all("section") if section.parent] == ["[document]"] * 4
        assert parsed.find_all("section")[-1].get_text(strip=True) == "at the end"


def test_the_policy_of_the_document_lets_nothing_run_or_load() -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert {name for name in policy if name.endswith("-src")} == {"default-src", "img-src", "style-src"}
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert "top-navigation" not in policy["sandbox"]
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert HEADERS["X-Content-Type-Options"] == "nosniff"


def test_a_title_is_text() -> None:
    head = page("</title><script>x</script>", b"", 'dark" onload="x').decode().partition("</head>")[0]
    assert "<script>" not in head
    assert "onload" not in head.replace("&#34;", '"').partition("<head>")[0]
