"""The packet rules, computed from settings and compared whole."""

from __future__ import annotations

from terraspawner.host import rules
from terraspawner.settings import Settings

SETTINGS = Settings(deployment="lab")
BRIDGE = SETTINGS.users_bridge
EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:DOCKER-USER - [0:0]\n-A DOCKER-USER -j RETURN\nCOMMIT\n"


def saved(guard: rules.Guard, before: str = "") -> str:
    """What iptables-save shows once `guard` is in place, with a foreign rule `before` our hook."""
    lines = ["*filter", ":INPUT ACCEPT [0:0]", ":DOCKER-USER - [0:0]", *(f":{n} - [0:0]" for n, _ in guard.chains)]
    lines += [f"-A DOCKER-USER {before}"] if before else []
    lines += [f"-A {hook.parent} {hook.rule}" for hook in guard.hooks]
    lines += [f"-A {name} {rule}" for name, chain in guard.chains for rule in chain]
    return "\n".join([*lines, "-A DOCKER-USER -j RETURN", "COMMIT"])


def test_the_rules_of_a_deployment() -> None:
    forward, to_host = rules.guard_of(SETTINGS).chains
    assert forward[1] == (
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-d 169.254.0.0/16 -j DROP",
        "-d 100.100.100.200/32 -j DROP",
        "-d 168.63.129.16/32 -j DROP",
        "-d 192.0.0.192/32 -j DROP",
        f"-s 172.31.240.3/32 -o {BRIDGE} -p tcp -j ACCEPT",
        f"-s 172.31.240.2/32 -o {BRIDGE} -p tcp -j ACCEPT",
        f"-d 172.31.240.2/32 -o {BRIDGE} -p tcp -m tcp --dport 8081 -j ACCEPT",
        f"-d 172.31.240.4/32 -o {BRIDGE} -p tcp -m tcp --dport 8010 -j ACCEPT",
        f"-o {BRIDGE} -j DROP",
        "-d 172.31.239.0/24 -j DROP",
        "-j RETURN",
    )
    assert to_host[1] == ("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-j DROP")


def test_a_resolver_on_a_shut_address_is_reached_by_its_dns_port_alone() -> None:
    (_, forward), (_, to_host) = rules.guard_of(SETTINGS, ["169.254.169.254", "10.0.0.53"]).chains
    assert "-d 169.254.169.254/32 -p udp -m udp --dport 53 -j RETURN" in forward
    assert not any("10.0.0.53" in rule for rule in forward)
    (_, azure), _ = rules.guard_of(SETTINGS, ["168.63.129.16"]).chains
    dns = azure.index("-d 168.63.129.16/32 -p tcp -m tcp --dport 53 -j RETURN")
    assert dns < azure.index("-d 168.63.129.16/32 -j DROP")
    assert "-d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j ACCEPT" in to_host
    assert to_host[-1] == "-j DROP"


def test_chain_names_fit_iptables_and_differ_by_deployment() -> None:
    names = [name for which in ("lab", "lab-2") for name, _ in rules.guard_of(Settings(deployment=which)).chains]
    assert len(set(names)) == 4
    assert max(map(len, names)) <= 28


def test_rules_are_seen_to_be_in_place_and_to_be_missing() -> None:
    guard = rules.guard_of(SETTINGS)
    assert rules.is_in_place(saved(guard), guard)
    assert not rules.is_in_place(EMPTY, guard)
    assert not rules.is_in_place(saved(guard).replace("-d 169.254.0.0/16 -j DROP", ""), guard)
    assert not rules.is_in_place(saved(guard).replace(f"-A INPUT -i {BRIDGE}", "-A INPUT -i other"), guard)


def test_the_order_of_words_in_a_rule_does_not_matter() -> None:
    guard = rules.guard_of(SETTINGS)
    turned = saved(guard).replace(f"-s 172.31.240.3/32 -o {BRIDGE} -p tcp", f"-o {BRIDGE} -s 172.31.240.3/32 -p tcp")
    assert rules.is_in_place(turned, guard)


def test_a_foreign_rule_before_ours_is_a_way_past_it_and_another_deployments_hook_is_not() -> None:
    guard = rules.guard_of(SETTINGS)
    other = rules.guard_of(Settings(deployment="other")).hooks[0].rule
    assert not rules.is_in_place(saved(guard, before="-s 10.0.0.0/8 -j ACCEPT"), guard)
    assert rules.is_in_place(saved(guard, before=other), guard)


def test_putting_in_place_replaces_hooks_that_are_there() -> None:
    guard = rules.guard_of(SETTINGS)
    text = rules.restore_text(saved(guard), guard)
    for hook in guard.hooks:
        assert text.count(f"-D {hook.parent} {hook.rule}") == 1
        assert text.count(f"-I {hook.parent} 1 {hook.rule}") == 1
    assert "-D " not in rules.restore_text(EMPTY, guard)


def test_removal_takes_only_what_is_there() -> None:
    guard = rules.guard_of(SETTINGS)
    assert rules.removal_text(EMPTY, guard) == "*filter\nCOMMIT\n"
    text = rules.removal_text(saved(guard), guard)
    assert text.count("-X ") == 2
    assert text.count("-D ") == 2
