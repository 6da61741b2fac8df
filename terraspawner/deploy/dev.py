"""``make dev``: a deployment whose hub and workspaces service run on this machine, from ``.venv``, beside compose.

A change in a file of ours starts both anew; environments live on. netguard, host and proxy are containers as ever:
they need powers and a place in the networks that a process here has not. Where the environments look for hub and
service, two small proxies stand and hand over (docker-compose.dev.yml).
"""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from terraspawner.deploy import (
    catalogue,
    deployment,
    engine,
    health,
    images,
    machine,
    mounts,
    provider,
    state,
    tls,
    venv,
)
from terraspawner.deploy.commands import SetupStopped, run
from terraspawner.deploy.compose import Compose
from terraspawner.deploy.deployment import Site
from terraspawner.deploy.progress import say, step
from terraspawner.settings import Settings

DEFAULTS = {
    "TERRA_DEPLOYMENT": "terraspawner-dev",
    "TERRA_PORT": "8100",
    "TERRA_CORE_SUBNET": "172.31.238.0/24",
    "TERRA_USERS_SUBNET": "172.31.192.0/20",
}
"""Beside a deployment of `make up` with its own defaults."""
CONTAINERS = ("netguard", "host", "mounter", "proxy", "relay-hub", "relay-workspaces")
CHECKED = ("netguard", "host", "mounter", "proxy")
WATCHED = ("terraspawner", "culler", "jupyterhub_config.py", "jupyterhub_config_dev.py")
SUFFIXES = (".py", ".html", ".css", ".js")
SECONDS_TO_COME_UP = 90
SECONDS_TO_END = 20
SECONDS_BETWEEN_LOOKS = 0.5


def dev(root: Path, environ: Mapping[str, str]) -> None:
    """Set up what is missing, then run until interrupted. Raises `SetupStopped`."""
    if not machine.is_root():
        raise SetupStopped("`make dev` takes root: the host service answers the hub, the workspaces service and root.")
    environ = {**DEFAULTS, **environ}
    here = Site.of(root, environ)
    _refuse_one_of_make_up(here)
    say(f"terraspawner for development, deployment {here.settings.deployment}")
    tls.check(here.settings)
    provider.check(here.settings)
    catalogue.check_readable(here.settings)
    with step("virtualenv") as line:
        line.result = venv.ensure_venv(root)[1]
    facts = deployment.prepare_machine(here)
    compose = replace(deployment.find_compose(here), more=("docker-compose.dev.yml",))
    with step("network") as line:
        deployment.check_network(here)
        line.result = f"{here.settings.core_subnet} and {here.settings.users_subnet} are ours"
    deployment.build_images(here)
    catalogue.check(here.settings)
    with step("mounts") as line:
        prepared = mounts.prepare(here.settings, mounts.folder_of(here.settings, facts.root))
        mounts.check_disks(here.settings, prepared, mounts.folder_of(here.settings, facts.root))
        line.result = deployment.told(prepared)
    settings = _write_state(here, facts.root, prepared)
    outside = Outside(root=root, environment=_environment(here, settings))
    with step("database"):
        outside.command("migrate")
        outside.command("accounts", "ensure", text=state.accounts_json(here.state.logins_for(settings)))
    with step("start"):
        compose.start(*CONTAINERS)
    for service in CHECKED:
        with step(service) as line:
            health.wait_for(settings.deployment, service)
            line.result = "healthy"
    for number in (signal.SIGINT, signal.SIGTERM):  # told to end in either way, its processes end with it
        signal.signal(number, signal.default_int_handler)
    try:
        outside.start()
        _wait(outside, settings)
        outside.keep_up()
    except KeyboardInterrupt:
        say("\nStopping; environments, disks and buckets are kept, and the next `make dev` goes on.")
    finally:
        outside.stop()
        _stop(compose)


