"""The command `ws`: files of the workspace's bucket from a terminal, a cell or a script. ``ws:`` begins a path in it.

Copies go by the mounted folder (`bucket.py`). Deleting goes through the server of this environment (`commands.py`),
which has the key that opens the workspace: so it ends in the trash, from which it comes back, and no key is in
anybody's hand.
"""

import argparse
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from terraspawner_environment import bucket
from terraspawner_environment.bucket import NotCopied

MARK = "ws:"
SOCKET = "ws.sock"
RUNTIME = "/tmp/terra-runtime"  # noqa: S108 - closed to others, see images/python/bin/entry
_SECONDS = 60
_NO_BUCKET = "There is no bucket in this environment: its workspace keeps files on a drive, or it is no workspace's."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 1 where something was refused, the rest is done all the same."""
    asked = _parser().parse_args(arguments)
    mounted = os.environ.get("WORKSPACE_BUCKET", "")
    if not mounted or not Path(mounted).is_dir():
        return _complain(_NO_BUCKET)
    try:
        return int(asked.run(asked, Path(mounted)))
    except NotCopied as refusal:
        return _complain(str(refusal))


def socket_path() -> str:
    """Where the server listens for this command."""
    return f"{os.environ.get('JUPYTER_RUNTIME_DIR') or RUNTIME}/{SOCKET}"


def copy(asked: argparse.Namespace, mounted: Path) -> int:
    """`ws cp`."""
    *sources, target = asked.paths
    if not sources:
        return _complain("Say what to copy and where to: ws cp results.csv ws:tables/")
    failed = 0
    for source in sources:
        try:
            failed |= _copy_one(source, target, asked, mounted)
        except NotCopied as refusal:
            failed |= _complain(str(refusal))
    return failed


def show(asked: argparse.Namespace, mounted: Path) -> int:
    """`ws ls`."""
    for path in asked.paths or [MARK]:
        found = bucket.find(mounted, _in_bucket(path))
        for each in sorted(found.iterdir(), key=lambda entry: entry.name) if found.is_dir() else [found]:
            print(_line(each) if asked.long else _shown(each))
    return 0


def remove(asked: argparse.Namespace, mounted: Path) -> int:
    """`ws rm`."""
    failed = 0
    for path in asked.paths:
        inside = _in_bucket(path).strip("/")
        is_folder = bucket.find(mounted, inside).is_dir()
        if is_folder and not asked.recursive:
            failed |= _complain(f"{path} is a folder. Delete it with -r: it goes into the trash as one")
        elif sentence := _into_the_trash(f"{inside}/" if is_folder else inside):
            failed |= _complain(f"{path}: {sentence}")
    return failed


def _copy_one(source: str, target: str, asked: argparse.Namespace, mounted: Path) -> int:
    is_in, is_out = target.startswith(MARK), source.startswith(MARK)
    if not (is_in or is_out):
        return _complain(f"{source}: neither this nor {target} is in the bucket; its paths begin with {MARK}")
    begin = bucket.find(mounted, _in_bucket(source)) if is_out else Path(source)
    files = list(bucket.files_below(begin)) if asked.recursive and begin.is_dir() else [begin]
    failed = 0
    for file in files:
        below = file.relative_to(begin.parent).as_posix() if asked.recursive and begin.is_dir() else ""
        try:
            _copy_file(file, target, below, mounted, may_replace=not asked.keep)
        except NotCopied as refusal:
            failed |= _complain(str(refusal))
    return failed


def _copy_file(file: Path, target: str, below: str, mounted: Path, *, may_replace: bool) -> None:
    if target.startswith(MARK):
        folder = _in_bucket(target)
        bucket.copy_in(file, mounted, f"{folder.rstrip('/')}/{below}" if below else folder, may_replace=may_replace)
        return
    if not file.is_file():
        raise NotCopied(str(file), "is a folder; copy it with -r" if file.is_dir() else "is not there")
    at = Path(target)
    if below:
        at = at / below
    elif at.is_dir() or target.endswith("/"):
        at = at / file.name
    bucket.copy(file, at, may_replace=may_replace)


def _into_the_trash(path: str) -> str:
    """Ask the server; what stands against it, empty where it is done."""
    connection = _ByPath(socket_path())
    try:
        connection.request("DELETE", f"/files/{quote(path)}")
        answer = connection.getresponse()
        body = answer.read()
    except UnicodeEncodeError:
        return "its name is no text, so nothing but rm can delete it, for good."
    except OSError:
        return "this environment's server does not answer. Nothing was deleted."
    finally:
        connection.close()
    if answer.status not in (202, 204):
        return str(json.loads(body)["message"])
    if body:
        print(_going(path, json.loads(body)))
    return ""


def _going(path: str, told: dict[str, Any]) -> str:
    """What goes with a folder, in a sentence."""
    more = "more than " if told["is_more"] else ""
    files = "1 file" if told["files"] == 1 else f"{told['files']} files"
    return f"{_printable(path)} goes into the trash: {more}{files}, {more}{told['size']} bytes."


def _in_bucket(path: str) -> str:
    if not path.startswith(MARK):
        raise NotCopied(path, f"is no path in the bucket: those begin with {MARK}")
    return path.removeprefix(MARK).lstrip("/")


def _line(path: Path) -> str:
    facts = path.lstat()
    size = "-" if path.is_dir() else str(facts.st_size)
    changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(facts.st_mtime))
    return f"{size:>15}  {changed}  {_shown(path)}"


def _shown(path: Path) -> str:
    """Its name, which somebody else may have given it: nothing in it speaks to the terminal, or cannot be written."""
    return _printable(path.name) + ("/" if path.is_dir() else "")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _complain(sentence: str) -> int:
    print(f"ws: {_printable(sentence)}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ws",
        description="Files of the workspace's bucket. ws: begins a path in it: ws cp results.csv ws:tables/",
        epilog="Notebooks are not copied: they travel by the edit folder, which has a lock and versions.",
    )
    commands = parser.add_subparsers(required=True, metavar="cp | ls | rm")
    copying = commands.add_parser("cp", help="copy files to the bucket or from it")
    copying.add_argument("-r", "--recursive", action="store_true", help="folders with all that is in them")
    copying.add_argument("-n", "--keep", action="store_true", help="replace nothing")
    copying.add_argument("paths", nargs="+", metavar="path", help="what, and last where to")
    copying.set_defaults(run=copy)
    listing = commands.add_parser("ls", help="show what is in a folder of the bucket")
    listing.add_argument("-l", "--long", action="store_true", help="with size in bytes and time")
    listing.add_argument("paths", nargs="*", metavar="path")
    listing.set_defaults(run=show)
    removing = commands.add_parser("rm", help="put files of the bucket into the workspace's trash")
    removing.add_argument("-r", "--recursive", action="store_true", help="folders with all that is in them")
    removing.add_argument("paths", nargs="+", metavar="path")
    removing.set_defaults(run=remove)
    return parser


class _ByPath(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: str) -> None:
        super().__init__("ws", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


if __name__ == "__main__":
    sys.exit(main())
