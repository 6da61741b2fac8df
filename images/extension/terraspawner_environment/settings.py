"""What the spawner tells the environment at each start. Read once, in `application.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """Who this environment is and where its workspace answers.

    `service_url` is the base of the workspaces service's REST interface, `key` the environment key of this start: it
    opens what this environment may do there and nothing else.
    """

    home: Path
    namespace: str
    workspace: str
    user: str
    service_url: str
    key: str
    bucket: Path | None = None
    drive: Path | None = None
    hub_host: str = ""
    has_drive: bool = False

    @property
    def state_folder(self) -> Path:
        """Everything of ours on the disk that is no notebook."""
        return self.home / ".terra"

    @property
    def page(self) -> str:
        """Address of the workspace's page in the browser: the service has its pages beside its REST interface."""
        return self._in_browser(urlsplit(self.service_url).path.removesuffix("/api/v1"))

    @property
    def environment(self) -> str:
        """Address of this environment in the service's REST interface, for the page in the browser."""
        return self._in_browser(urlsplit(self.service_url).path) + "/environment"

    def _in_browser(self, base: str) -> str:
        """A path, unless users have domains of their own: then this server is on another host than the service."""
        return f"{self.hub_host}{base}/workspaces/{quote(self.namespace, safe='')}/{quote(self.workspace, safe='')}"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "EnvironmentSettings | None":
        """Return the settings, or None where no workspace is given: then the server is a plain Jupyter server."""
        names = ("TERRA_SERVICE_URL", "TERRA_ENVIRONMENT_KEY", "WORKSPACE_NAMESPACE", "WORKSPACE_NAME")
        if not all(environ.get(name) for name in names):
            return None
        bucket, drive = environ.get("WORKSPACE_BUCKET"), environ.get("WORKSPACE_DRIVE")
        return cls(
            home=Path(environ.get("HOME", "/home/jupyter")),
            namespace=environ["WORKSPACE_NAMESPACE"],
            workspace=environ["WORKSPACE_NAME"],
            user=environ.get("JUPYTERHUB_USER") or environ.get("OWNER_EMAIL") or "me",
            service_url=environ["TERRA_SERVICE_URL"].rstrip("/"),
            key=environ["TERRA_ENVIRONMENT_KEY"],
            bucket=Path(bucket) if bucket else None,
            drive=Path(drive) if drive else None,
            hub_host=environ.get("JUPYTERHUB_HOST", ""),
            has_drive=bool(environ.get("WORKSPACE_DRIVE")),
        )
