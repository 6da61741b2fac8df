"""The bucket and the drive: files inside environments, commits on each store, shares, large folders."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from tests.bench import commits, folders, mounted, s3fs, sections, shares
from tests.bench.mounted import DIRECTORY, PLAIN, S3, S3FS, SIZES, Times
from tests.bench.sections import ms, quantile

ACTS = {
    "write and close": lambda times: times.write,
    "until the store has it": lambda times: times.stored,
    "read": lambda times: times.read,
}


def section(rounds: int | None) -> str:
    circumstances = sections.Circumstances()
    with mounted.sites() as sites:
        files = mounted.measure(sites.sides, rounds)
        shared = shares.measure(sites.directory, rounds)
        names = f"s3fs {s3fs.version()}" if not sites.without_s3fs else f"s3fs: {sites.without_s3fs}"
        missing = sites.without_s3fs
        engine = sites.directory.docker.version()["Version"]
    committed, listed = commits.measure(rounds), folders.measure(rounds)
    return f"""
## The bucket and the drive

{circumstances.lines()}
- Docker Engine {engine}; {names}

### Files inside an environment: median (worst)

As the environments' user, by one process that reads and writes pieces of 1 MB (1 KB of the smallest), all sides in turn
in each round. *{DIRECTORY}* and *{S3}*: the bucket of a workspace in its environment. *{PLAIN}*: a Docker volume in a
container of the same image. *{S3FS}*: mounted on this machine as Debian has it and bound into such a container. S3 is
the gateway of a Ceph with one daemon, one for both, on the disk of this machine: no network stands between. Nothing is
synced: a file is closed on our S3 mount when this machine has it, and sent a second later; s3fs sends it before. What
is read was put there past the side that reads it, and is in no memory of its own.
{mounted.count_of(SIZES["1 KB"], rounds)} rounds, {mounted.count_of(SIZES["1 GB"], rounds)} of the largest.

{sections.table(_FILES_HEAD, _of_files(files, missing))}

### Commit of a notebook of 1 MB: median (p95)

REST by an environment's key at the service in a process of its own on SQLite, with a lease and another text each time,
until it is acknowledged: then the store has it, and its version. {len(committed[commits.STORES[0]])} rounds, the stores
in turn.

{sections.table(["store", "commit", "of the directory's"], _of_commits(committed))}

### Shares: median (worst)

Until a file of the library is seen, or not any more, in the running environment of the one with whom it is shared; from
the request by REST. {len(shared.seen)} rounds of one. Then {shares.MANY} libraries, one request after the other.

{sections.table(["shares", "what", "seconds"], _of_shares(shared))}

### A folder of {folders.FILES:,} files: median

A page of {folders.MOST:,} by REST as above. *alone*: in the directory store its names read and sorted in this
process, in S3 one page of the same asked of the store itself, which is moto, in this process.
*given up*: the service refused the page, since it takes too long.
{len(listed["directory"].ours["first"])} rounds, {len(listed["S3 (moto)"].ours["first"])} in S3.

{sections.table(["store", "page", "ours", "store alone", "ours / alone"], _of_folders(listed))}
"""


_FILES_HEAD = [
    "file", "act", PLAIN, DIRECTORY, f"{DIRECTORY} / {PLAIN}", S3FS, S3, f"{S3} / {PLAIN}", f"{S3} / {S3FS}",
]  # fmt: skip


def _of_files(found: Mapping[str, Mapping[str, Times]], missing: str) -> list[list[str]]:
    return [
        [size, act, *compared({side: values(times) for side, times in sides.items() if values(times)}, missing)]
        for size, sides in found.items()
        for act, values in ACTS.items()
    ]


def compared(seconds: Mapping[str, Sequence[float]], missing: str) -> list[str]:
    """The cells after a size and an act. A side without that act stays empty; `missing` says why s3fs is not here."""

    def told(side: str) -> str:
        if side == S3FS and missing:
            return missing
        return f"{_ms(statistics.median(seconds[side]))} ({_ms(max(seconds[side]))})" if side in seconds else ""

    def ratio(one: str, other: str) -> str:
        if one not in seconds or other not in seconds:
            return ""
        return f"**{statistics.median(seconds[one]) / statistics.median(seconds[other]):.2f}**"

    return [
        told(PLAIN), told(DIRECTORY), ratio(DIRECTORY, PLAIN), told(S3FS), told(S3), ratio(S3, PLAIN), ratio(S3, S3FS),
    ]  # fmt: skip


def _ms(seconds: float) -> str:
    """The smallest files take less than a tenth of a millisecond."""
    return f"{seconds * 1000:.2f} ms" if seconds < 0.001 else ms(seconds)


def _of_commits(found: Mapping[str, Sequence[float]]) -> list[list[str]]:
    least = statistics.median(found[commits.STORES[0]])
    return [
        [
            store,
            f"{ms(statistics.median(seconds))} ({ms(quantile(seconds, 0.95))})",
            f"**{statistics.median(seconds) / least:.2f}**",
        ]
        for store, seconds in found.items()
    ]


def _of_shares(found: shares.Figures) -> list[list[str]]:
    many = str(shares.MANY)
    return [
        ["1", "made, until it is seen", f"{ms(statistics.median(found.seen))} ({ms(max(found.seen))})"],
        ["1", "withdrawn, until it is gone", f"{ms(statistics.median(found.gone))} ({ms(max(found.gone))})"],
        [many, "made, until the last is answered", f"{found.answered:.1f} s"],
        [many, "made, until all are seen", f"{found.all_seen:.1f} s"],
        ["0", "start of the environment", f"{found.start_with_none:.2f} s"],
        [many, "start of the environment", f"{found.start_with_all:.2f} s"],
    ]


def _of_folders(found: Mapping[str, folders.Figures]) -> list[list[str]]:
    return [
        [
            store,
            page,
            f"{'given up after ' if page in each.refused else ''}{ms(statistics.median(each.ours[page]))}",
            ms(statistics.median(each.alone[page])),
            ""
            if page in each.refused
            else f"**{statistics.median(each.ours[page]) / statistics.median(each.alone[page]):.2f}**",
        ]
        for store, each in found.items()
        for page in folders.PAGES
    ]
