"""A container that lives for one command and reaches what is mounted in it alone: no network, no secret, few powers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import docker
import requests

from terraspawner import __version__
from terraspawner.containers.plan import LABEL
from terraspawner.errors import EngineUnavailable

IMAGE = f"terraspawner/hub:{__version__}"
RUN_SECONDS = 120


class ThrowAway:
    """Containers of one `kind` of work. Not for two threads at once: each run first removes what a kill left behind."""

    def __init__(self, deployment: str, kind: str) -> None:
        self._deployment = deployment
        self._kind = kind

    def run(
        self,
        client: Any,
        command: Sequence[str],
        mounts: Sequence[Mapping[str, object]],
        capabilities: Sequence[str],
        *,
        seconds: int = RUN_SECONDS,
    ) -> str:
        """What `command` says, as root with these `capabilities`. Raises `EngineUnavailable` where it fails."""
        with self._container(client, command, mounts, capabilities) as container_id:
            client.start(container_id)
            try:
                status = int(client.wait(container_id, timeout=seconds)["StatusCode"])
            except requests.RequestException as error:
                raise EngineUnavailable(
                    f"It was not done within {seconds} seconds: there are very many files."
                ) from error
            said: str = client.logs(container_id, stdout=True, stderr=False).decode()
        if status:
            raise EngineUnavailable(f"A container for one task ({self._kind}) failed. Look at the log of the Engine.")
        return said

    @contextmanager
    def _container(
        self, client: Any, command: Sequence[str], mounts: Sequence[Mapping[str, object]], capabilities: Sequence[str]
    ) -> Iterator[str]:
        self._remove_left_overs(client)
        host = client.create_host_config(
            network_mode="none",
            cap_drop=["ALL"],
            cap_add=list(capabilities),
            security_opt=["no-new-privileges"],
            read_only=True,
            mem_limit=256 * 1024 * 1024,
            cpu_period=100_000,
            cpu_quota=50_000,
            pids_limit=16,
            mounts=[dict(mount) for mount in mounts],
            log_config={"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
        )
        made = client.create_container(
            self._own_image(client),
            list(command),
            user="0:0",
            host_config=host,
            labels=self._labels(),
            working_dir="/",
        )
        try:
            yield made["Id"]
        finally:
            client.remove_container(made["Id"], force=True)

    def _own_image(self, client: Any) -> str:
        """The image that this process runs from, as in `netprobe`."""
        labels = [f"{LABEL}deployment={self._deployment}", "com.docker.compose.service=host"]
        found = [container["ImageID"] for container in client.containers(filters={"label": labels})]
        return found[0] if found else IMAGE

    def _remove_left_overs(self, client: Any) -> None:
        wanted = [f"{name}={value}" for name, value in self._labels().items()]
        for container in client.containers(all=True, filters={"label": wanted}):
            with _gone_is_fine():
                client.remove_container(container["Id"], force=True)

    def _labels(self) -> dict[str, str]:
        return {f"{LABEL}deployment": self._deployment, f"{LABEL}kind": self._kind}


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except docker.errors.NotFound:
        return
