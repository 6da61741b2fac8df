"""The pages, as a browser without scripts gets them; what scripts do is for the browser tests."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from terraspawner.db import records
from terraspawner.domain.environment import CANCELLABLE, LIVE, State, allowed_events
from terraspawner.operations import environments, identities, notebooks, trash
from terraspawner.operations.notebooks import Place
from terraspawner.web import pages
from tests.web.sites import PREFIX, Site

pytestmark = pytest.mark.slow

PAGE = f"{PREFIX}/workspaces/ana/alpha"


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


async def test_pages_wear_the_hubs_look_and_run_no_inline_script(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    for url in (f"{PREFIX}/", PAGE, f"{PREFIX}/nothing"):
        answer = await browser.client.get(url)
        page = Reader(answer.text)
        assert "/hub/static/css/style.min.css" in [link.get("href") for link in page.all("link")]
        assert page.all("script")
        assert all(script.get("src") for script in page.all("script"))
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") or name == "style" for name in attrs)]
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert 'href="/hub/token"' in answer.text or answer.status_code == 404
        assert "/hub/home" not in answer.text


def test_words_of_pages_have_colours_that_can_be_read_in_the_dark() -> None:
    """Bootstrap's `text-danger` and its like are the same on both grounds; those for emphasis are not."""
    web = Path(pages.__file__).parent
    ours = [*web.glob("templates/*.html"), *web.glob("hub_templates/*.html"), *web.glob("static/*.js")]
    dark = re.compile(r"\btext-(danger|success|warning|info)\b(?!-emphasis)")
    assert {file.name for file in ours if dark.search(file.read_text())} == set()
    button = '[data-bs-theme="dark"] .terra .btn-outline-danger { --bs-btn-color: var(--bs-danger-text-emphasis); }'
    assert button in (web / "static" / "terra.css").read_text()


async def test_every_form_carries_the_xsrf_token_and_every_field_a_label(site: Site) -> None:
    site.running(site.workspace())
    notebooks.create_notebook(site.context, Place(user="ana", namespace="ana", name="alpha", path="a"), "python3")
    browser = await site.browser()
    for url in (f"{PREFIX}/", PAGE, f"{PREFIX}/open/ana/alpha/notebooks/a.ipynb"):
        page = Reader((await browser.client.get(url, follow_redirects=False)).text)
        fields = [field for field in page.all("input") if field.get("type") != "hidden"]
        labelled = {label.get("for") for label in page.all("label")}
        assert {field.get("id") for field in [*fields, *page.all("select")]} <= labelled
        tokens = [field for field in page.all("input") if field.get("name") == "_xsrf"]
        assert len(tokens) == len([form for form in page.all("form") if form.get("method") == "post"])


async def test_without_a_workspace_the_page_says_what_one_is(site: Site) -> None:
    browser = await site.browser()
    text = (await browser.client.get(f"{PREFIX}/")).text
    assert "You have no workspace yet" in text
    assert "$0.06 an hour" in text
    assert "$2.00 a month" in text


async def test_a_workspace_is_created_by_the_form(site: Site) -> None:
    browser = await site.browser()
    made = await browser.submit(f"{PREFIX}/workspaces", namespace="ana", name="alpha")
    assert (made.status_code, made.headers["location"]) == (303, PAGE)
    assert "alpha" in (await browser.client.get(f"{PREFIX}/")).text


@pytest.mark.parametrize("name", ["", "../x", "party 🎉", "<b>bold</b>", "x" * 60])
async def test_a_refused_name_stands_beside_its_field_with_the_reason(site: Site, name: str) -> None:
    browser = await site.browser()
    answer = await browser.submit(f"{PREFIX}/workspaces", namespace="ana", name=name)
    assert answer.status_code == 422
    page = Reader(answer.text)
    (field,) = [field for field in page.all("input") if field.get("name") == "name"]
    assert field["value"] == name
    assert field["aria-invalid"] == "true"
    assert "workspace-name-error" in (field["aria-describedby"] or "")
    assert "<b>" not in answer.text
    assert "You have no workspace yet" in answer.text


