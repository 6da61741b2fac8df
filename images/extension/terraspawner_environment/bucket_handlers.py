"""REST of the extension for Lab's "Copy to Workspace Bucket"."""

import asyncio
import json

from jupyter_server.base.handlers import APIHandler
from tornado import web

from terraspawner_environment import bucket
from terraspawner_environment.assembly import Workspace
from terraspawner_environment.bucket import NotCopied


class BucketHandler(APIHandler):
    """`POST <base>/terraspawner/api/bucket` `{"path": Lab's path, "replace": false}` -> `{"path": path in the bucket}`.

    409 where there is such a file and `replace` does not say so.
    """

    def initialize(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    @web.authenticated
    async def post(self) -> None:
        settings = self.workspace.settings if self.workspace else None
        if settings is None or settings.bucket is None:
            raise web.HTTPError(404, "This environment has no bucket.")
        match self.get_json_body():
            case {"path": str(path), "replace": bool(may_replace)}:
                source = settings.home / path.strip("/")
            case _:
                raise web.HTTPError(400, "Say which file, and whether it may replace one.")
        try:
            made = await asyncio.to_thread(bucket.copy_in, source, settings.bucket, "", may_replace=may_replace)
        except NotCopied as refusal:
            raise web.HTTPError(409 if refusal.is_there else 422, str(refusal)) from refusal
        self.finish(json.dumps({"path": made}))
