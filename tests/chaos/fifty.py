"""Fifty environments that run, on an Engine of their own: forty with a drive, ten with a bucket in S3 and a disk that
is an image. What each has at hand is read past the product: as its container's first process sees it, by the kernel's
list of mounts and by reading and writing there.

Containers, views, mounts, disks, Hub and services are the real ones; in most containers answers a server of a few
lines instead of JupyterLab, with the image's own entry in front of it: fifty of those take the memory of a small
machine and minutes for each start of all.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from deployment import Deployment, Person, Workspace, until
from object_store import ObjectStore
from second_engine import SecondEngine
from terraspawner.containers.binds import BUCKET_DATA, BUCKET_NOTEBOOKS, WORKSPACE
from terraspawner.containers.mounts import DRIVE, HOME
from terraspawner.deploy import images
from terraspawner.domain.library import Folder

PEOPLE, DRIVES_EACH = 10, 4
"""Each person has one workspace with a bucket beside."""
LOOP = 7
"""Major number of loop devices."""
LIGHT, WHOLE = "light", "python"
"""Images of the catalogue."""
WHO, KEPT = "who", "kept"
"""A file of each library, with the library's id, and one of each bucket, with the environment's."""
SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("0.0.0.0", 8888), Answers).serve_forever()
"""
LAUNCH = "/opt/terra/server/lib/python3.13/site-packages/terraspawner_environment/launch.py"
CATALOGUE = f"""
[sizes.small]
cpu = 1
memory = "512 MiB"

[images.{LIGHT}]
language = "python"
reference = "tsp-fifty/light:1"

[images.{WHOLE}]
"""

Place = tuple[str, str]
"""Folder of a drive and name in it."""