async def test_a_notebook_is_created_by_the_form_and_opens(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    made = await browser.submit(f"{PAGE}/notebooks", title="Zeichnung für Ärzte", kernel="python3")
    assert made.status_code == 303
    assert made.headers["location"] == f"{PREFIX}/open/ana/alpha/notebooks/Zeichnung%20f%C3%BCr%20%C3%84rzte.ipynb"
    assert "Zeichnung für Ärzte.ipynb" in (await browser.client.get(PAGE)).text
    again = await browser.submit(f"{PAGE}/notebooks", title="zeichnung für ärzte", kernel="python3")
    assert again.status_code == 409
    assert "differs only in case" in again.text


async def test_a_form_that_htmx_sent_moves_on_only_when_it_made_something(site: Site) -> None:
    browser = await site.browser()
    made = await browser.submit(f"{PREFIX}/workspaces", htmx=True, namespace="ana", name="alpha")
    assert (made.status_code, made.headers["hx-redirect"]) == (200, PAGE)
    opens = await browser.submit(f"{PAGE}/notebooks", htmx=True, title="a", kernel="python3")
    assert opens.headers["hx-redirect"] == f"{PREFIX}/open/ana/alpha/notebooks/a.ipynb"
    refused = await browser.submit(f"{PAGE}/notebooks", htmx=True, title="sub/", kernel="python3")
    assert refused.status_code == 422
    assert "hx-redirect" not in refused.headers
    assert "ends with &#39;/&#39;; put the notebook&#39;s name after it" in refused.text
    selected = [form for form in Reader(refused.text).all("form") if form.get("hx-post") == f"{PAGE}/notebooks"]
    assert [form["hx-select"] for form in selected] == [f"#{form['id']}" for form in selected]


async def test_the_address_of_a_form_shows_the_page_that_it_is_on(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    for form, page in ((f"{PREFIX}/workspaces", f"{PREFIX}/"), (f"{PAGE}/notebooks", PAGE)):
        answer = await browser.client.get(form, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, page)


async def test_a_notebook_is_deleted_on_the_page_and_that_is_said(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    await browser.submit(f"{PAGE}/notebooks", title="sub/it's", kernel="python3")
    buttons = Reader((await browser.client.get(f"{PAGE}?folder=sub")).text).all("button")
    (path,) = {button["data-value"] for button in buttons if button.get("data-fill") == "path"}
    assert path == "sub/it's.ipynb"
    done = await browser.submit(f"{PAGE}/notebooks/delete", path=path)
    assert done.status_code == 303
    after = (await browser.client.get(done.headers["location"])).text
    assert "The notebook is in the trash." in after
    assert "There is no notebook in this folder." in after
    (undo,) = re.findall(r'name="trash_id" value="([0-9a-f]{16})"', after)
    back = await browser.submit(f"{PAGE}/notebooks/undo", trash_id=undo)
    assert "it&#39;s.ipynb" in (await browser.client.get(back.headers["location"])).text
    late = await browser.submit(f"{PAGE}/notebooks/undo", trash_id=undo)
    assert late.status_code == 409
    await browser.submit(f"{PAGE}/notebooks/delete", path=path)
    assert "No notebooks yet." in (await browser.client.get(PAGE)).text
    again = await browser.submit(f"{PAGE}/notebooks/delete", path=path)
    assert again.status_code == 404
    assert "sub/it&#39;s.ipynb" in again.text


async def test_the_page_of_anothers_workspace_is_not_found(site: Site) -> None:
    """And no way is offered that leads nowhere."""
    site.workspace("ana")
    browser = await site.browser("ben")
    answer = await browser.client.get(PAGE)
    assert answer.status_code == 404
    assert "no workspace ana/alpha" in answer.text
    assert "Page of the workspace" not in (await browser.client.get(f"{PAGE}/files/a")).text


async def test_names_and_reasons_from_users_are_escaped(site: Site) -> None:
    ticket = site.admit(site.workspace())
    environments.start_failed(site.context, ticket.environment.id, 1, "<script>reason</script>", "<img src=x>")
    browser = await site.browser()
    text = (await browser.client.get(PAGE)).text
    assert "<script>reason" not in text
    assert "&lt;script&gt;reason" in text
    assert "&lt;img src=x&gt;" in text


@pytest.mark.parametrize("state", list(State))
async def test_the_buttons_are_those_of_the_state_table(site: Site, state: State) -> None:
    at = site.workspace()
    if state is not State.NONE:
        ticket = site.running(at)
        with site.context.database.write() as connection:
            records.update_environment(connection, ticket.environment.id, state=str(state))
    browser = await site.browser()
    page = Reader((await browser.client.get(f"{PAGE}/environment")).text)
    shown = {attrs.get("id") for attrs in page.all("button")} & {"start", "freeze", "pause", "cancel", "delete"}
    # who has one in the trash may make a new one
    wanted = {str(event) for event in allowed_events(state if state in LIVE else State.NONE)}
    if state in CANCELLABLE:  # the way back from a start has a word of its own
        wanted = wanted - {"pause"} | {"cancel"}
    assert shown == wanted
    assert ("open-lab" in [attrs.get("id") for attrs in page.all("a")]) == (state is State.RUNNING)


async def test_the_card_starts_and_pauses_and_says_what_runs(site: Site) -> None:
    at = site.workspace()
    browser = await site.browser()
    started = await browser.submit(f"{PAGE}/environment/start", htmx=True)
    assert started.status_code == 200
    assert f'href="/user/ana/{at.slug}/lab"' in started.text
    assert "<html" not in started.text
    plain = await browser.submit(f"{PAGE}/environment/pause")
    assert (plain.status_code, plain.headers["location"]) == (303, PAGE)
    assert "Resume" in (await browser.client.get(PAGE)).text


async def test_a_failed_start_shows_reason_log_and_a_way_to_try_again(site: Site) -> None:
    site.workspace()
    site.hub.failure = ("It ran out of memory.", "one\nKilled")
    browser = await site.browser()
    answer = await browser.submit(f"{PAGE}/environment/start", htmx=True)
    assert answer.status_code == 200
    assert answer.text.count("It ran out of memory.") == 1
    assert "one\nKilled" in answer.text
    assert "Try again" in answer.text


async def test_deleting_keeps_the_disk_unless_the_form_says_delete(site: Site) -> None:
    site.running(site.workspace())
    browser = await site.browser()
    kept = await browser.submit(f"{PAGE}/environment/delete", htmx=True, disk="what?")
    assert "is kept" in kept.text
    disk = re.search(r'data-value="([0-9a-f]{16})"', kept.text)
    assert disk
    gone = await browser.submit(f"{PAGE}/environment/delete-disk", htmx=True, disk_id=disk.group(1))
    assert "is kept" not in gone.text
    assert [each.item.subject for each in trash.list_trash(site.context, "ana")] == [disk.group(1)]


async def test_unsent_work_is_named_before_it_is_lost(site: Site) -> None:
    ticket = site.running(site.workspace())
    identity = identities.identify(site.context, ticket.key)
    assert identity
    identities.note_outbox(site.context, identity, ["a.ipynb", "b.ipynb"])
    browser = await site.browser()
    refused = await browser.submit(f"{PAGE}/environment/delete", htmx=True, disk="delete")
    assert refused.status_code == 409
    assert "Delete disk and unsaved changes" in refused.text
    done = await browser.submit(f"{PAGE}/environment/delete", htmx=True, disk="delete", force="true")
    assert "not created" in done.text


async def test_an_expired_session_sends_a_live_page_to_sign_in(site: Site) -> None:
    site.workspace()
    browser = await site.browser()
    token = await browser.xsrf()
    site.hub.tokens.clear()
    answer = await browser.client.post(
        f"{PAGE}/environment/start", data={"_xsrf": token}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith(f"{PREFIX}/login")


@pytest.mark.parametrize(
    ("what", "path", "who"),
    [
        ("kernel", "alpha/edit/deep/first look.ipynb", "the kernel of deep/first look.ipynb was stopped"),
        ("kernel", "<img src=x>.ipynb", "the kernel of &lt;img src=x&gt;.ipynb was stopped"),
        ("kernel", None, "a kernel without a notebook was stopped"),
        ("process", None, "a program was stopped"),
    ],
)
async def test_the_card_explains_an_end_for_want_of_memory(site: Site, what: str, path: str | None, who: str) -> None:
    ticket = site.running(site.workspace())
    kill = {"at": "2026-11-20T12:00:00Z", "what": what, "path": path}
    memory = {"limit": 1, "used": 300 * 1024**2, "kills": 1, "last_kill": kill}
    async with site.environment(ticket.key) as inside:
        await inside.post("environments/self/activity", json={"kernels": [], "memory": memory})
    browser = await site.browser()
    page = (await browser.client.get(PAGE)).text
    assert who in page
    assert "limit of 2 GB" in page, "the limit is ours, not the one that the environment claims"
    assert "Your files are safe" in page
    assert "ask the operator for a larger size" in page
    assert "300 MB in use" in page
    environments.stopped(site.context, ticket.environment.id, ticket.environment.start_number)
    paused = (await browser.client.get(PAGE)).text
    assert who in paused
    assert "in use" not in paused
