"""The Hub's own pages in our words, rendered as the Hub renders them: whoever lands there is led to the workspaces."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from jupyterhub import _data as hub_data

from terraspawner.web.rendering import HERE

STOCK = Path(hub_data.DATA_FILES_PATH) / "templates"
OURS = HERE / "hub_templates"
WORKSPACES = "/services/workspaces/"


def rendered(template: str, **values: Any) -> str:
    """As `JupyterHub.init_tornado_settings` puts the loaders together."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PrefixLoader({"templates": jinja2.FileSystemLoader(STOCK)}), jinja2.FileSystemLoader([OURS, STOCK])]
        ),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,  # each page wants things of its own; here only what is ours counts
    )
    server = SimpleNamespace(display_name="brain-study", name="ana-brain-study")
    person = SimpleNamespace(
        name="ana",
        json_escaped_name="ana",
        orm_spawners={"ana-brain-study": server},
        spawner=SimpleNamespace(options_form=""),
    )
    given: dict[str, Any] = {
        "user": person,
        "for_user": person,
        "url": "/hub/spawn/ana/ana-brain-study?_xsrf=x",
        "spawner": SimpleNamespace(name=server.name, orm_spawner=server),
        "spawn_url": "/hub/spawn/ana/ana-brain-study",
        "server_name": server.name,
        "base_url": "/hub/",
        "workspaces_url": WORKSPACES,
        "parsed_scopes": set(),
        "services": [SimpleNamespace(href="/elsewhere", name="elsewhere")],
        "static_url": lambda path, include_version=True: f"/hub/static/{path}",
    }
    return environment.get_template(template).render(**given | values)


@pytest.mark.parametrize("template", sorted(page.name for page in STOCK.glob("*.html")))
def test_every_page_of_the_hub_leads_to_the_workspaces_and_to_no_server_of_its_own(template: str) -> None:
    text = rendered(template, status_code=500)
    assert f'href="{WORKSPACES}"' in text
    assert "/hub/home" not in text
    assert "Start My Server" not in text
    assert "elsewhere" not in text


def test_the_hubs_home_goes_on_to_the_workspaces() -> None:
    assert f'<meta http-equiv="refresh" content="0; url={WORKSPACES}">' in rendered("home.html")


def test_the_question_before_a_start_names_the_workspace() -> None:
    assert "Start the environment in brain-study?" in rendered("spawn.html", spawner_options_form="<p>It costs.</p>")
    assert "Start the environment?" in rendered("spawn.html", url="/hub/spawn/ana/foo?_xsrf=x", spawner_options_form="")


def test_what_a_refused_start_says_stands_on_the_page() -> None:
    text = rendered("error.html", status_code=400, message="Say <this>.", extra_error_html="restart your server")
    assert "Say &lt;this&gt;." in text
    assert "restart your server" not in text


def test_an_address_that_leads_nowhere_says_so() -> None:
    text = rendered("404.html", status_code=404, status_message=None, message="No such user: ben")
    assert "There is nothing at this address, or nothing that you may see." in text
    assert "No such user" not in text


def test_a_paused_environment_is_named_and_can_be_resumed_there() -> None:
    text = rendered("not_running.html", failed=False)
    assert "The environment in brain-study is not running" in text
    assert 'href="/hub/spawn/ana/ana-brain-study">Resume</a>' in text


def test_a_failed_start_says_why_and_offers_another_try() -> None:
    text = rendered("not_running.html", failed=True, failed_message="It ran out of <memory>.")
    assert "It ran out of &lt;memory&gt;." in text
    assert ">Try again</a>" in text


def test_where_there_is_no_environment_nothing_can_be_started() -> None:
    text = rendered("not_running.html", server_name="", spawn_url="/hub/spawn/ana")
    assert "There is no environment here" in text
    assert "/hub/spawn" not in text


def test_the_page_of_a_start_has_what_the_hubs_script_moves() -> None:
    text = rendered("spawn_pending.html", progress_url="/hub/api/progress")
    assert "Starting the environment in brain-study" in text
    for place in ("progress-bar", "sr-progress", "progress-message", "progress-log", "progress-details"):
        assert f'id="{place}"' in text
    assert 'id="stop-server-btn"' not in text


def test_operators_are_told_what_the_admin_page_may_not() -> None:
    assert "shutting down the Hub are refused" in " ".join(rendered("admin.html").split())
