"""Drives on a real WebDAV server mounted by the real rclone and shown by the real mounter on this machine, and
everything that can go wrong with them."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from mounts.mounting import Mounting, mounting, processes, shell
from ports import HeldPort
from terraspawner.domain.mount_words import OF_DRIVE
from terraspawner.host.bucket_mounts.arguments import MOST_MEMORY
from terraspawner.host.mounter.sources import Sources
from terraspawner.host.mounter.views import Library, View, Views
from terraspawner.mounts_client import OutsideDrive
from waiting import until
from webdav import WebdavServer, webdav_server

HERE = "e" * 16
PASSWORD = 'pass-word %(user)s "quoted" `back` ; # =+/ \N{SNOWMAN}'
HOSTILE_NAMES = (
    b"a\nb", b"-rf", b"x" * 200, b"\x01\x7f", b"\xff\xfe", b"a:b*?", b"%2e%2e", b"back\\slash", "é".encode(),
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.feature("H3")]


class Outside:
    """The whole wish, as the service says it, and an environment's view of what is mounted."""

    def __init__(self, mounts: Mounting, views: Views) -> None:
        self.mounts, self._views = mounts, views
        self.wish: dict[str, OutsideDrive] = {}
        self._rights: dict[str, bool] = {}

    def put(self, *drives: OutsideDrive) -> dict[str, Any]:
        """These as well."""
        self.wish |= {drive.id: drive for drive in drives}
        return self.say()

    def say(self) -> dict[str, Any]:
        body = {"drives": [asdict(drive) for drive in self.wish.values()]}
        answer = self.mounts.call("PUT", "/outside", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["drives"]  # type: ignore[no-any-return]

    def standing(self, library_id: str) -> dict[str, Any]:
        """Empty where nobody keeps it mounted."""
        found = self.mounts.call("GET", "/outside").json()["drives"]
        return found.get(library_id, {})  # type: ignore[no-any-return]

    def until_state(self, library_id: str, state: str) -> dict[str, Any]:
        return until(
            lambda: found if (found := self.standing(library_id)).get("state") == state else {}, f"it is {state}"
        )

    def look(self) -> View:
        """What the service has the mounter do again and again."""
        libraries = [
            Library(id=each, folder="mine", name=f"Lab {each}", is_read_only=right, is_outside=True)
            for each, right in self._rights.items()
        ]
        return self._views.put(HERE, libraries)

    def shown(self, library_id: str, *, is_read_only: bool = False) -> Path:
        """Its folder in the environment, as soon as it is there."""
        self._rights[library_id] = is_read_only
        until(lambda: library_id not in self.look().missing, "it is shown")
        return self.mounts.folder / "shared" / "views" / HERE / "My Libraries" / f"Lab {library_id}"

    def forget(self) -> None:
        for library_id in self.wish:
            assert self.mounts.call("DELETE", f"/outside/{library_id}").status_code == 204
        self.wish, self._rights = {}, {}
        self._views.delete(HERE)


@pytest.fixture(scope="module")
def server() -> Iterator[WebdavServer]:
    with TemporaryDirectory() as name, webdav_server(Path(name), PASSWORD) as made:
        yield made


@pytest.fixture(scope="module")
def mounts() -> Iterator[Mounting]:
    with mounting() as made:
        yield made


@pytest.fixture
def outside(mounts: Mounting) -> Iterator[Outside]:
    shared = mounts.folder / "shared"
    made = Outside(mounts, Views(shared / "views", Sources(mounts.folder / "libraries", shared / "outside")))
    yield made
    made.forget()


@pytest.fixture
def drive(outside: Outside, server: WebdavServer) -> OutsideDrive:
    """A folder of the server, mounted."""
    library_id = secrets.token_hex(8)
    (server.files / library_id / "my files").mkdir(parents=True)
    made = server.drive(library_id, f"{library_id}/my files")
    outside.put(made)
    outside.until_state(made.id, "mounted")
    return made


@contextmanager
def unreachable(server: WebdavServer, folder: Path) -> Iterator[None]:
    """The server hangs. What the folder holds was looked at before: nobody can write where he cannot look."""
    assert shell(f"ls '{folder}'")[0] == 0
    server.hang()
    try:
        yield
    finally:
        server.go_on()


def on_server(server: WebdavServer, drive: OutsideDrive, name: str) -> str | None:
    path = server.files / drive.path / name
    return path.read_text() if path.exists() else None


def test_files_go_to_the_server_and_come_from_it(outside: Outside, server: WebdavServer, drive: OutsideDrive) -> None:
    folder = outside.shown(drive.id)
    said = shell(f"cd '{folder}' && mkdir deep && echo written > deep/a.txt && cat deep/a.txt")
    assert said == (0, "written\n")
    until(lambda: on_server(server, drive, "deep/a.txt") == "written\n", "it is on the server")
    (server.files / drive.path / "b.txt").write_text("from elsewhere")
    until(lambda: shell(f"cat '{folder}/b.txt'") == (0, "from elsewhere"), "a change by others is seen")
    assert shell(f"cd '{folder}' && mv b.txt deep/c.txt && rm deep/a.txt && mv deep deeper")[0] == 0
    until(lambda: on_server(server, drive, "deeper/c.txt") == "from elsewhere", "the server has it as it is here")
    assert [each.name for each in (server.files / drive.path).rglob("*")] == ["deeper", "c.txt"]
    until(lambda: outside.standing(drive.id)["waiting"] == 0, "nothing waits to be sent")


def test_a_file_that_is_saved_by_renaming_takes_the_place_of_the_one_before(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    (server.files / drive.path / "kept").write_text("first")
    folder = outside.shown(drive.id)
    for text in ("second", "third"):
        until(lambda: shell(f"cat '{folder}/kept'")[0] == 0, "it is there")
        assert shell(f"cd '{folder}' && printf {text} > .new && sync .new && mv .new kept && cat kept") == (0, text)
    until(lambda: on_server(server, drive, "kept") == "third", "the server has the last")
    assert [each.name for each in (server.files / drive.path).iterdir()] == ["kept"]
    with unreachable(server, folder):
        assert shell(f"cd '{folder}' && printf fourth > .new && mv .new kept")[0] == 0
        outside.mounts.signal_rclone(drive.id, signal.SIGKILL)
    until(lambda: on_server(server, drive, "kept") == "fourth", "also where rclone ends meanwhile")
    until(lambda: [each.name for each in (server.files / drive.path).iterdir()] == ["kept"], "and nothing else is left")


def test_a_reader_reads_and_is_refused_every_write(outside: Outside, server: WebdavServer, drive: OutsideDrive) -> None:
    (server.files / drive.path / "table.csv").write_text("1,2\n")
    folder = outside.shown(drive.id, is_read_only=True)
    until(lambda: shell(f"cat '{folder}/table.csv'")[1] == "1,2\n", "it is there")
    for user in (1000, 0):
        for command in ("echo x > new", "echo x >> table.csv", "rm table.csv", "mkdir d", "mv table.csv other"):
            code, said = shell(f"cd '{folder}' && {command}", user=user)
            assert (code != 0, "ead-only" in said) == (True, True), (command, said)
    assert on_server(server, drive, "table.csv") == "1,2\n"


def test_a_writer_gets_no_further_than_the_folder(outside: Outside, server: WebdavServer, drive: OutsideDrive) -> None:
    (server.files / "secret").write_text("beside it")
    folder = outside.shown(drive.id)
    for command in ("ln -s /etc/passwd out", "mkfifo pipe && test -p pipe", "mknod null c 1 3", "cat ../../secret"):
        assert shell(f"cd '{folder}' && {command}")[0] != 0, command
    shell(f"rm -f '{folder}/pipe'")
    for name in HOSTILE_NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("hostile")
    there = server.files / drive.path
    until(lambda: len([*there.iterdir()]) == len(HOSTILE_NAMES), "all are sent, and nothing else is there")
    assert sorted(os.fsencode(each.name) for each in folder.iterdir()) == sorted(HOSTILE_NAMES)
    assert all(each.name.isprintable() for each in there.iterdir())


def test_of_a_folder_that_is_not_there_it_is_told_and_what_is_not_mounted_is_not_shown(
    outside: Outside, server: WebdavServer
) -> None:
    typed = server.drive(secrets.token_hex(8), "mistyped")
    outside.put(typed)
    until(lambda: outside.standing(typed.id)["reason"] == OF_DRIVE.missing, "it is told")
    (server.files / "mistyped").mkdir()
    outside.until_state(typed.id, "mounted")
    never = Library(id="f" * 16, folder="mine", name="Never", is_read_only=False, is_outside=True)
    (outside.mounts.folder / "shared" / "outside" / never.id / "data").mkdir(parents=True)
    views = Views(outside.mounts.folder / "shared" / "views", outside._views._sources)
    assert views.put(HERE, [never]).missing == (never.id,)


@pytest.mark.parametrize("how", ["killed", pytest.param("hung", marks=pytest.mark.full)])
def test_a_server_that_is_away_is_an_error_told_and_over_when_it_is_back(
    outside: Outside, server: WebdavServer, drive: OutsideDrive, how: str
) -> None:
    folder = outside.shown(drive.id)
    assert shell(f"echo before > '{folder}/file'")[0] == 0
    until(lambda: on_server(server, drive, "file") == "before\n", "it is sent")
    pid = outside.mounts.rclone_of(drive.id)
    server.kill() if how == "killed" else server.hang()
    try:
        told = outside.until_state(drive.id, "gone")
        assert told["reason"] == OF_DRIVE.silent
        assert shell(f"echo meanwhile > '{folder}/nowhere/new'")[0] != 0
        assert shell(f"ls '{folder}/elsewhere'")[0] != 0
        assert outside.look().missing == (), "it is still shown: an error is better than nothing"
        assert outside.standing(drive.id)["since"] == told["since"]
    finally:
        server.start() if how == "killed" else server.go_on()
    outside.until_state(drive.id, "mounted")
    until(lambda: shell(f"echo after > '{folder}/after' && cat '{folder}/after'") == (0, "after\n"), "it goes on")
    until(lambda: on_server(server, drive, "after") == "after\n", "and is sent")
    assert outside.mounts.rclone_of(drive.id) == pid, "by the same rclone"


def test_a_slow_server_is_told_as_such(outside: Outside, server: WebdavServer, drive: OutsideDrive) -> None:
    folder = outside.shown(drive.id)
    with server.slower_by(2.5):
        assert outside.until_state(drive.id, "slow")["reason"] == OF_DRIVE.slow
        assert shell(f"echo slowly > '{folder}/slowly'")[0] == 0
    outside.until_state(drive.id, "mounted")
    until(lambda: on_server(server, drive, "slowly") == "slowly\n", "it was sent")


def test_a_full_server_is_told_and_nothing_is_lost(outside: Outside, server: WebdavServer, drive: OutsideDrive) -> None:
    folder = outside.shown(drive.id)
    filling = server.files / "filling"
    filling.write_bytes(b"x" * 20 * 1024**2)
    assert shell(f"head -c 8000000 /dev/zero > '{folder}/large'")[0] == 0
    assert outside.until_state(drive.id, "slow")["reason"] == OF_DRIVE.not_taken
    assert shell(f"wc -c < '{folder}/large'") == (0, "8000000\n")
    filling.unlink()
    outside.until_state(drive.id, "mounted")
    assert (server.files / drive.path / "large").stat().st_size == 8000000


def test_a_password_that_is_wrong_is_told_and_given_anew_with_what_was_written_meanwhile(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    folder = outside.shown(drive.id)
    with unreachable(server, folder):
        assert shell(f"echo precious > '{folder}/kept'")[0] == 0
        killed = outside.mounts.rclone_of(drive.id)
        outside.put(server.drive(drive.id, drive.path, password="wrong"))
        until(lambda: killed not in processes(), "it is mounted anew")
    until(lambda: outside.standing(drive.id)["reason"] == OF_DRIVE.refusing, "it is told")
    folder = outside.shown(drive.id)
    assert shell(f"ls '{folder}/x'")[0] != 0
    assert on_server(server, drive, "kept") is None
    outside.put(drive)
    outside.until_state(drive.id, "mounted")
    until(lambda: on_server(server, drive, "kept") == "precious\n", "what was written is sent")
    folder = outside.shown(drive.id)
    until(lambda: shell(f"cat '{folder}/kept'") == (0, "precious\n"), "and there")


def test_killed_rclone_comes_back_in_the_view_and_sends_what_it_had_not(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    folder = outside.shown(drive.id)
    with unreachable(server, folder):
        held = os.open(folder / "held", os.O_WRONLY | os.O_CREAT)
        assert shell(f"echo precious > '{folder}/kept'")[0] == 0
        killed = outside.mounts.signal_rclone(drive.id, signal.SIGKILL)
        until(lambda: killed not in processes() and outside.standing(drive.id)["state"] == "gone", "it is gone")
        with pytest.raises(OSError, match="not connected"):
            os.write(held, b"x")
    until(lambda: on_server(server, drive, "kept") == "precious\n", "it was sent all the same")
    assert outside.shown(drive.id) == folder
    until(lambda: shell(f"cat '{folder}/kept'") == (0, "precious\n"), "the view has it again")
    assert not outside.look().was_open, "nobody's share was withdrawn"
    with pytest.raises(OSError, match="not connected"):
        os.close(held)


def test_rclone_that_hangs_is_an_error_holds_up_nobody_else_and_is_replaced(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    folder = outside.shown(drive.id)
    assert shell(f"echo before > '{folder}/file'")[0] == 0
    stopped = outside.mounts.signal_rclone(drive.id, signal.SIGSTOP)
    (server.files / "other").mkdir(exist_ok=True)
    other = server.drive(secrets.token_hex(8), "other")
    outside.put(other)
    outside.until_state(other.id, "mounted")
    assert shell(f"echo well > '{outside.shown(other.id)}/well'")[0] == 0
    assert shell(f"ls '{folder}/nothing/like/this'")[0] != 0
    until(lambda: stopped not in processes(), "it was replaced")
    until(lambda: shell(f"cat '{outside.shown(drive.id)}/file'") == (0, "before\n"), "the drive is there again")


def test_the_killed_service_mounts_again_what_it_is_told_and_sends_what_was_not_sent(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    folder = outside.shown(drive.id)
    with unreachable(server, folder):
        assert shell(f"echo mine > '{folder}/unsent'")[0] == 0
        outside.mounts.kill()
        until(lambda: shell(f"ls '{folder}'")[0] != 0, "its rclone ended with it")
    outside.mounts.start()
    assert outside.standing(drive.id) == {}, "nobody has told it yet"
    assert outside.look().missing == (drive.id,)
    outside.say()
    until(lambda: on_server(server, drive, "unsent") == "mine\n", "it was sent")
    until(lambda: shell(f"cat '{outside.shown(drive.id)}/unsent'") == (0, "mine\n"), "it is there again")


def test_what_is_wanted_no_more_is_kept_until_all_is_sent(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    folder = outside.shown(drive.id)
    with unreachable(server, folder):
        assert shell(f"echo last > '{folder}/last'")[0] == 0
        until(lambda: outside.standing(drive.id)["waiting"] == 1, "it waits")
        del outside.wish[drive.id]
        assert outside.say()[drive.id]["waiting"] == 1
    until(lambda: outside.standing(drive.id) == {}, "it is not kept any more")
    assert on_server(server, drive, "last") == "last\n"
    assert outside.look().missing == (drive.id,)
    assert outside.say() == {}
    assert not (outside.mounts.folder / "memory" / f"{drive.id}.conf").exists()


def test_a_purged_library_takes_nothing_away_outside_and_what_was_not_sent_is_gone(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    folder = outside.shown(drive.id)
    assert shell(f"echo stays > '{folder}/stays'")[0] == 0
    until(lambda: on_server(server, drive, "stays") == "stays\n", "it is sent")
    with unreachable(server, folder):
        assert shell(f"echo gone > '{folder}/gone'")[0] == 0
        assert outside.mounts.call("DELETE", f"/outside/{drive.id}").status_code == 204
    assert (outside.standing(drive.id), outside.look().missing) == ({}, (drive.id,))
    base = outside.mounts.folder
    for gone in (base / "cache/outside" / drive.id, base / "shared/outside" / drive.id):
        assert not gone.exists()
    assert not (base / "memory" / f"{drive.id}.conf").exists()
    assert (on_server(server, drive, "stays"), on_server(server, drive, "gone")) == ("stays\n", None)
    assert outside.mounts.call("DELETE", f"/outside/{drive.id}").status_code == 204, "done already is done"


class SeafileThatRefuses(BaseHTTPRequestHandler):
    """As a Seafile server answers to a password that is wrong; it is no more of one."""

    def do_POST(self) -> None:
        self._answer(HTTPStatus.BAD_REQUEST, {"non_field_errors": ["Unable to login with provided credentials."]})

    def do_GET(self) -> None:
        self._answer(HTTPStatus.OK, {"version": "11.0.0", "encrypted_library_version": 2})

    def _answer(self, status: HTTPStatus, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return


def test_a_seafile_that_is_away_or_refuses_is_told_as_such(outside: Outside) -> None:
    held = HeldPort()
    drive = OutsideDrive(
        id="5" * 16, kind="seafile", url=f"http://127.0.0.1:{held.number}", user="ada@example.org", password=PASSWORD,
        library="Survey",
    )  # fmt: skip
    outside.put(drive)
    until(lambda: outside.standing(drive.id)["reason"] == OF_DRIVE.silent, "it is told that nobody answers")
    with HTTPServer(("127.0.0.1", held.number), SeafileThatRefuses) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        until(lambda: outside.standing(drive.id)["reason"] == OF_DRIVE.refusing, "it is told that it refuses")
        server.shutdown()
        serving.join()
    assert outside.standing(drive.id)["state"] == "gone"


class DriveWithoutEnd(BaseHTTPRequestHandler):
    """Says of its top that it has file after file, for as long as anybody listens."""

    def do_PROPFIND(self) -> None:
        entry = "<D:response><D:href>/{}</D:href><D:propstat><D:prop/></D:propstat></D:response>"
        self.send_response(HTTPStatus.MULTI_STATUS)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(b'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">')
            for block in itertools.count():
                self.wfile.write("".join(entry.format(f"{block}-{n}{'x' * 400}") for n in range(1000)).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return


def memory_of(pid: int) -> int:
    """Bytes; the most that it had at once, which is no more than it may have. 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
    assert found < 1.1 * MOST_MEMORY
    return found


def test_a_server_whose_answer_has_no_end_takes_no_more_memory_than_a_drive_may_have(
    outside: Outside, drive: OutsideDrive
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), DriveWithoutEnd) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        endless = replace(drive, id="7" * 16, url=f"http://127.0.0.1:{server.server_address[1]}", path="")
        outside.put(endless)
        first = until(lambda: next(iter(outside.mounts.rclones_of(endless.id)), 0), "its rclone runs")
        until(lambda: not memory_of(first), "it has ended", within=120)
        assert outside.standing(drive.id)["state"] == "mounted", "the others have nothing of it"
        outside.forget()
        server.shutdown()
        serving.join()


def test_a_program_that_has_many_files_open_does_not_fill_the_memory(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    for number in range(18):
        with (server.files / drive.path / f"{number}").open("wb") as file:
            file.truncate(20 << 20)
    folder = outside.shown(drive.id)
    until(lambda: len([*folder.iterdir()]) == 18, "they are there")
    with contextlib.ExitStack() as kept:
        for number in range(18):
            file = kept.enter_context((folder / f"{number}").open("rb", buffering=0))
            assert file.read(200_000)
        assert memory_of(outside.mounts.rclone_of(drive.id)) < 200 << 20


def test_one_that_rclone_cannot_be_told_of_is_no_trouble_of_the_others(
    outside: Outside, server: WebdavServer, drive: OutsideDrive
) -> None:
    hostile = server.drive("d" * 16, "../..", user="a\nurl = http://elsewhere")
    told = outside.put(hostile)
    assert told[drive.id]["state"] == "mounted"
    assert (told[hostile.id]["state"], "single lines" in told[hostile.id]["reason"]) == ("gone", True)
    assert outside.say()[hostile.id] == told[hostile.id], "since when is kept"
    del outside.wish[hostile.id]
    assert hostile.id not in outside.say()


def test_the_password_is_told_nowhere(outside: Outside, server: WebdavServer, drive: OutsideDrive) -> None:
    folder = outside.shown(drive.id)
    outside.put(server.drive("c" * 16, "nowhere"), server.drive("b" * 16, password="wrong-too"))
    until(lambda: outside.standing("b" * 16)["reason"] == OF_DRIVE.refusing, "one is refused")
    assert shell(f"echo x > '{folder}/x'")[0] == 0
    until(lambda: on_server(server, drive, "x") == "x\n", "and one is used")
    configuration = outside.mounts.folder / "memory" / f"{drive.id}.conf"
    disguised = next(line for line in configuration.read_text().splitlines() if line.startswith("pass = "))
    sent = base64.b64encode(f"{drive.user}:{PASSWORD}".encode()).decode()
    hidden = (PASSWORD, "wrong-too", sent, disguised.removeprefix("pass = "))
    seen = [*processes().values(), outside.mounts.log.read_text(), outside.mounts.call("GET", "/outside").text]
    seen += [Path("/proc/self/mountinfo").read_text(), repr(drive)]
    cache = outside.mounts.folder / "cache"
    seen += [path.read_text(errors="replace") for path in cache.rglob("*") if path.is_file()]
    assert not [text for text in seen for secret in hidden if secret in text]
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert shell(f"cat {configuration}")[0] != 0


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"drives": {}}, {"drives": [1]}, {"drives": [{"id": "a" * 16}]}, {"drives": [], "more": 1},
        {"drives": [{**asdict(OutsideDrive(id="../etc", kind="webdav", url="", user="", password=""))}]},
        {"drives": [{**asdict(OutsideDrive(id="a" * 16, kind="webdav", url="", user="", password="")), "url": 7}]},
        {"drives": 2 * [asdict(OutsideDrive(id="a" * 16, kind="webdav", url="", user="", password=""))]},
    ],
    ids=lambda body: str(body)[:40],
)  # fmt: skip
def test_what_is_no_list_of_drives_is_refused_and_changes_nothing(
    outside: Outside, drive: OutsideDrive, body: Any
) -> None:
    assert outside.mounts.call("PUT", "/outside", json=body).status_code == 422
    assert outside.standing(drive.id)["state"] == "mounted"


def test_the_hub_and_others_are_refused(outside: Outside) -> None:
    socket = outside.mounts.folder / "mounts.sock"
    socket.chmod(0o777)
    ask = f"curl -sS -X PUT -d '{{\"drives\": []}}' --unix-socket {socket} http://mounts/outside"
    for user, words in ((1000, "may not speak to the mounts service"), (2001, "about drives from outside")):
        assert words in shell(ask, user=user)[1]
    assert "drives" in shell(ask, user=2002)[1]
