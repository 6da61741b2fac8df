"""A notebook is somebody's while a tab shows it, over a reload too, and anybody's as soon as the tab is closed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from browser.conftest import sign_in
from browser.test_editors import lease, opened, shared
from browser.test_journey import output, stored_outputs, type_cell
from deployment import Deployment, Person, Workspace, until

__all__ = ["shared"]
pytestmark = [pytest.mark.docker, pytest.mark.browser, pytest.mark.full]

CLOSE = "#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabCloseIcon"


@pytest.mark.feature("F2")
def test_a_notebook_is_free_when_its_tab_or_the_page_is_closed(
    page: Page, deployment: Deployment, shared: Workspace, ben: Person
) -> None:
    at = f"{shared.path}/notebooks/shared.ipynb/lease"

    def is_bens() -> bool:
        """ben gets it, and gives it back."""
        answer = ben.api.post(at, json={"session": "bens"})
        if answer.status_code != 200:
            return False
        back = {"session": "bens", "fence": answer.json()["fence"]}
        return ben.api.request("DELETE", at, json=back).status_code == 204

    sign_in(page, deployment, "ana")
    opened(page, shared)
    lease(page, "held")
    assert not is_bens()
    type_cell(page, "'before' + ' the end'")
    output(page, "'before the end'")
    until(lambda: "before the end" in stored_outputs(shared, "shared.ipynb"), "what was run is saved")
    page.locator(CLOSE).click()
    until(is_bens, "the notebook whose tab was closed is free")

    other = opened(page.context.new_page(), shared)
    lease(other, "held")
    other.reload()
    lease(other, "held")
    assert not is_bens()
    other.close()
    until(is_bens, "the notebook whose page was closed is free")
