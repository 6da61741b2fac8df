"""Probes with two throw-away containers that environments are shut off from each other and from us (TRAPS.md 18).

Rules that look right are no proof: ``icc=false`` does nothing without ``br_netfilter``, and an Engine may keep its
rules elsewhere. So two containers try, and until they failed where they must, the network counts as unsafe.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
import requests

from terraspawner import __version__
from terraspawner.containers.plan import LABEL
from terraspawner.errors import EngineUnavailable
from terraspawner.host.findings import Finding, NetworkState, judge, targets_of
from terraspawner.host.netguard import STATE_FILE
from terraspawner.host.rules import LINK_LOCAL
from terraspawner.settings import Settings

IMAGE = f"terraspawner/hub:{__version__}"
RULES_STALE_SECONDS = 30
RUN_SECONDS = 30

UNKNOWN = NetworkState(
    is_ok=False,
    checked_at=None,
    findings=(Finding(check="probe", ok=False, message="The network was not probed yet. Try again in a minute."),),
)


class NetworkProbe:
    """Runs probes one at a time and keeps the last result. Blocking: call it in a thread."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._last = UNKNOWN

    @property
    def state(self) -> NetworkState:
        """The last probe, with what netguard says of its rules now: those can be lost between two probes."""
        last = self._last
        if last.checked_at is None:
            return last
        now = tuple(self._rules())
        checked_now = {finding.check for finding in now}
        findings = (*now, *(finding for finding in last.findings if finding.check not in checked_now))
        return replace(last, is_ok=all(finding.ok for finding in findings), findings=findings)

    def run(self) -> NetworkState:
        """Probe now. Never raises: what could not be found out is a finding that is not ok."""
        with self._lock:
            try:
                guarded = tuple(self._rules())
                findings = (*guarded, *self._ways(is_guarded=all(finding.ok for finding in guarded)))
            except (docker.errors.DockerException, requests.RequestException, EngineUnavailable, ValueError) as error:
                message = f"The network could not be probed: {error}. Look at the log of the host service."
                findings = (Finding(check="probe", ok=False, message=message),)
            is_ok = all(finding.ok for finding in findings)
            self._last = NetworkState(is_ok=is_ok, checked_at=self._now(), findings=findings)
            return self._last

    def _rules(self) -> Iterator[Finding]:
        """What netguard says of itself; silence is not good."""
        path = Path(self._settings.host_socket).with_name(STATE_FILE)
        try:
            said = json.loads(path.read_text())
            is_fresh = time.time() - path.stat().st_mtime < RULES_STALE_SECONDS
        except (OSError, ValueError):
            said, is_fresh = {}, False
        message = said.get("message", "") if is_fresh else "netguard has not reported lately. Look at its log."
        yield Finding(check="packet rules", ok=bool(is_fresh and said.get("ok")), message=message)

    def _ways(self, *, is_guarded: bool) -> tuple[Finding, ...]:
        """Try them all; the metadata address only behind rules that drop it, so that no probe ever asks a cloud."""
        client = docker.APIClient(version="auto", timeout=60)
        try:
            self._remove_left_overs(client)
            with self._container(client, ["sleep", str(RUN_SECONDS * 2)]) as neighbour:
                facts = client.inspect_container(neighbour)["NetworkSettings"]["Networks"]
                targets = targets_of(self._settings, facts[self._settings.users_network]["IPAddress"])
                tried = [t for t in targets if is_guarded or ipaddress.ip_address(t.address) not in LINK_LOCAL]
                ways = json.dumps([[t.name, t.address, t.port] for t in tried])
                with self._container(client, ["python", "-m", "terraspawner.host.reach", ways]) as prober:
                    client.wait(prober, timeout=RUN_SECONDS)
                    said = client.logs(prober, stdout=True, stderr=False).decode()
                    complaint = client.logs(prober, stdout=False, stderr=True).decode()
            if not said.strip():
                raise EngineUnavailable(f"the probe container said nothing, but complained: {complaint.strip()[-300:]}")
            answer = json.loads(said)
            return judge(targets, answer["results"], answer["ipv6"])
        finally:
            client.close()

    @contextmanager
    def _container(self, client: Any, command: list[str]) -> Iterator[str]:
        host = client.create_host_config(
            network_mode=self._settings.users_network,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            read_only=True,
            mem_limit=128 * 1024 * 1024,
            pids_limit=64,
        )
        made = client.create_container(
            self._own_image(client),
            command,
            user="65534:65534",
            host_config=host,
            labels=self._labels(),
            working_dir="/",
        )
        try:
            client.start(made["Id"])
            yield made["Id"]
        finally:
            client.remove_container(made["Id"], force=True, v=True)

    def _own_image(self, client: Any) -> str:
        """The image that this process runs from, whatever its tag: there is no other that is surely here."""
        labels = [f"{LABEL}deployment={self._settings.deployment}", "com.docker.compose.service=host"]
        found = [container["ImageID"] for container in client.containers(filters={"label": labels})]
        return found[0] if found else IMAGE

    def _remove_left_overs(self, client: Any) -> None:
        """Of a host service that was killed in a probe."""
        wanted = [f"{name}={value}" for name, value in self._labels().items()]
        for container in client.containers(all=True, filters={"label": wanted}):
            client.remove_container(container["Id"], force=True, v=True)

    def _labels(self) -> dict[str, str]:
        return {f"{LABEL}deployment": self._settings.deployment, f"{LABEL}kind": "probe"}
