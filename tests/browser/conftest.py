"""Debian's Chromium through Playwright; each test has a fresh browser context. Screenshots stay as artefacts."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from deployment import ROOT, Deployment

QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: Playwright's synchronous interface keeps an event loop running, which others need."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=Path(__file__).parent / "calm-chromium",
            args=[*QUIET, *sandbox],
            env={**os.environ, "CALM_CHROMIUM": chromium},
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, deployment: Deployment, artefacts: Path) -> Iterator[Page]:
    yield from opened_page(browser, deployment, artefacts)


def opened_page(browser: Browser, deployment: Deployment, artefacts: Path) -> Iterator[Page]:
    """A page in a fresh context; what it said and how it looked last stays in `artefacts`."""
    context = browser.new_context(
        base_url=deployment.url,
        viewport={"width": 1280, "height": 860},
        ignore_https_errors="TERRA_TLS_CERTIFICATE" in deployment.environ,
    )
    context.set_default_timeout(60_000)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: said.append(f"error: {error}"))
    yield opened
    opened.screenshot(path=artefacts / "last.png")
    (artefacts / "console.txt").write_text("\n".join(said))
    context.close()


@pytest.fixture
def artefacts(request: pytest.FixtureRequest) -> Path:
    words = re.sub(r"\W+", "-", request.node.name, flags=re.ASCII).strip("-")
    folder = ROOT / "tests" / "artefacts" / words
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sign_in(page: Page, deployment: Deployment, name: str) -> None:
    """Through the Hub's own form, as a person does."""
    page.goto("/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(deployment.logins()[name])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My workspaces")).to_be_visible()


def go_to(page: Page, menu: str, place: str) -> None:
    """By the bar on top, which keeps some places in menus; they open once the page's scripts are there."""
    page.wait_for_load_state()
    bar = page.get_by_role("navigation").first
    bar.get_by_role("button", name=menu, exact=True).click()
    bar.get_by_role("link", name=place, exact=True).click()
