"""How large our image is, and what in it is that large: from ``docker history`` and ``du``."""

from __future__ import annotations

import re
from typing import Any

import docker

MB = 1_000_000
LAYERS = (
    (
        r"/opt/terra/kernel",
        "`/opt/terra/kernel`",
        "the notebooks' Python: numpy, pandas, scipy, matplotlib, scikit-learn",
    ),
    (r"/opt/terra/server", "`/opt/terra/server`", "JupyterLab and its server, in a Python that no notebook can break"),
    (r"/opt/stock", "`/opt/stock`", "`pip install jupyterhub jupyterlab`, kernel included, without numpy and its like"),
    (r"apt-get .*\bgit\b", "Debian: tools", "Python, git, ssh, curl, nano, unzip: what a terminal is opened for"),
    (r"apt-get .*python3", "Debian: Python", "what pip needs"),
    (r"apt-get .*upgrade", "Debian: security updates", "newer than the root file system"),
    (r"^$", "Debian 13", "root file system, minimal"),
)
"""What a layer's command says -> its name, and what it is there for. The first that fits."""
LARGEST = 8


def tables(client: docker.DockerClient, *, ours: str, stock: str) -> str:
    """Our image by layer and its largest packages, and the stock image by layer, as Markdown."""
    return "\n\n".join([_layers(client, ours, "ours"), _packages(client, ours), _layers(client, stock, "stock")])


def _layers(client: docker.DockerClient, tag: str, side: str) -> str:
    image = client.images.get(tag)
    rows: dict[tuple[str, str], int] = {}
    for layer in image.history():
        row = _named(layer)
        rows[row] = rows.get(row, 0) + layer["Size"]
    total = sum(rows.values())
    lines = [f"| {side}: {total / MB:.0f} MB | size | what for |", "|---|---|---|"]
    lines += [
        f"| {name} | {size / MB:.0f} MB | {purpose} |"
        for (name, purpose), size in sorted(rows.items(), key=lambda item: -item[1])
    ]
    return "\n".join(lines)


def _named(layer: dict[str, Any]) -> tuple[str, str]:
    command = layer["CreatedBy"].strip()
    for pattern, name, purpose in LAYERS:
        if layer["Size"] and re.search(pattern, command):
            return name, purpose
    return "the rest", "settings, scripts, the user's account"


def _packages(client: docker.DockerClient, tag: str) -> str:
    lines = ["| largest in our image | MB |", "|---|---|"]
    for place in ("kernel", "server"):
        folder = f"/opt/terra/{place}/lib/python3*/site-packages"
        script = f"cd {folder} && du -s --block-size=MB * | sort -rn | head -n {LARGEST}"
        text = client.containers.run(tag, ["-c", script], entrypoint="sh", network_mode="none", remove=True).decode()
        found = [line.split("\t") for line in text.splitlines()]
        listed = ", ".join(f"{name} {size.removesuffix('MB')}" for size, name in found)
        lines.append(f"| {place} | {listed} |")
    return "\n".join(lines)