def make_light(engine: SecondEngine, folder: Path) -> None:
    """Our image, with that server in the place of JupyterLab's."""
    (folder / "launch.py").write_text(SERVER)
    made = engine("create", images.PYTHON)
    engine("cp", str(folder / "launch.py"), f"{made}:{LAUNCH}")
    engine("commit", made, "tsp-fifty/light:1")
    engine("rm", made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    id: str
    name: str
    owner: str

    def at(self, folder: Folder) -> Place:
        return folder.label, self.name if folder is Folder.MINE else f"{self.name} ({self.owner})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One environment. `id` and `disk` are the product's."""

    workspace: Workspace
    has_drive: bool
    id: str
    disk: str

    @property
    def user(self) -> str:
        return self.workspace.owner.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A line of the kernel's list."""

    place: str
    root: str
    is_read_only: bool


def mounts_of(process: int) -> list[Mount]:
    """All that it sees mounted."""
    lines = [line.split() for line in Path(f"/proc/{process}/mountinfo").read_text().splitlines()]
    return [
        Mount(place=_unescaped(fields[4]), root=_unescaped(fields[3]), is_read_only="ro" in fields[5].split(","))
        for fields in lines
    ]


def _unescaped(path: str) -> str:
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """At an environment: its files, and what is mounted there. Words are what is amiss, and empty where nothing is."""

    root: Path
    mounts: list[Mount]

    def below(self, folder: str) -> list[Mount]:
        return [mount for mount in self.mounts if mount.place.startswith(f"{folder}/")]

    def amiss_on_a_drive(self, wanted: Mapping[Place, tuple[str, bool]], word: str) -> str:
        """The kernel's list first: what is open while its right changes pauses the environment."""
        mounted = [
            (*mount.place.split("/")[-2:], (Path(mount.root).parent.name, not mount.is_read_only))
            for mount in self.below(DRIVE)
        ]
        if sorted(mounted) != sorted((*place, what) for place, what in wanted.items()):
            return f"has mounts {mounted}, not {wanted}"
        seen = {
            (folder.name, library.name): ((library / WHO).read_text(), is_writable(library / word))
            for folder in (self.root / DRIVE[1:]).iterdir()
            for library in folder.iterdir()
        }
        return "" if seen == wanted else f"sees {seen}, not {wanted}"

    def amiss_in(self, seat: Seat) -> str:
        mounted = sorted(mount.place for mount in self.below(WORKSPACE))
        if mounted != [BUCKET_DATA, BUCKET_NOTEBOOKS]:
            return f"has mounts {mounted}"
        data, notebooks, home = (self.root / path[1:] for path in (BUCKET_DATA, BUCKET_NOTEBOOKS, HOME))
        if (data / KEPT).read_text() != seat.id or not is_writable(data / "new") or is_writable(notebooks / "new"):
            return "has another bucket, or with other rights"
        is_image = os.major(home.stat().st_dev) == LOOP and is_writable(home / "new")
        return "" if is_image else "has another disk"


def ask_for_start(workspace: Workspace, **wishes: str) -> None:
    """A Hub that starts eight at once on a busy machine may not answer the first time."""

    def is_taken() -> bool:
        answer = workspace.owner.api.post(f"{workspace.path}/environment/start", json=wishes)
        assert answer.status_code in (200, 202, 503), answer.text
        return answer.status_code != 503

    until(is_taken, "the start is taken", within=120)


def is_writable(path: Path) -> bool:
    try:
        path.touch()
    except OSError as error:
        if error.errno == errno.EROFS:
            return False
        raise
    path.unlink()
    return True


@dataclass(kw_only=True)
class Fifty:
    """All of them. `shares` is who has which library, as it was asked for: by library, person or ``all``, and right."""

    engine: SecondEngine
    deployment: Deployment
    store: ObjectStore
    operator: Person
    people: list[Person] = field(default_factory=list)
    libraries: list[Library] = field(default_factory=list)
    shares: dict[tuple[Library, str], str] = field(default_factory=dict)
    seats: list[Seat] = field(default_factory=list)
    written: dict[str, set[str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    # --- made ---

    def settle_in(self) -> None:
        """People, libraries, shares and environments, the ones with disks that are images first."""
        self.people = [self._person(f"p{number}") for number in range(PEOPLE)]
        self.libraries = [self._library(person) for person in self.people]
        for number, person in enumerate(self.people):
            self.share(self.libraries[number - 1], person.name, "read")
            self.share(self.libraries[number - 2], person.name, "write")
        self.share(self.libraries[0], "all", "read")

    def seat(self, *, has_drive: bool) -> None:
        """Environments for everybody, in a workspace of this kind; they run."""
        names = [f"desk-{number}" for number in range(DRIVES_EACH)] if has_drive else ["table"]
        kind = "drive" if has_drive else "bucket"
        made = [person.workspace(name, storage=kind) for person in self.people for name in names]
        for number, workspace in enumerate(made):
            ask_for_start(workspace, image=LIGHT if number else WHOLE)
        for workspace in made:
            here = workspace.wait_for("running", within=300)
            self.seats.append(Seat(workspace=workspace, has_drive=has_drive, id=here["id"], disk=here["disk"]["id"]))
        if not has_drive:
            self.keep(KEPT)

    def _person(self, name: str) -> Person:
        link = self.operator.api.post("/accounts", json={"name": name}).json()["url"]
        password = f"words {secrets.token_hex(8)}"
        used = self.operator.api.post("/links/use", json={"code": link, "password": password})
        assert used.status_code == 200, used.text
        return Person.signed_in(self.deployment, name, password)

    def _library(self, owner: Person) -> Library:
        made = owner.api.post("/libraries", json={"name": f"of {owner.name}"})
        assert made.status_code == 201, made.text
        library = Library(id=made.json()["id"], name=made.json()["name"], owner=owner.name)
        written = owner.api.put(f"/workspaces/library/{library.id}/files/{WHO}", content=library.id.encode())
        assert written.status_code in (200, 201), written.text
        return library

    def share(self, library: Library, who: str, access: str) -> None:
        """An empty `access` takes it away."""
        api = next(person.api for person in self.people if person.name == library.owner)
        at = f"/libraries/{library.id}/shares/{who}"

        def is_done() -> bool:
            answer = api.put(at, json={"access": access}) if access else api.delete(at)
            assert answer.status_code in (200, 204, 503), answer.text  # the Hub, after its Engine, may want a moment
            return answer.status_code != 503

        until(is_done, "it is shared", within=180)
        self.shares[library, who] = access

    def change_shares(self) -> None:
        """What everybody sees is another one afterwards, in each environment with a drive."""
        first, second = self.libraries[0], self.libraries[1]
        self.share(first, "all", "" if self.shares[first, "all"] else "read")
        for number, person in enumerate(self.people):
            library = self.libraries[number - 1]
            self.share(library, person.name, "write" if self.shares[library, person.name] == "read" else "read")
        self.share(second, "all", "" if self.shares.get((second, "all")) else "write")

    def close(self) -> None:
        for person in (self.operator, *self.people):
            person.close()

    # --- what must be seen ---

    def wanted(self, user: str) -> Mapping[Place, tuple[str, bool]]:
        """By place: the library's id, and whether it can be written."""
        found = {}
        for library in self.libraries:
            named, for_all = self.shares.get((library, user)), self.shares.get((library, "all"))
            if library.owner == user:
                found[library.at(Folder.MINE)] = (library.id, True)
            elif named or for_all:
                place = library.at(Folder.ME if named else Folder.ALL)
                found[place] = (library.id, "write" in (named, for_all))
        return found

    # --- what is seen ---

    def amiss(self) -> list[str]:
        """What is not as it must be, of all environments and of the machine; looked at from outside all of it."""
        processes = self.processes()
        found = [f"{seat.user}/{seat.workspace.name} does not run" for seat in self.seats if seat.id not in processes]
        if found:
            return found
        with ThreadPoolExecutor(8) as pool:
            for each in pool.map(lambda seat: self._amiss_at(seat, processes[seat.id]), self.seats):
                found += each
        return found + self._amiss_on_the_machine()

    def processes(self) -> Mapping[str, int]:
        """The first process of each environment that runs, by its id."""
        names = [f"{self.deployment.name}-env-{seat.id}" for seat in self.seats]
        asked = self.engine.ask("inspect", "--format", "{{.Name}} {{.State.Pid}}", *names).stdout.split()
        pairs = zip(asked[::2], map(int, asked[1::2]), strict=True)
        return {name.rpartition("-")[2]: process for name, process in pairs if process}

    def _amiss_at(self, seat: Seat, process: int) -> list[str]:
        name = f"{seat.user}/{seat.workspace.name}"
        look = Look(root=Path(f"/proc/{process}/root"), mounts=mounts_of(process))
        try:
            said = look.amiss_on_a_drive(self.wanted(seat.user), seat.id) if seat.has_drive else look.amiss_in(seat)
        except OSError as error:  # gone in the middle, or dead
            said = str(error)
        return [f"{name}: {said}"] if said else []

    def _amiss_on_the_machine(self) -> list[str]:
        drives = [seat for seat in self.seats if seat.has_drive]
        buckets = len(self.seats) - len(drives)
        ours = Counter(self.mounted())
        found = [f"{place} is mounted {times} times" for place, times in ours.items() if times > 1]
        shown = sum(len(self.wanted(seat.user)) for seat in drives)
        wanted = {"views": shown, "buckets": 4 * buckets, "disks": buckets}
        if (counted := Counter(place.partition("/")[0] for place in ours)) != wanted:
            found.append(f"the machine has {dict(counted)}, not {wanted}")
        if len(self.rclones()) != buckets:
            found.append(f"{len(self.rclones())} rclones run for {buckets} buckets")
        if len(self.devices()) != buckets:
            found.append(f"{self.devices()} are attached")
        return found

    def mounted(self) -> list[str]:
        """On the machine, below the mounter's folder."""
        folder = f"/terraspawner/{self.deployment.name}/"
        there = mounts_of(self.engine.namespaces.pid)
        return [mount.place.partition(folder)[2] for mount in there if folder in mount.place]

    def rclones(self) -> list[int]:
        """Those of this deployment's service that mounts."""
        said = self.engine.ask("top", self._container("mounts"), "-eo", "pid,args").stdout
        return [int(line.split()[0]) for line in said.splitlines() if " rclone rcd " in line]

    def devices(self) -> list[str]:
        """Loop devices that have an image of ours."""
        ids = {seat.disk for seat in self.seats}
        found = []
        for each in Path("/sys/block").glob("loop*/loop/backing_file"):
            with suppress(OSError):
                found += [each.parts[3] for disk in re.findall(r"[0-9a-f]{16}", each.read_text()) if disk in ids]
        return found

    # --- what is done to it ---

    def kill(self, service: str) -> None:
        """SIGKILL to a service's first process, past the Engine, which starts it anew by itself."""
        process = self.process_of(service)
        os.kill(process, signal.SIGKILL)
        until(lambda: self.process_of(service) not in (0, process), f"{service} runs again", within=120)

    def process_of(self, service: str) -> int:
        """0 where it does not run."""
        return int(self.engine("inspect", "--format", "{{.State.Pid}}", self._container(service)))

    def _container(self, service: str) -> str:
        ours = [f"label=com.docker.compose.{key}" for key in (f"project={self.deployment.name}", f"service={service}")]
        return self.engine("ps", "--all", "--quiet", "--filter", ours[0], "--filter", ours[1])

    def keep(self, name: str = "") -> None:
        """Write a file in each bucket, as its environment does; nobody waits until it is sent."""
        name = name or f"unsent-{next(self._numbers)}"
        processes = self.processes()
        for seat in self.buckets():
            process = processes[seat.id]
            until(lambda at=process: BUCKET_DATA in {m.place for m in mounts_of(at)}, "the bucket is mounted")
            Path(f"/proc/{process}/root{BUCKET_DATA}/{name}").write_text(seat.id)
            self.written.setdefault(seat.id, set()).add(name)

    def buckets(self) -> list[Seat]:
        return [seat for seat in self.seats if not seat.has_drive]

    def unsent(self) -> list[str]:
        """What was written and is not in the store."""
        keys = self.store.list()
        places = Counter(re.findall(r"/data/(\S+)$", "\n".join(keys), re.MULTILINE))
        names = set.union(*self.written.values())
        return [f"{name} is in {places[name]} buckets" for name in names if places[name] != len(self.buckets())]

    def states(self) -> Mapping[str, str]:
        """Of all environments, by id; with an operator's eyes."""
        items = self.operator.api.get("/environments", params={"limit": 100}).json()["items"]
        return {each["id"]: each["state"] for each in items}

    def start_all(self) -> None:
        """What its person does with one that was ended; our helpers are killed again and again meanwhile."""
        for seat in self.seats:
            ask_for_start(seat.workspace)
        for helper in ("mounter", "host", "mounts") * 2:
            next_one = min(self.running() + 1, len(self.seats))
            self.kill(helper)
            until(lambda wanted=next_one: self.running() >= wanted, "they start all the same", within=180)
        self.until_all("running")

    def running(self) -> int:
        return list(self.states().values()).count("running")

    def until_all(self, state: str) -> None:
        def are_there() -> bool:
            states = self.states()
            return all(states[seat.id] == state for seat in self.seats)

        until(are_there, f"all are {state}", within=600)
