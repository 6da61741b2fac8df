"""Whether an environment can be made from an image: what is in it, and what is counted on (FEATURES.md I2).

An image of somebody's own is built `FROM` one of ours; what is said where something is missing leads there. Nothing of
an image is run for this: it is looked into (`containers.image_look`).
"""

from __future__ import annotations

from dataclasses import dataclass

from terraspawner.domain.language import Language

ENTRY = "/opt/terra/bin/entry"
KERNELS = {"python3": Language.PYTHON, "ir": Language.R}
_RESERVED = ("JUPYTERHUB_", "JPY_", "TERRA_")
_SHOWN = 60
_AGAIN = "Build it FROM terraspawner/python or terraspawner/r"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What an image says of itself and holds. `variables` are names; `hub_version` is empty where there is none;
    `passwd` is the file of that name."""

    entrypoint: tuple[str, ...]
    variables: tuple[str, ...]
    volumes: tuple[str, ...]
    passwd: str
    has_entry: bool
    hub_version: str
    has_extension: bool
    kernels: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFinding:
    """Something that is missing or in the way, and what to do about it."""

    check: str
    message: str


def findings(facts: ImageFacts, hub_version: str) -> tuple[ImageFinding, ...]:
    """All that is wrong with an image, for a Hub of this version; empty where it will do."""
    found = {
        "user": _user(facts.passwd),
        "entry": _entry(facts),
        "jupyterhub": _hub(facts.hub_version, hub_version),
        "extension": ""
        if facts.has_extension
        else f"Our server extension is missing, so nothing would be saved to the workspace. {_AGAIN}.",
        "kernel": ""
        if facts.kernels & set(KERNELS)
        else f"It has neither the kernel python3 nor ir in /opt/terra/server. {_AGAIN}, and leave its kernels there.",
        "variables": _variables(facts.variables),
        "volumes": _volumes(facts.volumes),
    }
    return tuple(ImageFinding(check=check, message=message) for check, message in found.items() if message)


def language_of_kernels(kernels: frozenset[str]) -> Language:
    """What an image with these kernels is for: one for R has both."""
    return Language.R if "ir" in kernels else Language.PYTHON


def _user(passwd: str) -> str:
    for line in passwd.splitlines():
        name, _, rest = line.partition(":")
        fields = rest.split(":")
        if name == "jupyter" and fields[1:3] == ["1000", "1000"]:
            return ""
    return (
        "The user jupyter with uid 1000 and gid 1000 is missing, whose home the disk is."
        f" {_AGAIN}, or add: useradd --uid 1000 --user-group jupyter."
    )


def _entry(facts: ImageFacts) -> str:
    if not facts.has_entry:
        return f"{ENTRY} is missing, which hands the server its settings. {_AGAIN}."
    if facts.entrypoint != (ENTRY,):
        return f'Its ENTRYPOINT is not ["{ENTRY}"]. Leave out its own ENTRYPOINT, or set this one.'
    return ""


def _hub(version: str, wanted: str) -> str:
    if not version:
        return f"JupyterHub's server is missing in /opt/terra/server. {_AGAIN}."
    if version.split(".")[:2] != wanted.split(".")[:2]:
        return (
            f"It has JupyterHub {version[:_SHOWN]}, and the Hub here is {wanted}."
            f" {_AGAIN} of this version of terraspawner."
        )
    return ""


def _variables(names: tuple[str, ...]) -> str:
    if bad := sorted(name for name in names if name.startswith(_RESERVED)):
        return f"It sets {bad[0][:_SHOWN]}, which the Hub sets at each start. Take that ENV out of its Dockerfile."
    return ""


def _volumes(paths: tuple[str, ...]) -> str:
    if paths:
        return (
            f"It declares a volume ({min(paths)[:_SHOWN]}), which would be kept nowhere."
            " Take that VOLUME out of its Dockerfile."
        )
    return ""
