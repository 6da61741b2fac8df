"""Measurements by name: ``make bench`` makes all, ``make bench ARGS="saves load"`` these. Each renews its own section
of the results."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.bench import leases, lists, load, previews, saves, sections, starts, storage, sweep, wake

HERE = Path(__file__).parent
Options = argparse.Namespace
PARTS: dict[str, tuple[str, Callable[[Options], str]]] = {
    "starts": ("RESULTS.md", lambda options: starts.section(options.rounds)),
    "wake": ("RESULTS.md", lambda options: wake.section(options.rounds)),
    "saves": ("RESULTS.md", lambda options: saves.section(options.rounds)),
    "leases": ("RESULTS.md", lambda options: leases.section(options.rounds)),
    "previews": ("RESULTS.md", lambda options: previews.section(options.rounds)),
    "load": ("RESULTS.md", lambda options: load.section(options.environments, options.seconds)),
    "sweep": ("RESULTS.md", lambda options: sweep.section(options.rounds, options.environments)),
    "storage": ("RESULTS.md", lambda options: storage.section(options.rounds)),
    "lists": ("LISTS.md", lambda options: lists.section(options.rounds)),
}
"""Name -> the file that its section stands in, and what makes it."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"all, or some of: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help="counted rounds, instead of each one's own number")
    parser.add_argument("--environments", type=int, nargs="+", help="load, sweep: how many, one number after the other")
    parser.add_argument("--seconds", type=float, help="load: how long each number of them saves")
    parser.add_argument("--only-show", action="store_true", help="print, and write no results")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from: {', '.join(PARTS)}")
    for name in options.names or PARTS:
        file, make = PARTS[name]
        text = make(options)
        print(text, flush=True)
        if not options.only_show:
            sections.put(HERE / file, name, text)


if __name__ == "__main__":
    main()
