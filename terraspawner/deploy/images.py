"""Builds the images, or takes them from the site's registry; skips each whose label names the same inputs.

What a site adds (certificate authorities, indexes, proxies) is not an input: changing it builds nothing anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terraspawner import __version__
from terraspawner.deploy import engine, rootfs
from terraspawner.deploy.commands import SetupStopped, run
from terraspawner.deploy.registry import Registry

TAG = os.environ.get("TERRA_IMAGE_TAG") or __version__
"""Another one lets two checkouts build beside each other on one machine."""
BASE = f"terraspawner/base:{TAG}"
HUB = f"terraspawner/hub:{TAG}"
PYTHON = f"terraspawner/python:{TAG}"
R = f"terraspawner/r:{TAG}"
ENVIRONMENT = f"terraspawner/environment:{TAG}"
"""A stage of the Python image that the R image stands on too, with a name so that it can."""
INPUTS = "terraspawner.inputs"
NO_REGISTRY = "no registry is named"
BUILD_SECONDS = 3600
SENT = ("images", "terraspawner", "culler", "jupyterhub_config.py")
"""What images are made of, as .dockerignore lets it through."""
IGNORED = {
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "node_modules",
    "lib",
    "labextension",
    "build",
    "dist",
    "deploy",
}
"""Folders that never are inputs: made by tools, or (deploy) not used inside an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of ours. `parts` are the files and folders it is made from, below the repository's root.

    `on` are the images of ours that it stands on; of a stage (`target`) of another image's file it says so in `first`.
    """

    tag: str
    dockerfile: str
    parts: tuple[str, ...]
    on: tuple[str, ...] = (BASE,)
    target: str = ""
    first: Image | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """Build arguments that name what it stands on: BASE, PYTHON, ENVIRONMENT."""
        tags = (*self.on, *((self.first.tag,) if self.first else ()))
        return {tag.partition(":")[0].rpartition("/")[2].upper(): tag for tag in tags}


HUB_IMAGE = Image(
    tag=HUB,
    dockerfile="images/hub/Dockerfile",
    parts=("images/base", "images/hub", "terraspawner", "culler", "jupyterhub_config.py"),
)
PYTHON_IMAGE = Image(
    tag=PYTHON,
    dockerfile="images/python/Dockerfile",
    parts=("images/base", "images/python", "images/extension"),
)

ENVIRONMENT_STAGE = Image(tag=ENVIRONMENT, dockerfile=PYTHON_IMAGE.dockerfile, parts=(), target="environment")
R_IMAGE = Image(tag=R, dockerfile="images/r/Dockerfile", parts=("images/r",), on=(PYTHON,), first=ENVIRONMENT_STAGE)
IN_ORDER = {"hub": HUB_IMAGE, "python": PYTHON_IMAGE, "r": R_IMAGE}
"""What `make up` builds after the base, by the words of its lines."""


def inputs_of(root: Path, parts: Sequence[str], *more: str) -> str:
    """SHA-256 over names, modes and contents of all files in `parts`, and over the words in `more`."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(path for part in parts for path in _files(root / part)):
        content = path.read_bytes()
        # its owner's bit, as git has it: the same for everybody who looks
        is_executable = bool(path.stat().st_mode & stat.S_IXUSR)
        digest.update(f"{path.relative_to(root)}\0{is_executable}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in IGNORED and not name.endswith(".egg-info")]
        yield from (Path(folder) / name for name in names if not name.endswith((".pyc", ".tsbuildinfo")))


def open_to_all(root: Path) -> None:
    """Let everybody read what images are made of: files keep their modes in there, and other users read them.

    Else an image would depend on the umask that somebody cloned with; git does not see this. Raises `SetupStopped`
    where the files are somebody else's.
    """
    for part in SENT:
        for path in _files(root / part):
            folders = [folder for folder in path.parents if folder.is_relative_to(root) and folder != root]
            for entry in (path, *folders):
                mode = entry.stat().st_mode
                wanted = mode | (0o555 if mode & stat.S_IXUSR else 0o444)
                if wanted == mode:
                    continue
                try:
                    entry.chmod(wanted)
                except PermissionError as error:
                    raise SetupStopped(
                        f"{entry} goes into images, where everybody must be able to read it: as its owner, run "
                        f"`chmod -R a+rX {root}`."
                    ) from error


def label_of(tag: str) -> str | None:
    """What the image was made from; empty for an image without our label, None when there is no such image."""
    found = engine.inspect("image", tag)
    return None if found is None else (found["Config"].get("Labels") or {}).get(INPUTS, "")


def mirror_of(environ: Mapping[str, str]) -> str:
    """Debian's archive as TERRA_DEBIAN_MIRROR names it, its security archive beside it; else empty: the tools' own.

    Plain http: apt checks signatures itself.
    """
    mirror = environ.get("TERRA_DEBIAN_MIRROR", "").rstrip("/")
    if mirror and not mirror.startswith("http://"):
        raise SetupStopped(f"TERRA_DEBIAN_MIRROR is {mirror}: give a mirror that is reached by http://.")
    return mirror


def ensure_base(
    root: Path, environ: Mapping[str, str], arguments: Mapping[str, str], upstream: str, registry: Registry | None
) -> str:
    """Make `BASE` unless it is there. Returns a few words on how. Raises `SetupStopped`."""
    mirror = mirror_of(environ)
    wanted = inputs_of(root, ["images/base/Dockerfile", "images/base/files"], mirror)
    if label_of(BASE) == wanted:
        return "present"
    refusal = _take(registry, BASE, wanted)
    if not refusal:
        return "pulled"
    how = "rebuilt"
    if label_of(rootfs.ROOTFS) is None:
        how = rootfs.make(upstream, mirror)
    image = Image(tag=BASE, dockerfile="images/base/Dockerfile", parts=(), on=())
    extra = {"ROOTFS": rootfs.ROOTFS, "DEBIAN_MIRROR": mirror}
    _build(root, image, wanted, {**arguments, **extra})
    return _words(how, refusal)


def ensure_image(root: Path, image: Image, arguments: Mapping[str, str], registry: Registry | None = None) -> str:
    """Have `image`, made from the files as they are; needs what it stands on. Returns how. Raises `SetupStopped`."""
    wanted = inputs_of(root, image.parts, *(label_of(tag) or "" for tag in image.on))
    if label_of(image.tag) == wanted:
        return "present"
    refusal = _take(registry, image.tag, wanted)
    if not refusal:
        return "pulled"
    if image.first:
        # without our label: the Engine then finds again all that was built on it
        _build(root, image.first, "", arguments)
    _build(root, image, wanted, arguments)
    return _words("built", refusal)


def _take(registry: Registry | None, tag: str, wanted: str) -> str:
    """Take an image from the site's registry. Returns why it is not taken; empty when it is here."""
    if registry is None:
        return NO_REGISTRY
    name = registry.name_of(tag, wanted)
    refusal = registry.pull(name)
    if refusal:
        return refusal
    is_right = label_of(name) == wanted
    if is_right:
        engine.docker("tag", name, tag, doing=f"Tagging {name}")
    engine.docker("image", "rm", name, doing=f"Removing the name {name}")
    return "" if is_right else "what the registry has was made from other files"


def _words(how: str, refusal: str) -> str:
    return how if refusal == NO_REGISTRY else f"{how}, since {refusal}"


def push(registry: Registry, tag: str) -> str:
    """Put the image that is here into the registry, under the name of what it was made from. Returns that name."""
    name = registry.name_of(tag, label_of(tag) or "")
    engine.docker("tag", tag, name, doing=f"Tagging {name}")
    try:
        registry.push(name)
    finally:
        engine.docker("image", "rm", name, doing=f"Removing the name {name}")
    return name


def _build(root: Path, image: Image, wanted: str, arguments: Mapping[str, str]) -> None:
    open_to_all(root)
    name = image.dockerfile.split("/")[1]
    # an argument without a value is taken from the environment: the site's passwords stand in no process list
    arguments = {**arguments, **image.arguments}
    what = ["--file", image.dockerfile, "--tag", image.tag]
    what += ["--label", f"{INPUTS}={wanted}"] if wanted else []
    what += ["--target", image.target] if image.target else []
    named = [word for argument in arguments for word in ("--build-arg", argument)]
    run(
        # the machine's own network: its resolver, its packet size, and a proxy on its loopback all serve
        ["docker", "build", "--force-rm", "--network", "host", *named, *what, "."],
        doing=f"Building the image {name}",
        timeout=BUILD_SECONDS,
        extra={**arguments, "BUILDX_BUILDER": "default"},
        cwd=root,
        log=root / ".terraspawner" / "build" / f"{name}.log",
    )


def write_ca_bundle(root: Path, bundle: bytes) -> None:
    """Put the machine's certificate authorities where throw-away build stages find them; empty is fine."""
    path = root / "images" / ".build" / "ca-bundle.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != bundle:
        path.write_bytes(bundle)


@contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Two set-ups in one checkout build one after the other."""
    path = root / ".terraspawner" / "build" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
