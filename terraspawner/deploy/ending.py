"""Looks at, stops and removes a deployment: ``make status``, ``logs``, ``down``, ``clean``.

Environments are not in docker-compose.yml, so they are found by their labels.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from terraspawner.deploy import engine, health, images, mounts, state
from terraspawner.deploy.commands import SetupStopped, attempt
from terraspawner.deploy.deployment import Site, find_compose
from terraspawner.deploy.progress import say, step
from terraspawner.settings import Settings

STOP_SECONDS = 20


def down(root: Path, environ: Mapping[str, str]) -> None:
    """Stop all containers of the deployment; keep all of them, and all data."""
    here = Site.of(root, environ)
    deployment = here.settings.deployment
    if not here.state.exists():
        say(f"There is no deployment {deployment} here; nothing to stop.")
        return
    compose = find_compose(here)
    with step("hub"):
        # first, so that it does not take stopping environments for crashed ones
        compose.run("stop", "hub", doing="Stopping the hub")
    with step("environments") as line:
        line.result = f"{stop_environments(deployment)} stopped"
    with step("services"):
        compose.stop()
    say("Stopped. Containers, disks, buckets and accounts are kept; `make up` brings everything back.")


def stop_environments(deployment: str) -> int:
    """Stop the users' containers while the workspaces service still takes their work. Returns how many."""
    frozen = _containers(deployment, "environment", status="paused")
    if frozen:
        # a frozen one cannot end by itself: it would be killed with its work (TRAPS.md 12)
        engine.docker("unpause", *frozen, doing="Waking frozen environments")
    running = _containers(deployment, "environment", status="running")
    if running:
        engine.docker("stop", "--time", str(STOP_SECONDS), *running, doing="Stopping environments", timeout=600)
    return len(running)


def logs(root: Path, environ: Mapping[str, str], services: Sequence[str], *, follow: bool) -> int:
    here = Site.of(root, environ)
    _must_exist(here)
    how = ["--follow"] if follow else []
    # some releases write control sequences even into a file
    how += [] if sys.stdout.isatty() else ["--no-color"]
    return find_compose(here).follow("logs", "--tail=200", *how, *services)


def status(root: Path, environ: Mapping[str, str]) -> bool:
    """Print the state of all parts. Returns whether all services are healthy and the network is closed."""
    here = Site.of(root, environ)
    deployment = here.settings.deployment
    all_good = True
    for service in health.services_of(here.settings):
        container = health.container_of(deployment, service)
        good = bool(container and health.is_healthy(container))
        all_good = all_good and good
        state = container["State"]["Status"] if container else "not there"
        say(f"  {service:<13} {'healthy' if good else state}")
    running = len(_containers(deployment, "environment", status="running"))
    say(f"  environments  {running} running, {len(_containers(deployment, 'environment')) - running} not")
    is_isolated = bool(health.network_state(deployment).get("ok"))
    say(f"  isolation     {'as it must be' if is_isolated else 'not known to be safe'}")
    say(f"  address       {here.settings.address}/")
    return all_good and is_isolated


def clean(root: Path, environ: Mapping[str, str], *, is_confirmed: bool) -> None:
    """Remove the deployment with its data, after asking. Images stay. Idempotent. Raises `SetupStopped` on a no."""
    here = Site.of(root, environ)
    deployment = here.settings.deployment
    found = {kind: _named(deployment, kind) for kind in ("container", "volume", "network")}
    if not any(found.values()) and not here.state.folder.exists():
        say(f"There is nothing of the deployment {deployment} here.")
        return
    _list_what_goes(here, found)
    if not is_confirmed and _ask("Delete all of this? Type yes: ") != "yes":
        raise SetupStopped("Nothing was deleted.")
    with step("containers"):
        _remove(["rm", "--force", "--volumes"], found["container"])
    with step("packet rules") as line:
        line.result = _remove_rules(deployment)
    with step("mounts") as line:
        line.result = _remove_mounts(here)
    with step("networks"):
        _remove(["network", "rm"], found["network"])
    with step("volumes"):
        _remove(["volume", "rm", "--force"], found["volume"])
    with step("state"):
        shutil.rmtree(here.state.folder, ignore_errors=True)
    say("Removed. The images are kept; `docker image rm` removes them.")


