"""Files as the user of an environment reads and writes them: in the bucket of a deployment with the directory store, in
one with S3, and beside them in a plain bind and in s3fs."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docker import DockerClient
from docker.types import Mount

from deployment import Deployment, Workspace, deployed, unique, until, with_settings
from stores import servers
from terraspawner.containers.plan import BUCKET_DATA
from terraspawner.deploy import images, machine
from tests.bench import s3fs
from tests.bench.gateway import KEY, SECRET, Gateway, gateway

KB, MB, GB = 1000, 1_000_000, 1_000_000_000
SIZES = {"1 KB": KB, "1 MB": MB, "1 GB": GB}
ROUNDS, ROUNDS_OF_LARGEST = 10, 2
MEMORY = 2 * 1024**3
"""Of every container that is measured: written files that are not on the disk yet count against it."""
LOOK_SECONDS = 0.02
PLAIN, DIRECTORY, S3FS, S3 = "plain bind", "directory store", "s3fs", "S3 mount"
NAME, SUBNET = "tsp-bench-s3", 144
FOLDER = "/files"
INSIDE = """
import json, os, sys, time
act, size, paths = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
piece = os.urandom(min(size, 1000000))

def write(path):
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // len(piece)):
            assert file.write(piece) == len(piece)

def keep(path):
    write(path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

def read(path):
    found = 0
    with open(path, "rb", buffering=0) as file:
        while more := file.read(len(piece)):
            found += len(more)
    assert found == size, (path, found)

deed = {"write": write, "keep": keep, "read": read, "remove": os.remove}[act]
at, began = time.time(), time.perf_counter()
for path in paths:
    deed(path)
print(json.dumps([at, time.perf_counter() - began]))
"""
"""Reads and writes by the system's own calls. What is kept to be read later is on the disk, and not in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds of each round, on one side."""

    write: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)


