"""What the machine's memory is, from texts as kernels write them; when it is short; who gives theirs back first."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraspawner.domain.host_memory import (
    NEAR,
    PRESSED,
    Held,
    HostMemory,
    Source,
    read,
    short_by,
    to_give_back,
)

GIB, MIB = 1024**3, 1024**2
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MEMINFO = """\
MemTotal:       24684084 kB
MemFree:        10542532 kB
MemAvailable:   20376624 kB
Buffers:         1159348 kB
Cached:          8859464 kB
SwapCached:            0 kB
Active(anon):    1135856 kB
SwapTotal:             0 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
"""
TOTAL, AVAILABLE = 24684084 * 1024, 20376624 * 1024
PRESSURE = """\
some avg10=41.10 avg60=12.05 avg300=3.01 total=533639265
full avg10=23.45 avg60=8.00 avg300=1.20 total=23037593
"""
STAT_1 = f"""\
cache 11223040
rss 8380416
inactive_file 12288
active_file 2125824
hierarchical_memory_limit 9223372036854771712
total_cache {2 * GIB}
total_inactive_file {GIB}
total_active_file {GIB}
"""
STAT_2 = f"""\
anon 2127736832
file {2 * GIB}
inactive_anon 2165108736
inactive_file {GIB}
active_file {GIB}
workingset_refault_file 24788442
"""
NO_LIMIT_1 = "9223372036854771712\n"


def machine(pressure: float | None = None) -> HostMemory:
    return HostMemory(total=TOTAL, available=AVAILABLE, source=Source.MACHINE, pressure=pressure)


@pytest.mark.feature("C8")
@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({}, machine()),
        ({"pressure": PRESSURE}, machine(23.45)),
        ({"pressure": "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"}, machine(0.0)),
        ({"pressure": "some avg10=41.10 avg60=12.05 avg300=3.01 total=5\n"}, machine()),
        ({"pressure": "full avg10=nan avg60=\n"}, machine()),
        # no limit: version 1, version 2, and what is more than the machine has
        ({"limit": NO_LIMIT_1, "usage": f"{8 * GIB}\n", "stat": STAT_1}, machine()),
        ({"limit": "max\n", "usage": f"{8 * GIB}\n", "stat": STAT_2}, machine()),
        ({"limit": f"{TOTAL}\n", "usage": f"{TOTAL}\n"}, machine()),
        # what cannot be read bounds nothing
        ({"limit": f"{8 * GIB}\n"}, machine()),
        ({"limit": "-1\n", "usage": "5\n"}, machine()),
        ({"limit": "0\n", "usage": "0\n"}, machine()),
        ({"limit": "٣\n", "usage": "5\n"}, machine()),
        ({"usage": f"{8 * GIB}\n"}, machine()),
    ],
)
def test_the_machine_s_memory_counts_where_nothing_else_bounds_it(texts: dict[str, str], found: HostMemory) -> None:
    assert read(meminfo=MEMINFO, **texts) == found


@pytest.mark.parametrize("stat", [STAT_1, STAT_2])
def test_a_limit_bounds_it_and_caches_give_way(stat: str) -> None:
    found = read(meminfo=MEMINFO, limit=f"{8 * GIB}\n", usage=f"{7 * GIB}\n", stat=stat, pressure=PRESSURE)
    assert found == HostMemory(total=8 * GIB, available=2 * GIB, source=Source.CGROUP, pressure=23.45)


@pytest.mark.parametrize(
    ("usage", "stat", "available"),
    [(9 * GIB, "", 0), (8 * GIB, "", 0), (7 * GIB, "garbage\n\0", GIB), (MIB, STAT_2, 8 * GIB)],
)
def test_what_is_left_of_a_limit_is_between_nothing_and_all(usage: int, stat: str, available: int) -> None:
    short = MEMINFO.replace("MemAvailable:   20376624", f"MemAvailable:   {TOTAL // 1024}")
    found = read(meminfo=short, limit=str(8 * GIB), usage=str(usage), stat=stat)
    assert found is not None
    assert (found.available, found.total) in ((available, 8 * GIB), (TOTAL, TOTAL))
    assert found.available / found.total == available / (8 * GIB)


def test_a_machine_that_is_short_is_short_however_much_its_limit_leaves() -> None:
    short = MEMINFO.replace("20376624", "246840")
    found = read(meminfo=short, limit=str(8 * GIB), usage=str(GIB), stat="")
    assert found == HostMemory(total=TOTAL, available=246840 * 1024, source=Source.MACHINE)


@pytest.mark.parametrize(
    "meminfo",
    ["", "\0\x7fELF", "MemTotal:       24684084 kB\n", "MemAvailable:   5 kB\n", MEMINFO.replace(" kB", " MB"),
     MEMINFO.replace("24684084", "0"), MEMINFO.replace("24684084", "-5")],
)  # fmt: skip
def test_what_cannot_be_read_is_unknown_and_never_short(meminfo: str) -> None:
    found = read(meminfo=meminfo, limit="5", usage="5", stat=STAT_2, pressure=PRESSURE)
    assert found is None
    assert short_by(found, 100) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_is_an_error(limit: str, usage: str, stat: str, pressure: str) -> None:
    found = read(meminfo=MEMINFO, limit=limit, usage=usage, stat=stat, pressure=pressure)
    assert found is not None
    assert 0 <= found.available <= found.total


@pytest.mark.parametrize("memory", [machine(), machine(0.5), HostMemory(total=2, available=1, source=Source.CGROUP)])
def test_it_is_the_same_after_a_way_as_json(memory: HostMemory) -> None:
    assert HostMemory.from_json(json.loads(json.dumps(memory.as_json())) | {"newer": 1}) == memory


# --- when it is short ---


def left(available: int, *, total: int = 16 * GIB, pressure: float | None = None) -> HostMemory:
    return HostMemory(total=total, available=available, pressure=pressure)


RESERVE = 5
BOUND = 16 * GIB * RESERVE // 100


@pytest.mark.feature("C8")
@pytest.mark.parametrize(
    ("available", "reserve", "missing"),
    [(BOUND, RESERVE, None), (BOUND - 1, RESERVE, 1), (0, RESERVE, BOUND), (0, 0, None), (16 * GIB - 1, 100, 1)],
)
def test_it_is_short_below_the_reserve(available: int, reserve: int, missing: int | None) -> None:
    found = short_by(left(available), reserve)
    assert (found.missing if found else None) == missing


def test_the_reason_has_the_numbers() -> None:
    found = short_by(left(int(0.7 * GIB)), 5)
    assert found is not None
    assert found.why == (
        "The machine has 0.7 GB of memory left of 16 GB; below 5 % what was frozen first is paused, which keeps its"
        " disk."
    )
    found = short_by(left(2 * GIB, pressure=23.45), 5)
    assert found is not None
    assert found.why == (
        "What runs waits for memory 23 % of the time, and the machine has 2 GB of memory left of 16 GB; then what was"
        " frozen first is paused, which keeps its disk."
    )


@pytest.mark.parametrize(
    ("available", "pressure", "reserve", "is_short"),
    [
        (NEAR * BOUND - 1, PRESSED + 0.1, RESERVE, True),
        (NEAR * BOUND - 1, PRESSED, RESERVE, False),
        (NEAR * BOUND - 1, None, RESERVE, False),
        (NEAR * BOUND - 1, 100.0, 0, False),
        # a container that fights its own limit, on a machine with plenty
        (NEAR * BOUND, 100.0, RESERVE, False),
        (15 * GIB, 100.0, RESERVE, False),
    ],
)
def test_pressure_counts_where_little_is_left(
    available: int, pressure: float | None, reserve: int, *, is_short: bool
) -> None:
    found = short_by(left(available, pressure=pressure), reserve)
    assert (found is not None) == is_short
    assert found is None or found.missing == 0


# --- who gives theirs back ---


def held(name: str, memory: int, *, minutes: int, is_going: bool = False) -> Held:
    """Frozen so many minutes ago."""
    return Held(id=name, since=NOON - timedelta(minutes=minutes), memory=memory, is_going=is_going)


OLD, MIDDLE, NEW = held("old", 10, minutes=30), held("middle", 20, minutes=20), held("new", 30, minutes=10)
GOING = held("going", 15, minutes=1, is_going=True)


@pytest.mark.feature("C8")
@pytest.mark.parametrize(
    ("frozen", "missing", "chosen"),
    [
        ([NEW, OLD, MIDDLE], 1, {"old"}),
        ([NEW, OLD, MIDDLE], 10, {"old"}),
        ([NEW, OLD, MIDDLE], 11, {"old", "middle"}),
        ([NEW, OLD, MIDDLE], 30, {"old", "middle"}),
        ([NEW, OLD, MIDDLE], 31, {"old", "middle", "new"}),
        ([NEW, OLD, MIDDLE], 1000, {"old", "middle", "new"}),
        ([], 1000, set()),
        # under pressure alone: the oldest
        ([NEW, OLD, MIDDLE], 0, {"old"}),
        # what is on its way is waited for
        ([GOING, NEW, OLD], 0, set()),
        ([GOING, NEW, OLD], 15, set()),
        ([GOING, NEW, OLD], 16, {"old"}),
        ([GOING, NEW, OLD], 26, {"old", "new"}),
        ([GOING], 1000, set()),
        # nobody counted what it holds
        ([NEW, held("unknown", 0, minutes=40)], 25, {"unknown"}),
        ([NEW, OLD, held("unknown", 0, minutes=20)], 25, {"old", "unknown"}),
        ([held("unknown", 0, minutes=1, is_going=True), OLD], 1000, set()),
    ],
)
def test_the_oldest_give_theirs_back_until_it_is_enough(frozen: list[Held], missing: int, chosen: set[str]) -> None:
    assert to_give_back(frozen, missing) == chosen
    assert to_give_back(reversed(frozen), missing) == chosen


def test_of_two_that_were_frozen_at_once_it_is_always_the_same() -> None:
    twins = [held("b", 10, minutes=5), held("a", 10, minutes=5)]
    assert to_give_back(twins, 5) == to_give_back(twins[::-1], 5) == {"a"}


SOME = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=8)


@given(SOME, st.integers(0, 300))
def test_nobody_gives_before_an_older_one(those: list[tuple[int, int]], missing: int) -> None:
    frozen = [held(str(place), memory, minutes=minutes) for place, (memory, minutes) in enumerate(those)]
    chosen = to_give_back(frozen, missing)
    ages = [each.since for each in frozen if each.id in chosen]
    assert all(each.since >= max(ages) for each in frozen if each.id not in chosen and ages)
    assert bool(chosen) == bool(frozen)