def _must_exist(here: Site) -> None:
    if not here.state.exists():
        raise SetupStopped(f"There is no deployment {here.settings.deployment} here: `make up` makes it.")


def _containers(deployment: str, kind: str, status: str = "") -> list[str]:
    filters = [f"label=terraspawner.deployment={deployment}", f"label=terraspawner.kind={kind}"]
    filters += [f"status={status}"] if status else []
    words = [word for item in filters for word in ("--filter", item)]
    return engine.docker("ps", "--all", "--quiet", *words, doing="docker ps").split()


def _named(deployment: str, kind: str) -> list[str]:
    """Names of everything of a kind that carries the deployment's label."""
    listing = (
        ["ps", "--all", "--format", "{{.Names}}"] if kind == "container" else [kind, "ls", "--format", "{{.Name}}"]
    )
    wanted = f"label=terraspawner.deployment={deployment}"
    return engine.docker(*listing, "--filter", wanted, doing=f"Listing each {kind}").split()


def _list_what_goes(here: Site, found: Mapping[str, list[str]]) -> None:
    say(f"This deletes, of the deployment {here.settings.deployment} and for good:")
    for line in what_goes(here.settings, found, _mounts_folder(here)):
        say(f"  {line}")
    say(f"  {here.state.folder}: passwords, keys, settings")
    if here.settings.mounts_buckets:
        say(f"What is in {here.settings.buckets} stays there.")


def what_goes(settings: Settings, found: Mapping[str, list[str]], mounted: str) -> list[str]:
    """For who is asked, a line for each kind. Disks are volumes, or images in the folder with what is `mounted`."""
    volumes = [name for name in found["volume"] if "-disk-" in name]
    beside = _disks_that_are_images(mounted) if mounted else 0
    uncounted = " besides those that are images, which root alone can count" if beside is None else ""
    kept = "files that the store of the buckets does not have yet" if settings.mounts_buckets else "buckets"
    others = len(found["volume"]) - len(volumes)
    return [
        f"{_counted(len(found['container']), 'container')}, {_counted(len(found['network']), 'network')}",
        f"{_counted(len(volumes) + (beside or 0), 'disk')} of environments{uncounted}, with everything on them",
        f"{_counted(others, 'volume')}: {kept}, libraries, with all notebooks and data; accounts, the Hub's records",
    ]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _disks_that_are_images(mounted: str) -> int | None:
    """None where this account may not look: a member of the group docker, who is not root."""
    try:
        return len(list(Path(mounted, mounts.DISKS).iterdir()))
    except FileNotFoundError:
        return 0
    except PermissionError:
        return None


def _ask(question: str) -> str:
    try:
        return input(question).strip().lower()
    except EOFError:
        return ""


def _remove(command: Sequence[str], names: Sequence[str]) -> None:
    if names:
        engine.docker(*command, *names, doing=f"docker {' '.join(command)}", timeout=300)


def _remove_mounts(here: Site) -> str:
    """After all containers that had them, before the volumes that they show."""
    folder = _mounts_folder(here)
    return mounts.remove(folder) if folder else "none were made"


def _mounts_folder(here: Site) -> str:
    """Empty where there is none."""
    return state.read_env(here.state.compose_env).get("TERRA_MOUNTS_HOST_PATH", "")


def _remove_rules(deployment: str) -> str:
    """netguard's chains, taken away by netguard itself: it knows them, and which family of iptables they are in."""
    if images.label_of(images.HUB) is None:
        return "kept, since the image hub is gone; they match a bridge that is gone too"
    words = ["docker", "run", "--rm", "--network", "host", "--user", "0", "--cap-drop", "ALL", "--cap-add", "NET_ADMIN"]
    words += ["--cap-add", "NET_RAW", "--env", f"TERRA_DEPLOYMENT={deployment}"]
    done = attempt([*words, images.HUB, "python", "-m", "terraspawner.host.netguard", "remove"])
    return "removed" if done.returncode == 0 else f"not removed: {json.dumps(done.stderr.strip()[-200:])}"
