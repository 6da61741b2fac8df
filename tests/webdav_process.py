"""A WebDAV server as a process: `python tests/webdav_process.py <folder> <address> <port>`; its one account is in its
variables.

It is the real wsgidav on the real cheroot. While there is a file ``slow`` beside its folder it is that many seconds
slower with each answer.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def application(folder: Path) -> Application:
    account = {os.environ["DAV_USER"]: {"password": os.environ["DAV_PASSWORD"]}}
    return WsgiDAVApp(  # type: ignore[no-any-return]
        {
            "provider_mapping": {"/": str(folder)},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "simple_dc": {"user_mapping": {"*": account}},
            "lock_storage": False,
            "property_manager": False,
            "dir_browser": {"enable": False},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )


def slow(serve: Application, told: Path) -> Application:
    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if told.exists():
            time.sleep(float(told.read_text()))
        return serve(environ, start)

    return answer


def main(folder: Path, address: str, port: int) -> None:
    wsgi.Server((address, port), slow(application(folder), folder.parent / "slow"), numthreads=20).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
