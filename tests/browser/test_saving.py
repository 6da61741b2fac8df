"""What Lab itself forgets to save."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, Route

from browser.conftest import sign_in
from browser.test_journey import in_lab, output, stored_outputs, type_cell
from deployment import Deployment, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def is_save(request: Request) -> bool:
    return request.method == "PUT" and "/api/contents/" in request.url


@pytest.mark.full
@pytest.mark.feature("F4")
def test_an_output_that_comes_while_a_save_is_under_way_is_saved_too(
    page: Page, deployment: Deployment, workspace: Workspace
) -> None:
    workspace.create_notebook("first look")
    sign_in(page, deployment, "ana")
    page.goto(f"/services/workspaces/open/ana/{workspace.name}/notebooks/first look.ipynb")
    in_lab(page, "first look")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if is_save(route.request) and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/contents/**", hold)
    with page.expect_request(is_save):
        type_cell(page, "print('before')")
    type_cell(page, "print('mean' + 'while')")
    output(page, "meanwhile")
    held[0].continue_()
    page.unroute("**/api/contents/**")
    until(lambda: "meanwhile" in stored_outputs(workspace, "first look.ipynb"), "the later output is in the bucket")
