"""Packet rules of the environments' network: a pure function of settings.

The decision (TRAPS.md 17): one bridge with ``enable_icc=false``, so that Docker's own rules shut out everyone from
everyone; these rules, which run before Docker's, open the few ways that are wanted. When they are lost, even the
proxy is shut out: lost rules fail closed. Not taken: a network per environment, which ends at 30 networks with
Docker's default pools and costs 0.17 s a start.

The text is fed to ``iptables-restore --noflush``, which replaces our chains and their hooks in one transaction, so
there is no moment with half of the rules.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from terraspawner.settings import Settings

HUB_PORT = 8081
SERVICE_PORT = 8010
LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")
METADATA = tuple(ipaddress.ip_address(address) for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192"))
"""Clouds that keep what a machine is told, keys of it among that, outside of `LINK_LOCAL`: Alibaba, Azure, Oracle."""
PREFIX = "TSP-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A jump from a chain that is not ours into one that is."""

    parent: str
    bridge: str
    chain: str

    @property
    def rule(self) -> str:
        """The rule as ``iptables-save`` writes it, without ``-A`` and the chain."""
        return f"-i {self.bridge} -j {self.chain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Our chains with their rules in order, and the hooks that lead into them."""

    chains: tuple[tuple[str, tuple[str, ...]], ...]
    hooks: tuple[Hook, ...]


def guard_of(settings: Settings, resolvers: Sequence[str] = ()) -> Guard:
    """The rules of one deployment.

    `resolvers` are the machine's DNS servers: on some clouds the resolver is a link-local address or the machine
    itself, and its port 53 stays reachable, else nothing could be installed in an environment.
    """
    bridge = settings.users_bridge
    mark = hashlib.sha256(settings.deployment.encode()).hexdigest()[:8]
    forward, to_host = f"{PREFIX}{mark}-FWD", f"{PREFIX}{mark}-IN"
    return Guard(
        chains=((forward, _forward_rules(settings, resolvers)), (to_host, _host_rules(resolvers))),
        hooks=(
            Hook(parent="DOCKER-USER", bridge=bridge, chain=forward),
            Hook(parent="INPUT", bridge=bridge, chain=to_host),
        ),
    )


def _forward_rules(settings: Settings, resolvers: Sequence[str]) -> tuple[str, ...]:
    inside = f"-o {settings.users_bridge}"
    shut = [address for address in resolvers if _is_shut(ipaddress.ip_address(address))]
    return (
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        *_dns(shut, "RETURN"),
        f"-d {LINK_LOCAL} -j DROP",
        *(f"-d {address}/32 -j DROP" for address in METADATA),
        # proxy and hub reach every environment
        f"-s {settings.proxy_address}/32 {inside} -p tcp -j ACCEPT",
        f"-s {settings.hub_address}/32 {inside} -p tcp -j ACCEPT",
        # an environment reaches the two ports that it needs, and nothing else of ours or of its neighbours
        f"-d {settings.hub_address}/32 {inside} -p tcp -m tcp --dport {HUB_PORT} -j ACCEPT",
        f"-d {settings.service_address}/32 {inside} -p tcp -m tcp --dport {SERVICE_PORT} -j ACCEPT",
        f"{inside} -j DROP",
        f"-d {ipaddress.ip_network(settings.core_subnet)} -j DROP",
        # the world outside: Docker's own rules decide, which let it through
        "-j RETURN",
    )


def _is_shut(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address in LINK_LOCAL or address in METADATA


def _host_rules(resolvers: Sequence[str]) -> tuple[str, ...]:
    return (
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        *_dns(resolvers, "ACCEPT"),
        "-j DROP",
    )


def _dns(resolvers: Iterable[str], verdict: str) -> list[str]:
    return [
        f"-d {address}/32 -p {protocol} -m {protocol} --dport 53 -j {verdict}"
        for address in resolvers
        for protocol in ("udp", "tcp")
    ]


def is_in_place(saved: str, guard: Guard) -> bool:
    """Whether ``iptables-save`` shows every rule of `guard`, and hooks that nothing foreign comes before."""
    rules = parse_saved(saved)
    return all(
        [_words(rule) for rule in rules.get(name, [])] == [_words(rule) for rule in wanted]
        for name, wanted in guard.chains
    ) and all(_leads(rules.get(hook.parent, []), hook) for hook in guard.hooks)


def _leads(parent: Sequence[str], hook: Hook) -> bool:
    """Other deployments' hooks may come first (each looks at its own bridge only); anybody else's rule may not."""
    for rule in parent:
        if rule == hook.rule:
            return True
        if f"-j {PREFIX}" not in rule:
            return False
    return False


def _words(rule: str) -> frozenset[str]:
    # iptables-save orders a rule's parts its own way
    return frozenset(rule.split())


def parse_saved(saved: str) -> dict[str, list[str]]:
    """Chain -> its rules, from the text of ``iptables-save``. A chain without rules is there too."""
    rules: dict[str, list[str]] = {}
    for line in saved.splitlines():
        if line.startswith(":"):
            rules[line[1:].split()[0]] = []
        elif line.startswith("-A "):
            _, chain, rule = line.split(" ", 2)
            rules.setdefault(chain, []).append(rule)
    return rules


def restore_text(saved: str, guard: Guard) -> str:
    """Text for ``iptables-restore --noflush`` that puts `guard` in place, whatever is there now."""
    present = parse_saved(saved)
    lines = ["*filter", *(f":{name} - [0:0]" for name, _ in guard.chains)]
    lines += [f"-A {name} {rule}" for name, rules in guard.chains for rule in rules]
    lines += _unhook(present, guard)
    lines += [f"-I {hook.parent} 1 {hook.rule}" for hook in guard.hooks]
    return "\n".join([*lines, "COMMIT", ""])


def removal_text(saved: str, guard: Guard) -> str:
    """Text for ``iptables-restore --noflush`` that takes away what of `guard` is there. Idempotent."""
    present = parse_saved(saved)
    there = [name for name, _ in guard.chains if name in present]
    # naming a chain with a colon empties it; an empty one without references can go
    lines = ["*filter", *(f":{name} - [0:0]" for name in there), *_unhook(present, guard)]
    return "\n".join([*lines, *(f"-X {name}" for name in there), "COMMIT", ""])


def _unhook(present: dict[str, list[str]], guard: Guard) -> list[str]:
    return [
        f"-D {hook.parent} {hook.rule}"
        for hook in guard.hooks
        for rule in present.get(hook.parent, [])
        if rule == hook.rule
    ]
