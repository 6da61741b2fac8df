"""What this site needs for downloads: proxies and package indexes, taken from the machine's own clients.

They go into throw-away build stages as build arguments and never into an image. Addresses on the machine's own
loopback serve builds, which run in the machine's network, but not environments, which do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from terraspawner.deploy.commands import attempt, is_there

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxy variables that are set, by their upper-case names."""
    found = {name: environ.get(name) or environ.get(name.lower()) or "" for name in PROXIES}
    return {name: value for name, value in found.items() if value}


def build_arguments(environ: Mapping[str, str], home: Path | None = None) -> dict[str, str]:
    """Build arguments of every image: proxies, pip's and npm's indexes. Values may hold passwords of the site."""
    arguments = {**{k: v for name, v in proxies(environ).items() for k in (name, name.lower())}}
    arguments |= pip_indexes(environ)
    registry = npm_registry(environ, home or Path.home())
    return arguments | ({"NPM_CONFIG_REGISTRY": registry} if registry else {})


def pip_indexes(environ: Mapping[str, str]) -> dict[str, str]:
    """PIP_INDEX_URL and PIP_EXTRA_INDEX_URL, from the environment or pip's own configuration."""
    configured = _pip_configuration()
    found = {}
    for variable, option in (("PIP_INDEX_URL", "index-url"), ("PIP_EXTRA_INDEX_URL", "extra-index-url")):
        text = environ.get(variable) or configured.get(option, "")
        # folders of this machine are not there in a build
        addresses = [word for word in text.split() if word.startswith(("http://", "https://"))]
        if addresses:
            found[variable] = " ".join(addresses)
    return found


def npm_registry(environ: Mapping[str, str], home: Path) -> str:
    """npm's registry where the machine names one, else empty."""
    named = environ.get("NPM_CONFIG_REGISTRY") or environ.get("npm_config_registry") or ""
    for path in (home / ".npmrc", Path("/etc/npmrc")):
        if not named and path.is_file():
            match = re.search(r"^\s*registry\s*=\s*(\S+)", path.read_text(errors="replace"), re.MULTILINE)
            named = match.group(1) if match else ""
    return named


def reachable_from_containers(address: str) -> str:
    """A proxy's address, or empty when it is on this machine's loopback."""
    return "" if re.search(r"//([^@/]*@)?(localhost|127\.|\[::1\])", address) else address


def _pip_configuration() -> dict[str, str]:
    """`pip config list` in words; empty where there is no pip."""
    command = ["pip"] if is_there("pip") else [sys.executable, "-m", "pip"]
    done = attempt([*command, "config", "list"], timeout=30)
    options: dict[str, str] = {}
    for line in done.stdout.splitlines() if done.returncode == 0 else []:
        name, _, value = line.partition("=")
        options[name.rpartition(".")[2]] = value.strip().strip("'\"").replace("\\n", " ")
    return options
