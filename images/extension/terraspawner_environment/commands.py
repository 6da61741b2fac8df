"""What the command `ws` asks of this server, on a socket in its runtime folder, which is closed to other users.

The key that opens the workspace stays in this process. Whoever runs as the user of the environment may ask, as he may
write in the mounted bucket; what the service allows him is the service's to say.
"""

from pathlib import Path

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket

from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import RefusedByService, ServiceTrouble, full_sentence
from terraspawner_environment.ws import SOCKET


class FileHandler(web.RequestHandler):
    """`DELETE /files/<path>` -> 204, of a folder 202 with what goes; else `{"message": sentence}`."""

    def initialize(self, service: WorkspaceService) -> None:
        self.service = service

    async def delete(self, path: str) -> None:
        try:
            going = await self.service.delete_file(path)
        except ServiceTrouble as trouble:
            self.set_status(409 if isinstance(trouble, RefusedByService) else 503)
            self.finish({"message": full_sentence(trouble)})
        else:
            self.set_status(202 if going else 204)
            self.finish(going or None)


class CommandSocket:
    """Listens in `folder` until it is closed."""

    def __init__(self, service: WorkspaceService, folder: Path) -> None:
        self._path = folder / SOCKET
        self._server = HTTPServer(web.Application([(r"/files/(.+)", FileHandler, {"service": service})]))

    def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server.add_socket(bind_unix_socket(str(self._path), mode=0o600))

    def close(self) -> None:
        self._server.stop()
