"""Builds the images; skips each whose label names the same inputs.

What a site adds (certificate authorities, indexes, proxies) is not an input: changing it builds nothing anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terraspawner import __version__
from terraspawner.deploy import engine, machine
from terraspawner.deploy.commands import SetupStopped, attempt, is_there, run

TAG = os.environ.get("TERRA_IMAGE_TAG") or __version__
"""Another one lets two checkouts build beside each other on one machine."""
BASE = f"terraspawner/base:{TAG}"
HUB = f"terraspawner/hub:{TAG}"
PYTHON = f"terraspawner/python:{TAG}"
R = f"terraspawner/r:{TAG}"
ENVIRONMENT = f"terraspawner/environment:{TAG}"
"""A stage of the Python image that the R image stands on too, with a name so that it can."""
ROOTFS = "terraspawner/rootfs:trixie"
UPSTREAM = "debian:trixie-slim"
INPUTS = "terraspawner.inputs"
REGISTRY_SECONDS = 15
PULL_SECONDS = 600
BUILD_SECONDS = 3600
IGNORED = {"__pycache__", "node_modules", "lib", "labextension", "build", "dist", "deploy"}
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
        is_executable = os.access(path, os.X_OK)
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


def ensure_base(root: Path, environ: Mapping[str, str], arguments: Mapping[str, str]) -> str:
    """Make `BASE` unless it is there. Returns a few words on how. Raises `SetupStopped`."""
    mirror = mirror_of(environ)
    wanted = inputs_of(root, ["images/base/Dockerfile", "images/base/files"], mirror)
    if label_of(BASE) == wanted:
        return "present"
    how = "rebuilt"
    if label_of(ROOTFS) is None:
        how = _ensure_rootfs(mirror)
    image = Image(tag=BASE, dockerfile="images/base/Dockerfile", parts=(), on=())
    extra = {"ROOTFS": ROOTFS, "DEBIAN_MIRROR": mirror}
    _build(root, image, wanted, {**arguments, **extra})
    return how


def ensure_image(root: Path, image: Image, arguments: Mapping[str, str]) -> str:
    """Build `image` unless it is there, made from the same inputs. Needs what it stands on. Raises `SetupStopped`."""
    wanted = inputs_of(root, image.parts, *(label_of(tag) or "" for tag in image.on))
    if label_of(image.tag) == wanted:
        return "present"
    if image.first:
        # without our label: the Engine then finds again all that was built on it
        _build(root, image.first, "", arguments)
    _build(root, image, wanted, arguments)
    return "built"


def _build(root: Path, image: Image, wanted: str, arguments: Mapping[str, str]) -> None:
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


# --- Debian from a registry, or made here ---


def _ensure_rootfs(mirror: str) -> str:
    if _pull(UPSTREAM):
        engine.docker("tag", UPSTREAM, ROOTFS, doing=f"Tagging {UPSTREAM}")
        return "pulled"
    _debootstrap(mirror)
    return "made by debootstrap, since no image registry answers"


def _pull(image: str) -> bool:
    """Whether a registry gave the image. Gives up after 15 s without a first answer."""
    with tempfile.TemporaryFile("w+") as output:
        pull = subprocess.Popen(["docker", "pull", image], stdout=output, stderr=subprocess.STDOUT)
        started = time.monotonic()
        while pull.poll() is None:
            seconds = time.monotonic() - started
            has_answered = os.fstat(output.fileno()).st_size > 0
            if seconds > (PULL_SECONDS if has_answered else REGISTRY_SECONDS):
                pull.kill()
            time.sleep(0.1)
    return pull.returncode == 0


def _debootstrap(mirror: str) -> None:
    if not machine.is_root():
        raise SetupStopped(
            "No image registry answers, and making the base image here takes root: run this as root once."
        )
    if not is_there("debootstrap") or not is_there("wget"):
        otherwise = (
            f"No image registry answers and debootstrap is missing: install it, or load {UPSTREAM} (docker load)."
        )
        machine.apt_install("debootstrap", "debian-archive-keyring", "wget", otherwise=otherwise)
    keyring = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    if not keyring.exists():
        machine.apt_install(
            "debian-archive-keyring", otherwise="Debian's archive keys are missing: install debian-archive-keyring."
        )
    scripts = Path("/usr/share/debootstrap/scripts")
    # an older debootstrap does not know trixie by name; all newer suites are made alike
    script = next(path for path in (scripts / "trixie", scripts / "sid") if path.exists())
    source = mirror or _own_mirror(Path("/usr/sbin/debootstrap"))
    # not in the checkout or /tmp, which may forbid device files
    folder = Path(tempfile.mkdtemp(prefix="terraspawner-", dir="/var/tmp"))
    try:
        root = folder / "root"
        run(
            ["debootstrap", "--variant=minbase", f"--keyring={keyring}", "trixie", str(root), source, str(script)],
            doing="debootstrap (Debian trixie)",
            timeout=1800,
        )
        _import(root, folder / "rootfs.tar")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own_mirror(debootstrap: Path) -> str:
    """Where debootstrap takes Debian from unless it is told otherwise."""
    named = re.search(r'^DEF_MIRROR="?([^"\s]+)', debootstrap.read_text(), re.MULTILINE)
    if named is None:
        raise SetupStopped("debootstrap names no mirror of its own: set TERRA_DEBIAN_MIRROR to one.")
    return named.group(1)


def _import(root: Path, archive: Path) -> None:
    left_out = ["./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*"]
    left_out += [
        "./usr/share/man/*",
        "./usr/share/info/*",
        "./usr/share/locale/*",
        "./etc/resolv.conf",
        "./etc/hostname",
    ]
    excluded = [f"--exclude={pattern}" for pattern in left_out]
    run(["tar", "-C", str(root), *excluded, "-cf", str(archive), "."], doing="Packing Debian", timeout=300)
    engine.docker("import", str(archive), ROOTFS, doing="Importing Debian", timeout=300)


def remove_unused_rootfs() -> None:
    """For tests: the next `ensure_base` starts from nothing."""
    attempt(["docker", "image", "rm", ROOTFS])
