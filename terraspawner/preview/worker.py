"""The process that takes notebooks apart: ``python -I -m terraspawner.preview``, started by `renderer`.

It loads everything once and then, for each notebook, forks a child with bounds that hold whatever the notebook does
to it: memory and time; no file and no connection can be opened (the limit of open files is set to none, so what the
child needs was opened or loaded before), none written, no process started. A child sees one notebook and ends, so no
notebook can leave anything for the next one. The environment is empty: the service's secrets are not in here.

Socket 0 brings one connection for each task. On it: a line that says what to do, with the lengths of all notebooks but
the last; the notebooks, their end. Back come ``ok`` or ``no``, a line break, and HTML (of a merge: JSON) or the rest of
a sentence. A child that is ended by a bound says nothing. Besides previews it compares and merges: whatever takes
notebooks apart does so here.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from terraspawner.preview import cells, compared, merged
from terraspawner.preview.document import Unreadable
from terraspawner.preview.sample import SAMPLES

SECONDS = 10
"""Of processor, and of the clock: the double of it."""
ODD = b"is not made as notebooks are: it cannot be shown. Download it to look at it."
MEMORY = 768 * 1024**2
"""Bytes that a child may take besides what it begins with."""
_PIECE = 1 << 20


def main() -> int:
    """Serve until the other end of socket 0 closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # rather one of these than the service
    for sample in SAMPLES:
        cells.render(sample)
    _compare_samples()
    gc.collect()
    gc.freeze()
    control = socket.socket(fileno=0)
    while True:
        word, connections, _, _ = socket.recv_fds(control, 1, 1)
        if not word:
            return 0
        for connection in connections:
            if os.fork() == 0:
                _child(control, connection)
            os.close(connection)


def _child(control: socket.socket, connection: int) -> None:
    """Answer one notebook and end. Never returns."""
    code = 1
    try:
        control.close()
        answer_to(socket.socket(fileno=connection))
        code = 0
    except MemoryError:
        code = 2
    finally:
        os._exit(code)


def answer_to(peer: socket.socket) -> None:
    """Read the notebook, shut everything else, answer."""
    body = bytearray()
    while piece := peer.recv(_PIECE):
        body += piece
    bound()
    gc.disable()
    try:
        answer = b"ok\n" + done(bytes(body)).encode(errors="replace")
    except Unreadable as error:
        answer = b"no\n" + str(error).encode(errors="replace")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a notebook that nobody thought of; one that takes too much ends the process
        answer = b"no\n" + ODD
    peer.sendall(answer)


def done(request: bytes) -> str:
    """What the first line asks for, of the notebooks after it. Raises `Unreadable`."""
    line, _, rest = request.partition(b"\n")
    what, *lengths = line.decode().split()
    notebooks = []
    for length in map(int, lengths):
        notebooks.append(rest[:length])
        rest = rest[length:]
    notebooks.append(rest)
    if what == "compare":
        return compared.compare(*notebooks)
    if what == "merge":
        return json.dumps(merged.told(merged.merge(*notebooks)))
    return cells.render(rest, time.process_time)


def _compare_samples() -> None:
    """What comparing and merging need is loaded then."""
    one = SAMPLES[0]
    other, third = (one.replace(b"Title", word) for word in (b"Name", b"Heading"))
    compared.compare(one, other)
    merged.merge(one, other, third)


def bound() -> None:
    """Set the bounds of this process. There is no way back."""
    signal.alarm(2 * SECONDS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
    for kind, limit in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
