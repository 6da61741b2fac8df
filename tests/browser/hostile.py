"""Somebody's own server turned against its visitors: it answers everybody, with a page that does as it is told.

Who has the environment has the server's process too, and can make it do anything. Here another process takes its
listening socket over, in the environment's own network and beside its processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from deployment import Workspace, until
from terraspawner.deploy import images

PAGE = "a page of somebody's own server"
TAKE_OVER = """
import ctypes, http.server, os, signal, socket, sys

def of(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()

def server():
    # the one that listens, not the init process above it
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return next(pid for pid in numbers if of(pid, "cmdline").startswith(b"/opt/terra/server/bin/python"))

def listening(pid):
    lines = [line.split() for line in of(pid, "net/tcp").decode().splitlines()[1:]]
    (inode,) = [line[9] for line in lines if line[3] == "0A" and line[1].endswith(":22B8")]
    folder = f"/proc/{pid}/fd"
    return next(int(fd) for fd in os.listdir(folder) if os.readlink(f"{folder}/{fd}") == f"socket:[{inode}]")

pid = server()
os.kill(pid, signal.SIGSTOP)
taken = ctypes.CDLL(None, use_errno=True).syscall(438, os.pidfd_open(pid), listening(pid), 0)
assert taken >= 0, os.strerror(ctypes.get_errno())

class Anything(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><title>PAGE</title><body>PAGE"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

httpd = http.server.ThreadingHTTPServer(("", 0), Anything, bind_and_activate=False)
httpd.socket.close()
httpd.socket = socket.socket(fileno=taken)
httpd.socket.setblocking(True)
httpd.serve_forever()
""".replace("PAGE", PAGE)  # fmt: skip


@contextmanager
def turned_hostile(workspace: Workspace) -> Iterator[str]:
    """The environment of `workspace`, which runs, answers as its owner likes. Gives the address of its page."""
    deployment, owner = workspace.owner.deployment, workspace.owner.name
    environment = workspace.container().id
    process = deployment.docker.containers.run(
        images.HUB,
        ["python", "-c", TAKE_OVER],
        detach=True,
        user="1000:1000",
        security_opt=["seccomp=unconfined"],
        pid_mode=f"container:{environment}",
        network_mode=f"container:{environment}",
    )
    address = f"{workspace.server_url}anything"

    def answers() -> bool:
        try:
            return PAGE in deployment.get(address, of=owner, timeout=3).text
        except httpx.TimeoutException:
            return False  # the proxy's connections from before lead to the old server, until they are used up

    try:
        until(answers, "the hostile server answers", 60)
        yield f"{deployment.origin_of(owner)}{address}"
    finally:
        print(process.logs().decode())
        process.remove(force=True)
