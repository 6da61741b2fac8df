"""One deployment brought up: the steps of ``make up``, each idempotent."""

from __future__ import annotations

import hashlib
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from terraspawner.deploy import catalogue, engine, health, images, machine, mounts, network, provider, site, state, tls
from terraspawner.deploy.commands import SetupStopped, run
from terraspawner.deploy.compose import Compose, ensure_program
from terraspawner.deploy.engine import EngineFacts
from terraspawner.deploy.progress import say, step
from terraspawner.deploy.registry import Registry
from terraspawner.deploy.state import State
from terraspawner.settings import Settings

COMMAND_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a deployment is set up: the repository's root, its state, its settings, the caller's environment."""

    root: Path
    settings: Settings
    state: State
    environ: Mapping[str, str]

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str]) -> Site:
        settings = state.load_settings(root, environ)
        return cls(root=root, settings=settings, state=State(root, settings.deployment), environ=environ)


def up(root: Path, environ: Mapping[str, str]) -> None:
    """Everything from a bare machine to a deployment that answers. Raises `SetupStopped`."""
    here = Site.of(root, environ)
    say(f"terraspawner, deployment {here.settings.deployment}")
    network.check_exposure(here.settings)
    tls.check(here.settings)
    provider.check(here.settings)
    catalogue.check_readable(here.settings)
    facts = prepare_machine(here)
    with step("compose") as line:
        program, version = ensure_program()
        line.result = f"{' '.join(program)} {version}"
    compose = _compose(here, program, version)
    with step("network") as line:
        check_network(here)
        line.result = f"{here.settings.core_subnet} and {here.settings.users_subnet} are ours"
    build_images(here)
    catalogue.check(here.settings)
    with step("mounts") as line:
        prepared = mounts.prepare(here.settings, mounts.folder_of(here.settings, facts.root))
        mounts.check_disks(here.settings, prepared, mounts.folder_of(here.settings, facts.root))
        line.result = told(prepared)
    with step("secrets") as line:
        must_renew, line.result = _write_state(here, facts, prepared)
    with step("database") as line:
        line.result = _prepare_database(here, compose)
    with step("start"):
        renew = ["--force-recreate"] if must_renew else []
        compose.start(*renew)
    for service in health.services_of(here.settings):
        with step(service) as line:
            health.wait_for(here.settings.deployment, service)
            line.result = "healthy"
    with step("isolation") as line:
        health.wait_for_network(here.settings.deployment)
        line.result = "environments reach neither each other nor this machine"
    _print_welcome(here, facts)


def prepare_machine(here: Site) -> EngineFacts:
    """Python, Engine and kernel as needed."""
    with step("machine") as line:
        machine.check_python()
        engine.socket_path(here.environ)
        line.result = machine.distribution().get("PRETTY_NAME", "unknown system")
    with step("engine") as line:
        facts, how = engine.ensure_engine()
        line.result = f"Docker Engine {facts.version} {how}"
    with step("kernel") as line:
        machine.ensure_bridge_filter()
        line.result = "br_netfilter is on"
    return facts


def build_images(here: Site) -> None:
    """Base, hub, python and r, each unless it is there: pulled where the site has them, else built."""
    registry = Registry.at(here.settings.registry) if here.settings.registry else None
    arguments = site.build_arguments(here.environ)
    images.write_ca_bundle(here.root, machine.ca_bundle(here.environ))
    if images.label_of(images.PYTHON) is None:
        machine.check_room(Path("/var/lib/docker"))
    with images.one_at_a_time(here.root):
        with step("image base") as line:
            line.result = images.ensure_base(here.root, here.environ, arguments, here.settings.upstream, registry)
        for name, image in images.IN_ORDER.items():
            with step(f"image {name}") as line:
                line.result = images.ensure_image(here.root, image, arguments, registry)


def push_images(root: Path, environ: Mapping[str, str]) -> None:
    """Put the images as they are made from these files into the site's registry. Raises `SetupStopped`."""
    here = Site.of(root, environ)
    if not here.settings.registry:
        raise SetupStopped(
            "No registry is named: TERRA_REGISTRY=registry.example.org/terraspawner make push, with yours."
        )
    prepare_machine(here)
    registry = Registry.at(here.settings.registry)
    build_images(here)
    for name, tag in {"base": images.BASE, **{name: image.tag for name, image in images.IN_ORDER.items()}}.items():
        with step(f"push {name}") as line:
            line.result = images.push(registry, tag)


