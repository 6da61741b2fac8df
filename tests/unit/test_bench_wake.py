"""The wakes of the bench: what the machine has room for, and what is told of it."""

from __future__ import annotations

import subprocess
import sys

from tests.bench import wake
from tests.bench.wake import BESIDE, GB, MIB, SIZES, Figures


def test_what_the_machine_has_no_room_for_is_left_out_and_told() -> None:
    everything = wake.fitting(SIZES, 4 * GB + 2 * BESIDE)
    assert everything == SIZES
    assert wake.left_out(SIZES, everything, 8 * GB) == ""
    few = wake.fitting(SIZES, 4 * GB + 2 * BESIDE - 1)
    assert list(few) == ["0.1 GB", "1 GB"]
    assert wake.left_out(SIZES, few, 6 * GB - 1) == " Left out: 4 GB; this machine has 6.0 GB available."


def test_a_row_has_the_median_and_the_worst_of_each() -> None:
    found = Figures(
        held=[300 * MIB, 301 * MIB, 302 * MIB], freeze=[0.2, 0.1, 0.3], wake=[0.21, 0.2, 0.4], pause=[1.0, 2.0, 1.5],
        resume=[1.1, 1.2, 3.0],
    )  # fmt: skip
    assert wake.row_of("0.1 GB", found) == [
        "0.1 GB", "301 MiB", "0.20 s (0.30 s)", "**0.21 s (0.40 s)**", "≤ 0.3 s", "1.50 s (2.00 s)", "1.20 s (3.00 s)",
    ]  # fmt: skip


def test_a_kernel_reads_what_it_wrote_at_both_ends_of_what_it_holds() -> None:
    """The cells themselves, of a size that is no whole number of pages."""
    size = 3 * 4096 + 100
    cells = f"{wake.HOLD.format(size=size)}\n{wake.LOOK}"
    done = subprocess.run([sys.executable, "-c", cells], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [str(size), wake.SEEN.format(size=size)]