Figures = dict[str, dict[str, Times]]
"""By size and side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A `folder` of a container. `store` has its files below `prefix`, where they lie in one."""

    name: str
    container: Any
    folder: str
    store: Gateway | None = None
    prefix: str = ""

    def do(self, act: str, size: int, names: Sequence[str]) -> tuple[float, float]:
        """When it began, and the seconds that it took, by the container's own clock, which is the machine's."""
        paths = [f"{self.folder}/{name}" for name in names]
        done = self.container.exec_run(["python3", "-c", INSIDE, act, str(size), *paths], user="1000")
        assert done.exit_code == 0, (self.name, done.output.decode(errors="replace"))
        at, seconds = json.loads(done.output)
        return at, seconds

    def provide(self, size: int, names: Sequence[str]) -> None:
        """Files that were not written here, so that nothing of them is in this side's memory."""
        if self.store is None:
            self.do("keep", size, names)
            return
        for name in names:
            self.store.write(self.prefix + name, bytes(size))
        until(lambda: self._has(names[-1]), f"{self.name} has {names[-1]}")

    def until_stored(self, name: str, size: int) -> float:
        """The time at which the store has all of it."""
        assert self.store
        while self.store.size_of(self.prefix + name) != size:
            time.sleep(LOOK_SECONDS)
        return time.time()

    def _has(self, name: str) -> bool:
        return bool(self.container.exec_run(["test", "-e", f"{self.folder}/{name}"], user="1000").exit_code == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """`directory` and `s3` are deployments; `without_s3fs` says why it is not among the `sides`."""

    directory: Deployment
    sides: Sequence[Side]
    without_s3fs: str


def measure(sides: Sequence[Side], rounds: int | None) -> Figures:
    """All sides in turn in each round; the first warms up."""
    return {name: _of_size(sides, size, count_of(size, rounds)) for name, size in SIZES.items()}


def count_of(size: int, rounds: int | None) -> int:
    return min(rounds or ROUNDS, ROUNDS_OF_LARGEST) if size > 100 * MB else rounds or ROUNDS


def _of_size(sides: Sequence[Side], size: int, rounds: int) -> dict[str, Times]:
    found = {side.name: Times() for side in sides}
    there = [f"there-{size}-{number}" for number in range(rounds + 1)]
    written = [f"written-{size}-{number}" for number in range(rounds + 1)]
    for side in sides:
        side.provide(size, there)
    for number in range(rounds + 1):
        for side in (*sides[number % len(sides) :], *sides[: number % len(sides)]):
            into = found[side.name] if number else Times()
            at, seconds = side.do("write", size, [written[number]])
            into.write.append(seconds)
            if side.store:
                into.stored.append(side.until_stored(written[number], size) - at)
            into.read.append(side.do("read", size, [there[number]])[1])
    for side in sides:
        side.do("remove", size, [*there, *written])
    print(size, found, flush=True)
    return found


# --- the sides ---


@contextmanager
def sites() -> Iterator[Sites]:
    with ExitStack() as stack:
        machine.ensure_ceph()
        store = stack.enter_context(gateway())
        keys = Path(stack.enter_context(TemporaryDirectory(prefix="tsp-bench-"))) / "keys"
        keys.write_text(servers.S3_CREDENTIALS)
        limit = {"TERRA_MEMORY_LIMIT": str(MEMORY)}
        directory = stack.enter_context(deployed("tsp-bench", 160, lambda _: limit))
        in_s3 = stack.enter_context(deployed(NAME, SUBNET, lambda _: limit | _buckets_in(store, keys)))
        engine, missing = directory.docker, s3fs.ensure()
        volume = Mount(target=FOLDER, source=None, type="volume")
        sides = [
            Side(name=PLAIN, container=stack.enter_context(_plain(engine, volume)), folder=FOLDER),
            Side(name=DIRECTORY, container=_running(directory).container(), folder=BUCKET_DATA),
            _in_s3(in_s3, store),
        ]
        if not missing:
            point = stack.enter_context(s3fs.mounted(store.bucket, store.url, f"{KEY}:{SECRET}"))
            container = stack.enter_context(_plain(engine, Mount(target=FOLDER, source=str(point), type="bind")))
            sides.append(Side(name=S3FS, container=container, folder=FOLDER, store=store))
        yield Sites(directory=directory, sides=sides, without_s3fs=missing)


def _buckets_in(store: Gateway, keys: Path) -> dict[str, str]:
    core = with_settings(NAME, SUBNET).environ["TERRA_CORE_SUBNET"]
    return {
        "TERRA_BUCKETS": f"s3://{store.bucket}/terra",
        "TERRA_BUCKETS_ENDPOINT": f"http://{ipaddress.ip_network(core)[1]}:{store.port}",
        "TERRA_BUCKETS_REGION": "us-east-1",
        "TERRA_BUCKETS_CREDENTIALS_FILE": str(keys),
    }


def _running(deployment: Deployment) -> Workspace:
    made = deployment.person("ana").workspace(unique("files"))
    made.start()
    return made


def _in_s3(deployment: Deployment, store: Gateway) -> Side:
    workspace = _running(deployment)
    until(lambda: (workspace.environment()["bucket_mount"] or {}).get("state") == "mounted", "it is mounted", 90)
    workspace.create_notebook("a.ipynb")
    (key,) = [each for each in store.list() if each.endswith("/notebooks/a.ipynb")]
    prefix = key.removesuffix("notebooks/a.ipynb") + "data/"
    return Side(name=S3, container=workspace.container(), folder=BUCKET_DATA, store=store, prefix=prefix)


@contextmanager
def _plain(engine: DockerClient, mount: Mount) -> Iterator[Any]:
    """A container of the environments' image with nothing of ours but that."""
    container = engine.containers.run(
        images.PYTHON, ["infinity"], entrypoint=["sleep"], mounts=[mount], mem_limit=MEMORY, detach=True
    )
    try:
        if mount["Type"] == "volume":
            assert container.exec_run(["chown", "1000:1000", FOLDER], user="0").exit_code == 0
        yield container
    finally:
        container.remove(force=True, v=True)