def _compose(here: Site, program: tuple[str, ...], version: str) -> Compose:
    return Compose(
        program=program,
        version=version,
        project=here.settings.deployment,
        root=here.root,
        env_file=here.state.compose_env,
    )


def find_compose(here: Site) -> Compose:
    """The compose program for a deployment that is there. Raises `SetupStopped`."""
    program, version = ensure_program()
    return _compose(here, program, version)


def check_network(here: Site) -> None:
    """Networks and port are free, or ours already. Raises `SetupStopped`."""
    network.check_subnets(here.settings)
    proxy = health.container_of(here.settings.deployment, "proxy")
    ports = (proxy or {}).get("NetworkSettings", {}).get("Ports", {}).get("8000/tcp") or []
    ours = {(item["HostIp"], int(item["HostPort"])) for item in ports}
    if (here.settings.bind, here.settings.port) not in ours:
        network.check_port(here.settings.bind, here.settings.port)


def told(prepared: mounts.Prepared) -> str:
    """For whoever reads what `make up` says."""
    if prepared.is_live:
        return "what is shared appears in running environments"
    return f"what is shared appears at an environment's next start ({prepared.why})"


def _write_state(here: Site, facts: EngineFacts, prepared: mounts.Prepared) -> tuple[bool, str]:
    """Returns whether processes must be made anew for changed secrets, and words on what was found."""
    was_there = here.state.exists()
    _refuse_data_without_secrets(here, was_there=was_there)
    here.state.make()
    bundle = machine.ca_bundle(here.environ)
    if bundle:
        state.write(here.state.ca_bundle, bundle.decode(errors="replace"), mode=0o444)
    state.remember_settings(here.state, here.environ)
    settings = state.complete_settings(here.state, here.settings, facts.root, here.environ)
    settings = replace(settings, live_mounts=prepared.setting)
    changed = state.write_environment(here.state, settings, machine_values(here, prepared))
    here.state.logins_for(settings)
    return changed and was_there, "present" if was_there else f"made in {here.state.folder}"


def machine_values(here: Site, prepared: mounts.Prepared) -> dict[str, str]:
    """What docker-compose.yml is told of this machine."""
    socket = engine.socket_path(here.environ)
    return {
        "TERRA_IMAGE_HUB": images.HUB,
        "TERRA_DOCKER_SOCKET": str(socket),
        "TERRA_DOCKER_GID": str(engine.docker_group(socket)),
        "TERRA_MTU": str(machine.network_mtu()),
        "TERRA_MOUNTS_PROPAGATION": prepared.propagation,
        "TERRA_OUTSIDE_PROPAGATION": prepared.following,
    }


def _refuse_data_without_secrets(here: Site, *, was_there: bool) -> None:
    name = f"{here.settings.deployment}-db"
    if not was_there and engine.inspect("volume", name):
        raise SetupStopped(
            f"There is data of the deployment {here.settings.deployment} (volume {name}), but its secrets are not in "
            f"{here.state.folder}. Put that folder back, or remove the data with `make clean`, or choose another "
            f"name (TERRA_DEPLOYMENT)."
        )


