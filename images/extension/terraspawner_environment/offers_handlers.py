"""REST of the extension for what is proposed for an open notebook."""

import json

from tornado import web

from terraspawner_environment.conflicts import DOCUMENT_POLICY, OfNotebook
from terraspawner_environment.offers import NotMerged


class OffersHandler(OfNotebook):
    """`GET <base>/terraspawner/api/proposals?path=` -> `{"items": [...], "may_decide": bool}`, the open ones.

    `POST` `{"path": …, "proposal": id, "marks": bool}` -> `{"has_conflicts": bool}`: it is merged, unless both changed
    the same and no marks are wished.
    """

    @web.authenticated
    async def get(self) -> None:
        workspace, notebook = self.asked(self.get_query_argument("path", ""))
        try:
            self.finish(json.dumps(await workspace.offers.list(notebook)))
        except NotMerged as trouble:
            raise web.HTTPError(503, str(trouble)) from trouble

    @web.authenticated
    async def post(self) -> None:
        wanted = self.get_json_body()
        wanted = wanted if isinstance(wanted, dict) else {}
        workspace, notebook = self.asked(str(wanted.get("path", "")))
        try:
            await workspace.offers.merge(notebook, str(wanted.get("proposal", "")), marks=wanted.get("marks") is True)
        except NotMerged as trouble:
            if not trouble.has_conflicts:
                raise web.HTTPError(409, str(trouble)) from trouble
            self.finish(json.dumps({"has_conflicts": True}))
        else:
            self.finish(json.dumps({"has_conflicts": False}))


class OfferChangesHandler(OfNotebook):
    """`GET <base>/terraspawner/api/proposals/changes?path=&proposal=&theme=` -> an HTML document."""

    @web.authenticated
    async def get(self) -> None:
        workspace, notebook = self.asked(self.get_query_argument("path", ""))
        theme = self.get_query_argument("theme", "")
        if theme not in ("", "light", "dark"):
            raise web.HTTPError(400, "theme must be light or dark.")
        try:
            document = await workspace.offers.show(notebook, self.get_query_argument("proposal", ""), theme=theme)
        except NotMerged as trouble:
            raise web.HTTPError(409, str(trouble)) from trouble
        self.set_header("Content-Security-Policy", DOCUMENT_POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(document, set_content_type="text/html; charset=utf-8")