@dataclass(kw_only=True)
class Outside:
    """Hub, workspaces service and culler as processes of this machine."""

    root: Path
    environment: dict[str, str]

    def __post_init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, *words: str, text: str = "") -> None:
        """``python -m terraspawner ...`` with the settings of this deployment."""
        command = [self._program("python"), "-m", "terraspawner", *words]
        run(command, doing=f"terraspawner {words[0]}", text=text, extra=self.environment, cwd=self.root)

    def start(self) -> None:
        commands = {
            "hub": [self._program("jupyterhub"), "--config=jupyterhub_config_dev.py"],
            "workspaces": [self._program("python"), "-m", "terraspawner.web"],
            "culler": [self._program("python"), "-m", "culler"],
        }
        for name, command in commands.items():
            self._processes[name] = subprocess.Popen(
                command, cwd=self.root, env={**os.environ, **self.environment}, start_new_session=True
            )

    def stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def ended(self) -> list[str]:
        """Names of those that ended by themselves."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def keep_up(self) -> None:
        """Start all anew at each change of a file; one that ended waits for the next change."""
        stamps, told = stamps_of(self.root), list[str]()
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            now = stamps_of(self.root)
            changed = sorted({name for name, _ in set(stamps.items()) ^ set(now.items())})
            if changed:
                say(f"Changed: {', '.join(changed)}. Starting hub, workspaces and culler anew.")
                self.stop()
                self.start()
                stamps, told = now, []
            elif self.ended() != told:
                told = self.ended()
                say(f"Ended: {', '.join(told)}. The next change of a file starts it anew.")

    def _program(self, name: str) -> str:
        return str(self.root / ".venv" / "bin" / name)


def stamps_of(root: Path) -> dict[str, int]:
    """When each file that the processes read was changed last."""
    parts = [root / part for part in WATCHED]
    files = [path for part in parts for path in ([part] if part.is_file() else part.rglob("*"))]
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in files if path.suffix in SUFFIXES}


def _refuse_one_of_make_up(here: Site) -> None:
    name = here.settings.deployment
    if health.container_of(name, "hub"):
        raise SetupStopped(f"The deployment {name} is one of `make up`: choose another name (TERRA_DEPLOYMENT).")


def _write_state(here: Site, engine_root: Path, prepared: mounts.Prepared) -> Settings:
    """As `make up` writes it, with data in folders of this machine. Returns the complete settings."""
    data = here.state.folder / "data"
    here.state.make()
    for name in ("run", "hub", "db", "buckets", "libraries"):
        (data / name).mkdir(parents=True, exist_ok=True)
    bundle = machine.ca_bundle(here.environ)
    if bundle:
        state.write(here.state.ca_bundle, bundle.decode(errors="replace"), mode=0o444)
    state.remember_settings(here.state, here.environ)
    settings = replace(here.settings, buckets=f"file://{data}/buckets", buckets_host_path=f"{data}/buckets")
    settings = replace(settings, libraries=f"file://{data}/libraries", libraries_host_path=f"{data}/libraries")
    settings = replace(settings, database_url=f"sqlite:///{data}/db/terraspawner.sqlite")
    settings = state.complete_settings(here.state, settings, engine_root, here.environ)
    # no drives from outside: the service that mounts them is not beside what runs on the machine itself
    settings = replace(settings, live_mounts=prepared.setting, outside_drives="")
    state.write_environment(here.state, settings, deployment.machine_values(here, prepared))
    with step("page parts") as line:
        line.result = _copy_page_parts(here)
    return settings


def _copy_page_parts(here: Site) -> str:
    """htmx, which the image was built with."""
    target = here.state.folder / "vendor"
    if target.exists():
        return "present"
    container = engine.docker("create", images.HUB, doing="Looking into the image hub").strip()
    try:
        engine.docker("cp", f"{container}:/opt/terra/static/vendor", str(target), doing="Copying htmx")
    finally:
        engine.docker("rm", container, doing="docker rm")
    return "copied from the image hub"


def _environment(here: Site, settings: Settings) -> dict[str, str]:
    """The environment of all processes: one for all, as they are one developer's."""
    data = here.state.folder / "data"
    values = state.compose_values(settings)
    secrets = {name: value for of in state.secret_values(settings).values() for name, value in of.items()}
    address = values["TERRA_CORE_GATEWAY"]
    return {
        **state.service_values(settings),
        **secrets,
        "TERRA_HOST_SOCKET": f"{data}/run/host.sock",
        "TERRA_MOUNTER_SOCKET": f"{data}/run/mounter.sock",
        "TERRA_HUB_API_URL": f"http://{address}:8081/hub/api",
        "TERRA_CULLER_SERVICE_URL": f"http://{address}:8010",
        "TERRA_CATALOGUE": settings.catalogue,
        "TERRA_STATIC_VENDOR": str(here.state.folder / "vendor"),
        "TERRA_WEB_ADDRESS": address,
        "TERRA_DEV_ADDRESS": address,
        "TERRA_DEV_DATA": str(data),
        "TERRA_DEV_PROXY_API": f"http://{values['TERRA_CORE_PROXY']}:8001",
        # the Hub's own calls stay on this machine
        "NO_PROXY": f"{os.environ.get('NO_PROXY', '')},{ipaddress.ip_network(settings.core_subnet)},{address}",
        "PYTHONUNBUFFERED": "1",
    }


def _wait(outside: Outside, settings: Settings) -> None:
    """Until hub and service answer. Raises `SetupStopped`."""
    here = outside.environment["TERRA_DEV_ADDRESS"]
    end = time.monotonic() + SECONDS_TO_COME_UP
    addresses = [f"http://{here}:8081/hub/health", f"http://{here}:8010{settings.api_prefix}/health"]
    while not all(_answers(address) for address in addresses):
        if outside.ended() or time.monotonic() > end:
            raise SetupStopped(f"Hub and workspaces did not come up ({', '.join(addresses)}): what they said is above.")
        time.sleep(SECONDS_BETWEEN_LOOKS)
    health.wait_for_network(settings.deployment)
    logins = state.State(outside.root, settings.deployment).logins_for(settings)
    say("\n" + "\n".join(provider.greeting(settings, logins)))
    say("A change in a file starts hub and workspaces anew. Ctrl+C stops everything but the environments.")


def _answers(address: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(address, timeout=5) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def _stop(compose: Compose) -> None:
    with step("containers"):
        compose.stop()