def _prepare_database(here: Site, compose: Compose) -> str:
    """Migrate and make the accounts, unless that was done for this volume with this image and these logins."""
    marker = here.state.folder / "database-prepared"
    if engine.inspect("volume", f"{here.settings.deployment}-db") is None:
        marker.unlink(missing_ok=True)
        compose.run("up", "--no-start", "--no-build", doing="Making networks and volumes")
    accounts = state.accounts_json(here.state.logins_for(here.settings))
    image = (engine.inspect("image", images.HUB) or {}).get("Id", "")
    mark = hashlib.sha256(json.dumps([image, here.settings.database_url, accounts]).encode()).hexdigest()
    if marker.exists() and marker.read_text() == mark:
        return "present"
    if marker.exists():
        # another version of our code: the old one must not write while tables change
        compose.run("stop", "culler", "hub", "workspaces", doing="Stopping hub, workspaces and culler")
    _in_hub_image(here, "migrate", doing="Bringing the database to this version")
    made = _in_hub_image(here, "accounts", "ensure", doing="Making the accounts", text=accounts)
    state.write(marker, mark, mode=0o600)
    return f"migrated, {made.count(': made')} accounts made"


def manage_accounts(root: Path, environ: Mapping[str, str], words: list[str]) -> str:
    """Run ``python -m terraspawner accounts <words>`` in the deployment. Returns what it said."""
    here = Site.of(root, environ)
    if engine.inspect("volume", f"{here.settings.deployment}-db") is None:
        raise SetupStopped(f"The deployment {here.settings.deployment} has no accounts yet. Run `make up` first.")
    return _answer(here, "accounts", words)


def manage_disks(root: Path, environ: Mapping[str, str], words: list[str]) -> str:
    """Run ``python -m terraspawner disks <words>`` in the deployment. Returns what it said."""
    here = Site.of(root, environ)
    if engine.inspect("volume", f"{here.settings.deployment}-db") is None:
        raise SetupStopped(f"The deployment {here.settings.deployment} has no disks yet. Run `make up` first.")
    return _answer(here, "disks", words, timeout=None)


def _answer(here: Site, command: str, words: list[str], timeout: float | None = COMMAND_SECONDS) -> str:
    """What an operator's command says; it lists where no more is said."""
    try:
        return _in_hub_image(here, command, *(words or ["list"]), doing=command, timeout=timeout)
    except SetupStopped as stopped:
        # the sentence of the command itself, without ours about it
        raise SetupStopped(textwrap.dedent(stopped.message.partition("\n")[2]) or stopped.message) from None


def _in_hub_image(
    here: Site, *command: str, doing: str, text: str = "", timeout: float | None = COMMAND_SECONDS
) -> str:
    """Run ``python -m terraspawner ...`` as the hub's user, with the hub's secrets and our database."""
    deployment, folder = here.settings.deployment, here.state.folder
    # no log: what it prints can be a link that sets a password
    options = [
        "--rm",
        "--log-driver",
        "none",
        "--interactive",
        "--user",
        "2001:2000",
        "--network",
        f"{deployment}-core",
    ]
    options += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--env-file", str(here.state.services_env)]
    options += ["--volume", f"{deployment}-db:/srv/terra/db"]
    options += ["--volume", f"{deployment}-run:/srv/terra/run"]
    options += ["--volume", f"{folder}/catalogue:{state.CATALOGUE_FOLDER}:ro"]
    options += ["--volume", f"{folder}/secrets/hub.env:/run/secrets/terraspawner.env:ro"]
    words = ["docker", "run", *options, images.HUB, "python", "-m", "terraspawner", *command]
    return run(words, doing=doing, text=text, timeout=timeout)


def _print_welcome(here: Site, facts: EngineFacts) -> None:
    settings = here.settings
    logins = here.state.logins_for(settings)
    say("\n" + "\n".join(provider.greeting(settings, logins)))
    if logins:
        say(f"(made once, kept in {here.state.logins_file}; changed since, a password is known to its owner alone)")
        say('More people: make accounts ARGS="add eva", or the page People of an operator.')
    say("Next: make status, make logs, make down (keeps everything), make clean (deletes, and asks first).")
    if settings.insecure_network and not network.is_loopback(settings.bind):
        say(
            f"WARNING: {settings.bind} is reached from other machines, and TERRA_INSECURE_NETWORK allows what TLS or a "
            "domain for each user is missing: who is on the network can read along, and code in one person's "
            "environment can act as whoever visits its pages."
        )
    if not facts.live_restore:
        say(
            "Note: a restart of the Docker Engine ends running environments; "
            "`live-restore` in its daemon.json avoids that."
        )
