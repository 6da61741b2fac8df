"""What is in an image, read without running any of it: a container is made from it, never started, and thrown away.

Files of an image are its maker's: only regular ones are read, and no more of each than it should have.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker

from terraspawner.containers.plan import LABEL
from terraspawner.domain.image_check import ENTRY, KERNELS, ImageFacts
from terraspawner.domain.language import Language

SERVER = "/opt/terra/server"
_SITE = f"{SERVER}/lib/python3.13/site-packages"
_PACKAGES = {Language.PYTHON: "/opt/terra/etc/packages.json", Language.R: "/opt/terra/etc/packages-r.json"}
_VERSION = re.compile(r"^version_info = \((\d{1,5}), (\d{1,5}), (\d{1,5})", re.MULTILINE | re.ASCII)
_MOST_BYTES = 1024 * 1024
_MOST_PACKAGES = 3000
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Of Python or of R, for notebooks."""

    language: Language
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`created_at` as the Engine writes it; `packages` as the image lists them itself."""

    id: str
    created_at: str
    size: int
    facts: ImageFacts
    packages: tuple[Package, ...]


def look(client: Any, deployment: str, image: dict[str, Any]) -> Look:
    """Look into an image that the Engine has; `image` is what it tells of it."""
    config = image["Config"] or {}
    with _unstarted(client, deployment, image["Id"]) as container:
        version = _VERSION.search(_text(client, container, f"{_SITE}/jupyterhub/_version.py"))
        facts = ImageFacts(
            entrypoint=tuple(str(word) for word in config.get("Entrypoint") or ()),
            variables=tuple(str(each).partition("=")[0] for each in config.get("Env") or ()),
            volumes=tuple(str(path) for path in config.get("Volumes") or ()),
            passwd=_text(client, container, "/etc/passwd"),
            has_entry=bool(_text(client, container, ENTRY)),
            hub_version=".".join(version.groups()) if version else "",
            has_extension=bool(_text(client, container, f"{_SITE}/terraspawner_environment/__init__.py")),
            kernels=frozenset(
                name
                for name in KERNELS
                if _text(client, container, f"{SERVER}/share/jupyter/kernels/{name}/kernel.json")
            ),
        )
        packages = tuple(
            each
            for language, path in _PACKAGES.items()
            for each in packages_in(_text(client, container, path), language)
        )
    return Look(
        id=image["Id"],
        created_at=str(image["Created"]),
        size=int(image["Size"]),
        facts=facts,
        packages=packages[:_MOST_PACKAGES],
    )


@contextmanager
def _unstarted(client: Any, deployment: str, image_id: str) -> Iterator[str]:
    labels = {f"{LABEL}deployment": deployment, f"{LABEL}kind": "image-look"}
    made = client.create_container(
        image_id,
        command=["never-run"],
        labels=labels,
        network_disabled=True,
        host_config=client.create_host_config(network_mode="none", cap_drop=["ALL"]),
    )
    try:
        yield made["Id"]
    finally:
        client.remove_container(made["Id"], v=True, force=True)


def _text(client: Any, container: str, path: str) -> str:
    """A regular file's text, empty where there is none or it is too large."""
    try:
        pieces, _ = client.get_archive(container, path)
        body = bytearray()
        for piece in pieces:
            body += piece
            if len(body) > _MOST_BYTES:
                return ""
    except docker.errors.NotFound:
        return ""
    with tarfile.open(fileobj=io.BytesIO(bytes(body))) as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isreg() else None
        return file.read().decode(errors="replace") if file else ""


def packages_in(text: str, language: Language) -> Iterator[Package]:
    """What a list in an image names; whatever else an image wrote there is passed over."""
    try:
        listed = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str) and isinstance(each.get("version"), str):
            yield Package(language=language, name=each["name"][:_LONGEST], version=each["version"][:_LONGEST])
