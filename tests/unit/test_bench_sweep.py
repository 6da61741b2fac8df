"""The sweeps of the bench: what is counted, and for whom."""

from __future__ import annotations

import pytest

from tests.bench import noop_hub, sweep
from tests.bench.noop_hub import Call
from tests.bench.processes import Took
from tests.bench.sweep import OURS, STOCK, Found, Look

LOG = """
[I 2026-11-21 23:31:06.763 JupyterHub app:3946] JupyterHub is now running, internal Hub API at http://127.0.0.1:58809/
[I 2026-11-21 23:31:06.772 JupyterHub log:192] 200 GET /hub/api/ (@127.0.0.1) 9.46ms
[I 2026-11-21 23:31:07.021 JupyterHub log:192] 200 GET /hub/api/users?offset=50 (idle-culler@127.0.0.1) 174.07ms
[I 2026-11-21 23:31:07.022 JupyterHub users:830] Server person-00000:person-00000-alpha took 0.003 seconds to stop
[I 2026-11-21 23:31:07.104 JupyterHub log:192] 204 DELETE /hub/api/users/ana/servers/ana-alpha (workspaces@::1) 22.52ms
[W 2026-11-21 23:31:07.105 JupyterHub log:192] 403 GET /hub/api/user (@127.0.0.1) 1.20ms
"""


def test_the_hubs_log_is_read_for_what_it_was_asked_and_by_whom() -> None:
    assert noop_hub.calls_in(LOG) == [
        Call(who="", method="GET", path="/hub/api/", status=200),
        Call(who="idle-culler", method="GET", path="/hub/api/users?offset=50", status=200),
        Call(who="workspaces", method="DELETE", path="/hub/api/users/ana/servers/ana-alpha", status=204),
        Call(who="", method="GET", path="/hub/api/user", status=403),
    ]


@pytest.mark.parametrize(
    ("who", "method", "path", "expected"),
    [
        ("idle-culler", "GET", "/hub/api/users", STOCK),
        ("idle-culler", "DELETE", "/hub/api/users/ana/servers/a", STOCK),
        ("culler", "GET", "/hub/api/user", OURS),
        ("workspaces", "DELETE", "/hub/api/users/ana/servers/a", OURS),
        # the reconciler, whoever sweeps
        ("workspaces", "GET", "/hub/api/users/ana?include_stopped_servers=1", None),
        ("ana", "DELETE", "/hub/api/users/ana/servers/a", None),
    ],
)
def test_a_request_counts_for_the_side_that_it_is_made_for(
    who: str, method: str, path: str, expected: str | None
) -> None:
    call = Call(who=who, method=method, path=path, status=200)
    sides = {STOCK: sweep.asked_by_stock(call), OURS: sweep.asked_by_ours(call)}
    assert [side for side, is_its in sides.items() if is_its] == [side for side in (expected,) if side]


def look(seconds: float, to_hub: int) -> Look:
    took = Took(seconds=seconds, processor=0.1, count=to_hub, memory=2**25)
    return Look(took=took, to_hub=to_hub, to_service=0, stopped=0, hub=0.2, service=0.3)


def test_ours_stands_against_the_stock_one_of_the_same_servers() -> None:
    found = Found(count=1000)
    found.quiet[STOCK] += [look(1.0, 21), look(2.0, 21), look(9.0, 21)]
    found.quiet[OURS] += [look(0.5, 1), look(0.4, 1), look(3.0, 3)]
    found.due[STOCK].append(look(2.0, 31))
    found.due[OURS].append(look(3.0, 21))
    rows = list(sweep.rows_of(found))
    assert [row[:6] for row in rows] == [
        ["1,000", "none", STOCK, "2000 ms (9000 ms)", "", ""],
        ["1,000", "none", OURS, "500 ms (3000 ms)", "**0.25**", "≤ 1"],
        ["1,000", "10 each", STOCK, "2000 ms (2000 ms)", "", ""],
        ["1,000", "10 each", OURS, "3000 ms (3000 ms)", "**1.50**", "≤ 1"],
    ]
    assert [row[6:8] for row in rows] == [["32 MiB", "21"], ["32 MiB", "1"], ["32 MiB", "31"], ["32 MiB", "21"]]


def test_in_each_round_one_of_a_hundred_is_due_that_was_left_for_it() -> None:
    rounds, away = 3, {number: sweep.left_ago(number, 3).total_seconds() for number in range(200)}
    for number in range(rounds):
        due = [server for server, seconds in away.items() if seconds >= sweep.limit_of(number, rounds)]
        assert due == [number, 100 + number]
        away |= dict.fromkeys(due, 0.0)  # stopped, and started again
    assert set(away.values()) == {0.0}
