"""Hostile notebooks in a real browser: no request leaves, no script runs; in the frame and at the frame's own address.

Two walls stand, the cleaning and the document's policy. Each is attacked alone as well, so that neither rests on the
other; and the attacks are tried without both, so that it is seen that they work.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Error, Page, Route

from hostile_html import ELSEWHERE, FRAGMENTS, MARKDOWN, cells_of
from notebooks_made import code, made, rendered, shown, words
from terraspawner.preview import page as document

pytestmark = pytest.mark.browser


@dataclass(kw_only=True)
class Stage:
    """Serves documents; `frame` is a page of ours with one of them in its frame."""

    url: str
    documents: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)

    def show(self, body: bytes, headers: dict[str, str]) -> None:
        self.documents["/document"] = body, headers
        frame = f'<!doctype html><title>ours</title><iframe src="/document" sandbox="{document.SANDBOX}"></iframe>'
        self.documents["/frame"] = frame.encode(), {"Content-Security-Policy": "frame-src 'self'"}
        # without the frame's own bounds, so that those of the document are seen
        self.documents["/bare"] = frame.replace(f' sandbox="{document.SANDBOX}"', "").encode(), {}


@contextmanager
def staged() -> Iterator[Stage]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, headers = stage.documents.get(self.path.partition("?")[0], (b"", {}))
            self.send_response(200 if body else 404)
            for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stage = Stage(url=f"http://127.0.0.1:{server.server_port}")
    yield stage
    server.shutdown()
    server.server_close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made_here:
        yield made_here


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    yield opened
    context.close()


def effects_of(visitor: Page, stage: Stage, address: str) -> set[str]:
    """What a document did: where it asked, whether a script of it ran, where it led."""
    found: set[str] = set()

    def ask(route: Route) -> None:
        if route.request.url.startswith((stage.url, "data:")):
            route.continue_()
            return
        found.add(f"asked {route.request.url}")
        route.abort()

    visitor.context.route("**/*", ask)
    visitor.on("dialog", lambda dialog: (found.add("dialog"), dialog.dismiss()))
    visitor.goto(f"{stage.url}{address}", wait_until="load")
    for frame in [each for each in visitor.frames if each.url.startswith(stage.url)]:
        try:
            # by Chromium's own tools: a page without scripts answers them too
            found |= {"ran"} if frame.evaluate("() => document.title") == "owned" else set()
        except Error:
            found.add("went away")
    found |= {f"went {frame.url}" for frame in visitor.frames if not frame.url.startswith(stage.url)}
    visitor.context.unroute("**/*")
    return found


def hostile(*fragments: str) -> bytes:
    return made(*[cell for fragment in fragments for cell in cells_of(fragment)], *map(words, MARKDOWN.values()))


@pytest.mark.feature("E4")
def test_a_hostile_notebook_neither_asks_nor_runs_in_the_frame_or_alone(visitor: Page, stage: Stage) -> None:
    html = rendered(hostile(*FRAGMENTS.values()))
    stage.show(document.page("hostile", html.encode()), dict(document.HEADERS))
    for address in ("/frame", "/document", "/document?theme=dark"):
        assert effects_of(visitor, stage, address) == set()
    assert visitor.title() == "hostile"


@pytest.mark.full
@pytest.mark.parametrize("what", FRAGMENTS)
def test_each_wall_stands_without_the_other(visitor: Page, stage: Stage, what: str) -> None:
    clean = document.page("hostile", rendered(hostile(FRAGMENTS[what])).encode())
    stage.show(clean, {})
    assert effects_of(visitor, stage, "/bare") == set()
    raw = document.page("hostile", FRAGMENTS[what].encode())
    stage.show(raw, dict(document.HEADERS))
    for address in ("/bare", "/document"):
        assert {each for each in effects_of(visitor, stage, address) if "went" not in each} == set()


@pytest.mark.full
def test_the_attacks_work_where_there_is_no_wall(visitor: Page, stage: Stage) -> None:
    seen = {}
    for what, fragment in FRAGMENTS.items():
        stage.show(document.page("hostile", fragment.encode()), {})
        seen[what] = effects_of(visitor, stage, "/document")
    assert {
        what for what in ("script", "handler", "details that open", "svg in line") if "ran" not in seen[what]
    } == set()
    asks = ("picture elsewhere", "style sheet", "iframe", "link element", "media", "background", "meta", "object")
    assert {what for what in asks if not any(each.startswith("asked") for each in seen[what])} == set()


@pytest.mark.full
def test_a_link_opens_a_new_tab_and_leaves_the_page_where_it_is(visitor: Page, stage: Stage) -> None:
    source = f'<a href="{ELSEWHERE}/top" target="_top">there</a> [within](#end)\n\n{"text " * 3000}\n\n# end'
    stage.show(document.page("links", rendered(made(words(source))).encode()), dict(document.HEADERS))
    visitor.context.route(f"{ELSEWHERE}/**", lambda route: route.fulfill(body="elsewhere"))
    visitor.goto(f"{stage.url}/frame")
    frame = visitor.frame_locator("iframe")
    with visitor.context.expect_page() as opened:
        frame.get_by_role("link", name="there").click()
    assert opened.value.url == f"{ELSEWHERE}/top"
    assert opened.value.evaluate("window.opener") is None
    frame.get_by_role("link", name="within").click()
    visitor.wait_for_function("() => true")
    assert visitor.url == f"{stage.url}/frame"
    assert visitor.frames[1].url == f"{stage.url}/document#nb-end"


@pytest.mark.full
def test_a_picture_that_is_a_program_is_a_picture(visitor: Page, stage: Stage) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="document.title=\'owned\'">'
        f'<script>document.title="owned"</script><image href="{ELSEWHERE}/s" width="9" height="9"/>'
        '<rect width="40" height="40" fill="green"/></svg>'
    )
    encoded = base64.b64encode(svg.encode()).decode()
    cells = [
        code("", shown(image_svg_xml=svg)),
        words("![p](attachment:a)", attachments={"a": {"image/svg+xml": encoded}}),
    ]
    stage.show(document.page("pictures", rendered(made(*cells)).encode()), {})
    assert effects_of(visitor, stage, "/document") == set()
    drawn = visitor.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert drawn == [40, 40]
