"""Runs inside a throw-away container: tries to connect and prints what happened. Standard library only.

``python -m terraspawner.host.reach '[["name", "address", port], ...]'`` prints
``{"results": {"name": "connected" | "refused" | "silent"}, "ipv6": [addresses]}``. "refused" means that packets went
there and back; only "silent" means that the way is shut.
"""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SECONDS = 2.0


def reach(address: str, port: int) -> str:
    try:
        with socket.create_connection((address, port), timeout=SECONDS):
            return "connected"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"


def ipv6_addresses() -> list[str]:
    """Addresses besides loopback: there must be none, the rules speak of IPv4."""
    try:
        lines = Path("/proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return []
    return [line.split()[0] for line in lines if not line.endswith(" lo")]


def main() -> None:
    targets = json.loads(sys.argv[1])
    with ThreadPoolExecutor(max_workers=len(targets) or 1) as pool:
        answers = pool.map(lambda target: reach(target[1], int(target[2])), targets)
    results = {target[0]: answer for target, answer in zip(targets, answers, strict=True)}
    print(json.dumps({"results": results, "ipv6": ipv6_addresses()}))


if __name__ == "__main__":
    main()
