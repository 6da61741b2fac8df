"""What an answer of the network probe means."""

from __future__ import annotations

import pytest

from terraspawner.host.findings import Target, judge, targets_of
from terraspawner.settings import Settings

SHUT = Target(name="another environment", address="172.31.248.1", port=8888)
OPEN = Target(name="the Hub's API", address="172.31.240.2", port=8081, must_be_open=True)


@pytest.mark.parametrize(
    ("target", "answer", "ok"),
    [
        (SHUT, "silent", True),
        (SHUT, "connected", False),
        # nobody listens there, but packets went there and back
        (SHUT, "refused", False),
        (OPEN, "connected", True),
        (OPEN, "refused", True),
        (OPEN, "silent", False),
    ],
)
def test_a_way_is_good_when_it_is_as_it_must_be(target: Target, answer: str, ok: bool) -> None:
    (finding,) = judge([target], {target.name: answer}, [])
    assert finding.ok is ok
    assert target.address in finding.message


@pytest.mark.parametrize("target", [SHUT, OPEN])
def test_no_answer_is_never_good(target: Target) -> None:
    (finding,) = judge([target], {}, [])
    assert not finding.ok
    assert "not known" in finding.message


def test_ipv6_is_not_good_since_the_rules_do_not_cover_it() -> None:
    assert [f.ok for f in judge([SHUT], {SHUT.name: "silent"}, ["fe80::1"])] == [True, False]


def test_everything_of_ours_but_two_ports_must_be_shut() -> None:
    targets = targets_of(Settings(), "172.31.248.1")
    assert {(t.address, t.port) for t in targets if t.must_be_open} == {("172.31.240.2", 8081), ("172.31.240.4", 8010)}
    shut = {t.address for t in targets if not t.must_be_open}
    assert shut >= {"172.31.248.1", "169.254.169.254", "172.31.240.1", "172.31.240.3", "172.31.239.2"}
    assert len({t.name for t in targets}) == len(targets)
