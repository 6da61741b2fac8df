"""What a container is told at each start: the file that its entry script reads, and then unlinks (TRAPS.md 3)."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping

from terraspawner.containers import startup
from terraspawner.containers.binds import BUCKET_DATA, BUCKET_NOTEBOOKS
from terraspawner.containers.mounts import DRIVE, HOME
from terraspawner.containers.plan import CA_BUNDLE
from terraspawner.domain.workspace import Workspace
from terraspawner.settings import Settings

START_FOLDER = "/run/terra"
START_FILE = "start.json"


def workspace_variables(
    settings: Settings, workspace: Workspace, owner_address: str, environment_id: str, key: str
) -> dict[str, str]:
    """What the environment is told of its workspace at each start (FEATURES.md C14)."""
    variables = {
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "WORKSPACE_NAME": workspace.name,
        "WORKSPACE_NAMESPACE": workspace.namespace,
        "OWNER_EMAIL": owner_address,
        "TERRA_SERVICE_URL": settings.environment_api_url,
        "TERRA_ENVIRONMENT_ID": environment_id,
        "TERRA_ENVIRONMENT_KEY": key,
    }
    if workspace.has_drive:
        variables["WORKSPACE_DRIVE"] = DRIVE
    else:
        variables |= {"WORKSPACE_BUCKET": BUCKET_DATA, "WORKSPACE_NOTEBOOKS": BUCKET_NOTEBOOKS}
    if settings.ca_bundle_host_path:
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        variables |= dict.fromkeys(names, CA_BUNDLE)
    proxies = {
        "http_proxy": settings.http_proxy,
        "https_proxy": settings.https_proxy,
        "no_proxy": settings.no_proxy and f"{settings.no_proxy},{settings.hub_address},{settings.service_address}",
    }
    for name, value in proxies.items():
        if value:
            variables |= {name: value, name.upper(): value}
    return variables


def start_archive(variables: Mapping[str, str], script: str = "") -> bytes:
    """A tar with the start file for `START_FOLDER`: root alone may read it; the entry script unlinks it.

    With a startup script the server waits until that has run (`containers.startup`).
    """
    start: dict[str, object] = {"env": dict(variables)}
    if not script:
        return _tar(json.dumps(start).encode())
    start["waits_for"] = startup.RUNNER
    return _tar(json.dumps(start).encode(), startup.startup_files(script, variables))


def empty_archive() -> bytes:
    """Overwrites a start file that was put there and never read."""
    return _tar(b"")


def _tar(body: bytes, files: Mapping[str, bytes] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(START_FILE)
        member.size, member.mode, member.uid, member.gid = len(body), 0o400, 0, 0
        archive.addfile(member, io.BytesIO(body))
        if files:
            startup.add_files(archive, files)
    return buffer.getvalue()
