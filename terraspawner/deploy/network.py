"""Whether the networks and the port that the settings name are free here."""

from __future__ import annotations

import errno
import ipaddress
import json
import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from terraspawner.deploy.commands import SetupStopped, attempt
from terraspawner.settings import NETWORK_IS_TRUSTED, Settings

Network = ipaddress.IPv4Network
CANDIDATES = ("10.213.0.0/16", "172.28.0.0/16", "192.168.208.0/20", "10.97.0.0/16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A network that something here uses already."""

    network: Network
    by: str
    name: str = ""


def check_subnets(settings: Settings) -> None:
    """Raises `SetupStopped` naming the setting when a network is taken, or differs from the one that was made."""
    check_against(settings, [*_docker_networks(), *_routes()])


def check_against(settings: Settings, taken: Sequence[Taken]) -> None:
    wanted = {
        "TERRA_CORE_SUBNET": (f"{settings.deployment}-core", _network("TERRA_CORE_SUBNET", settings.core_subnet, 28)),
        "TERRA_USERS_SUBNET": (settings.users_network, _network("TERRA_USERS_SUBNET", settings.users_subnet, 27)),
    }
    core, users = (network for _, network in wanted.values())
    if core.overlaps(users):
        raise SetupStopped(f"TERRA_CORE_SUBNET {core} and TERRA_USERS_SUBNET {users} overlap: change one of them.")
    for setting, (name, network) in wanted.items():
        made = next((item.network for item in taken if item.name == name), None)
        if made == network:
            continue
        if made is not None:
            raise SetupStopped(
                f"The network {name} was made as {made}, and {setting} is now {network}. "
                f"Set {setting}={made}, or remove the deployment with its data (`make clean`)."
            )
        clash = next((item for item in taken if item.network.overlaps(network)), None)
        if clash:
            raise SetupStopped(
                f"{setting} is {network}, which overlaps {clash.network} of {clash.by}. "
                f"Set it to a free network, such as {setting}={_free(taken, network.prefixlen)}."
            )


def check_port(bind: str, port: int) -> None:
    """Raises `SetupStopped` when somebody listens there, or when the address is not this machine's."""
    try:
        family, _, _, _, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            sentence = (
                f"Port {port} on {bind} is in use: stop what uses it, or choose another one (TERRA_PORT=8080 make up)."
            )
        else:
            sentence = f"TERRA_BIND={bind} TERRA_PORT={port} cannot be listened on ({error}): correct them."
        raise SetupStopped(sentence) from error


def check_exposure(settings: Settings) -> None:
    """Raises `SetupStopped` when other machines would reach a deployment that does not keep its users apart there."""
    is_safe = bool(settings.tls_certificate and settings.subdomain_host)
    if is_safe or settings.insecure_network or is_loopback(settings.bind):
        return
    raise SetupStopped(
        f"TERRA_BIND={settings.bind} is reached by other machines, so TLS (TERRA_TLS_CERTIFICATE, TERRA_TLS_KEY) and a "
        "domain for each user (TERRA_SUBDOMAIN_HOST=https://lab.example.org) are needed, or else your word for it: "
        f"TERRA_INSECURE_NETWORK='{NETWORK_IS_TRUSTED}'."
    )


def is_loopback(bind: str) -> bool:
    """Whether only this machine reaches `bind`."""
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"


def _network(setting: str, text: str, smallest: int) -> Network:
    network = ipaddress.ip_network(text)
    if not isinstance(network, Network) or network.prefixlen > smallest:
        raise SetupStopped(f"{setting} is {text}: give an IPv4 network of /{smallest} or larger.")
    return network


def _free(taken: Iterable[Taken], prefix: int) -> Network:
    used = [item.network for item in taken]
    for text in CANDIDATES:
        within = Network(text)
        for network in within.subnets(new_prefix=max(prefix, within.prefixlen)):
            if not any(network.overlaps(other) for other in used):
                return network
    return Network("10.254.0.0/20")


def _docker_networks() -> list[Taken]:
    names = attempt(["docker", "network", "ls", "--format", "{{.Name}}"]).stdout.split()
    details = json.loads(attempt(["docker", "network", "inspect", *names]).stdout or "[]")
    return [
        Taken(network=Network(config["Subnet"]), by=f"the Docker network {item['Name']}", name=item["Name"])
        for item in details
        for config in item["IPAM"].get("Config") or []
        if ":" not in config.get("Subnet", ":")
    ]


def _routes(path: Path = Path("/proc/net/route")) -> list[Taken]:
    """The kernel's routes, besides the default one and those of Docker's bridges, which are known by name."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()[1:]]
    except OSError:
        return []
    found = []
    for fields in lines:
        interface, target, mask = fields[0], _address(fields[1]), _address(fields[7])
        if mask != "0.0.0.0" and not interface.startswith(("docker", "br-", "tsp-")):
            found.append(Taken(network=Network(f"{target}/{mask}"), by=f"the route of {interface}"))
    return found


def _address(word: str) -> str:
    return socket.inet_ntoa(struct.pack("<L", int(word, 16)))
