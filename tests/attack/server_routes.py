"""Every route of a user's Jupyter server with all its extensions, asked of the server program in its container."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from deployment import Workspace

PROGRAM = """
import asyncio, json, os, sys
for line in open("/proc/1/environ", encoding="utf-8").read().strip("\\0").split("\\0"):
    name, _, value = line.partition("=")
    os.environ[name] = value
os.chdir(os.environ["HOME"])
METHODS = ("get", "post", "put", "patch", "delete")

def rules_of(router):
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from rules_of(rule.target)
        elif hasattr(rule.matcher, "regex"):
            bases = [base for base in rule.target.__mro__ if base.__module__ != "tornado.web"]
            methods = [method for method in METHODS if any(method in base.__dict__ for base in bases)]
            yield rule.matcher.regex.pattern, methods

async def main():
    from terraspawner_environment import standins
    standins.install()
    from jupyter_server.serverapp import ServerApp
    app = ServerApp.instance()
    app.initialize(["--ip=127.0.0.1", "--port=0", "--config=/opt/terra/etc/jupyter_server_config.py"])
    print("RULES " + json.dumps(list(rules_of(app.web_app.default_router))))

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRoute:
    """`address` is below the server's own; `pattern` is how the server writes it."""

    pattern: str
    address: str
    methods: tuple[str, ...]


def server_routes(at: Workspace, kernel: str) -> list[ServerRoute]:
    """All routes, with a notebook, a kernel and a folder that are there filled in."""
    done = at.container().exec_run(
        ["/opt/terra/server/bin/python", "-I", "-c", PROGRAM], user="1000", environment={"HOME": "/home/jupyter"}
    )
    said = done.output.decode()
    found = re.search(r"^RULES (.*)$", said, re.MULTILINE)
    assert found, said
    notebook = f"/{at.name}/edit/secret.ipynb"
    fillings = {
        r"(?P<path>(?:(?:/[^/]+)+|/?))": notebook,
        r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)": kernel,
        r"(?P<session_id>\w+-\w+-\w+-\w+-\w+)": kernel,
        r"(?P<mode>lab|doc)(?P<workspace>/workspaces/[a-zA-Z0-9\-\_]+)?(?P<tree>/tree/.*)?": f"lab/tree{notebook}",
        r"(?P<action>restart|interrupt)": "interrupt",
        r"/files/(.*)": f"/files{notebook}",
        r"/notebooks/?(.*)": f"/notebooks{notebook}",
        r"(robots\.txt|favicon\.ico)": "favicon.ico",
        r"(robots\.txt)": "robots.txt",
        r"(favicon\.ico)": "favicon.ico",
    }
    routes = []
    for pattern, methods in json.loads(found[1]):
        path = pattern.removesuffix("$")
        for piece, value in fillings.items():
            path = path.replace(piece, value)
        path = re.sub(r"\((?:\?P<\w+>)?[^()]*\)\??", "1", path).replace("/?", "").replace(".*", "1").replace("\\", "")
        assert re.fullmatch(pattern, path), f"{pattern} is not met by {path}: say in `fillings` what stands there"
        address = path.removeprefix(at.server_url.rstrip("/"))
        routes.append(ServerRoute(pattern=pattern, address=address, methods=tuple(methods)))
    return routes
