"""The virtual environment ``.venv`` for tests and development, and the browser that tests drive."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from terraspawner.deploy import machine
from terraspawner.deploy.commands import SetupStopped, attempt, is_there, run

OLDEST_FOR_TESTS = (3, 11)
INTERPRETERS = ("python3", "python3.13", "python3.12", "python3.11", "/usr/bin/python3")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def ensure_venv(root: Path) -> tuple[Path, str]:
    """``.venv`` with what pyproject.toml asks for. Made again only when that file changed. Raises `SetupStopped`."""
    folder = root / ".venv"
    if Path(sys.prefix).resolve() == folder.resolve():
        return folder, "in use"  # tests run `make dev`: nobody replaces the Python that he runs from
    interpreter = _interpreter()
    mark = hashlib.sha256((root / "pyproject.toml").read_bytes() + interpreter.encode()).hexdigest()
    marker = folder / "made-from"
    if marker.exists() and marker.read_text() == mark and (folder / "bin" / "python").exists():
        return folder, "present"
    shutil.rmtree(folder, ignore_errors=True)
    _make(interpreter, folder)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--editable", f"{root}[test]"], doing="Installing the packages for tests", timeout=1800)
    marker.write_text(mark)
    return folder, "made"


def _interpreter() -> str:
    """A Python that is new enough for the tests. The real one: a launcher could point elsewhere tomorrow."""
    for name in (sys.executable, *INTERPRETERS):
        asked = attempt([name, "-c", "import sys; print(*sys.version_info[:2], sys.executable)"])
        words = asked.stdout.split()
        if asked.returncode == 0 and tuple(map(int, words[:2])) >= OLDEST_FOR_TESTS:
            return words[2]
    raise SetupStopped("The tests need Python 3.11 or newer: install it. (The deployment itself does not.)")


def _make(interpreter: str, folder: Path) -> None:
    made = attempt([interpreter, "-m", "venv", str(folder)], timeout=300)
    if made.returncode == 0:
        return
    # Debian's Python comes without ensurepip
    otherwise = "Python cannot make virtual environments here: install the package python3-venv."
    machine.apt_install("python3-venv", otherwise=otherwise)
    shutil.rmtree(folder, ignore_errors=True)
    run([interpreter, "-m", "venv", str(folder)], doing="Making .venv", timeout=300)


def ensure_browser() -> str:
    """Chromium for the browser tests. Raises `SetupStopped`."""
    for name in BROWSERS:
        if is_there(name):
            return f"{name} is there"
    otherwise = "The browser tests need Chromium: install it so that `chromium` is a command."
    if machine.distribution().get("ID") != "debian":
        # Ubuntu's package is a snap, which does not run for root in many places
        raise SetupStopped(f"{otherwise} Without it: make test-fast.")
    machine.apt_install("chromium", otherwise=otherwise)
    return "installed"
