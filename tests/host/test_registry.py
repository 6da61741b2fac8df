"""The site's own registry, Debian's `docker-registry`, and an Engine that has nothing: what is pulled, what is built.

The checkout is a small one, with the set-up program as it is and images of one file each.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from debian import unpacked
from deployment import ROOT, until
from second_engine import SecondEngine, second_engine, skip_unless_possible
from terraspawner.deploy import images

pytestmark = [pytest.mark.docker, pytest.mark.full, pytest.mark.feature("A1")]

ALL = {"base": images.BASE, **{name: image.tag for name, image in images.IN_ORDER.items()}}
LOGIN, PASSWORD = "lab", "of a test"
BCRYPT = "$2b$05$DbH8g0s1qU7nvcV7z8Ycm.djfF4WNKgRVniHCk49SoA4/LwWw13DC"
DOCKERFILES = {
    "base": "ARG ROOTFS\nFROM ${ROOTFS}\nCOPY images/base/files/ /\n",
    "hub": "ARG BASE\nFROM ${BASE}\nCOPY images/hub/file /hub\n",
    "python": "ARG BASE\nFROM ${BASE} AS environment\nCOPY images/python/file /environment\n"
    "FROM environment\nCOPY images/python/file /python\n",
    "r": "ARG ENVIRONMENT\nARG PYTHON\nFROM ${PYTHON} AS python\nFROM ${ENVIRONMENT}\nCOPY --from=python /python /r\n",
}


class DebiansRegistry:
    """The program, with a login, in the network of an Engine."""

    def __init__(self, folder: Path, engine: SecondEngine) -> None:
        self.engine, self.host = engine, "127.0.0.1:5000"  # in the Engine's network, where nobody else listens
        self.program = unpacked(folder, "docker-registry") / "usr/bin/docker-registry"
        self.log = folder / "registry.log"
        self.configuration, passwords = folder / "registry.yml", folder / "passwords"
        passwords.write_text(f"{LOGIN}:{BCRYPT}\n")
        settings = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(folder / "stored")}},
            "auth": {"htpasswd": {"realm": "tests", "path": str(passwords)}},
            "http": {"addr": self.host},
        }
        self.configuration.write_text(json.dumps(settings))  # which YAML takes
        self.start()
        signed_in = engine.ask("login", "--username", LOGIN, "--password-stdin", self.host, input=PASSWORD)
        assert signed_in.returncode == 0, signed_in.stderr

    def start(self) -> None:
        words = self.engine.inside(str(self.program), "serve", str(self.configuration))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        until(self._listens, "the registry listens")

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return b"listening on" in self.log.read_bytes()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.unlink()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Nobody listens there."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def mute(self) -> Iterator[None]:
        """Connections are taken, and nothing is ever said."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A checkout, an Engine, a registry."""

    engine: SecondEngine
    registry: DebiansRegistry
    checkout: Path

    @property
    def prefix(self) -> str:
        return f"{self.registry.host}/lab"

    def run(self, command: str, checkout: Path | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
        ours = {"TERRA_REGISTRY": self.prefix, "TERRA_UPSTREAM": f"{self.registry.host}/debian:trixie-slim", **settings}
        kept = {name: value for name, value in self.engine.environ.items() if not name.startswith("TERRA_")}
        return subprocess.run(
            [sys.executable, "-m", "terraspawner.deploy", command],
            cwd=checkout or self.checkout,
            env={**kept, "TERRA_IMAGE_TAG": images.TAG, **ours},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def made(self, checkout: Path | None = None) -> dict[str, str]:
        """Image -> how it came about, as the set-up's lines say."""
        done = self.run("images", checkout)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = [line.strip() for line in done.stdout.splitlines()]
        told = [line.removeprefix("image ").rpartition("  (")[0] for line in lines if line.startswith("image ")]
        return {name: how.strip() for name, _, how in (line.partition(" ") for line in told)}

    def ids(self) -> dict[str, str]:
        return {name: self.engine("image", "inspect", "--format", "{{.Id}}", tag) for name, tag in ALL.items()}

    def inputs(self, name: str) -> str:
        return self.engine("image", "inspect", "--format", f'{{{{index .Config.Labels "{images.INPUTS}"}}}}', ALL[name])

    def names(self) -> set[str]:
        return set(self.engine("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())

    def forget(self) -> None:
        """All images, as on a machine that never had any."""
        if names := self.names() - {"<none>:<none>"}:
            self.engine("image", "rm", "--force", *names)
        if unnamed := set(self.engine("image", "ls", "--quiet").split()):
            self.engine("image", "rm", "--force", *unnamed)
        assert self.engine("image", "ls", "--all", "--quiet") == ""


def small_checkout(folder: Path) -> Path:
    shutil.copytree(ROOT / "terraspawner", folder / "terraspawner", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in DOCKERFILES.items():
        (folder / "images" / name / "files").mkdir(parents=True)
        (folder / "images" / name / "Dockerfile").write_text(text)
        (folder / "images" / name / "file").write_text(f"of {name}\n")
    (folder / "images/base/files/base").write_text("of base\n")
    return folder


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    skip_unless_possible()
    folder = tmp_path_factory.mktemp("registry")
    with second_engine(tmp_path_factory.mktemp("engine"), "--bridge=none") as engine:
        registry = DebiansRegistry(folder, engine)
        try:
            yield Lab(engine=engine, registry=registry, checkout=small_checkout(folder / "checkout"))
        finally:
            registry.process.terminate()
            registry.process.wait(30)


@pytest.fixture
def pushed(lab: Lab) -> Lab:
    """Debian and our images are in the registry, and nothing is in the Engine."""
    lab.forget()
    debian = lab.checkout.parent / "debian.tar"
    subprocess.run(["tar", "-cf", debian, "-C", lab.checkout, "images/base/Dockerfile"], check=True)
    upstream = f"{lab.registry.host}/debian:trixie-slim"
    lab.engine("import", str(debian), upstream)
    lab.engine("push", upstream)
    lab.forget()
    done = lab.run("push")
    assert done.returncode == 0, done.stdout + done.stderr
    return lab


def test_what_one_machine_pushed_another_pulls_whole(lab: Lab, pushed: Lab, tmp_path: Path) -> None:
    ids, inputs = lab.ids(), {name: lab.inputs(name) for name in ALL}
    assert lab.made() == dict.fromkeys(ALL, "present")
    lab.forget()

    elsewhere = small_checkout(tmp_path / "somewhere else")
    (elsewhere / "terraspawner" / "__pycache__").mkdir()
    (elsewhere / "terraspawner" / "__pycache__" / "made.pyc").write_text("compiled")
    assert lab.made(elsewhere) == dict.fromkeys(ALL, "pulled")
    assert lab.ids() == ids
    assert {name: lab.inputs(name) for name in ALL} == inputs
    # by our names alone: the registry's are taken away again, and Debian and the stage were not needed
    assert lab.names() == set(ALL.values())


def test_debian_comes_from_where_the_settings_say(lab: Lab, pushed: Lab) -> None:
    lab.forget()
    shutil.rmtree(lab.registry.configuration.parent / "stored/docker/registry/v2/repositories/lab")
    made = lab.made()
    assert made["base"] == f"made from {lab.registry.host}/debian:trixie-slim, since the registry does not have it"
    assert {made[name] for name in images.IN_ORDER} == {"built, since the registry does not have it"}


def test_a_change_is_built_here_and_pushed_under_another_name(lab: Lab, pushed: Lab) -> None:
    before = lab.inputs("hub")
    (lab.checkout / "images/hub/file").write_text("of hub, changed\n")
    assert lab.made() == {**dict.fromkeys(ALL, "present"), "hub": "built, since the registry does not have it"}
    done = lab.run("push")
    assert f"{lab.prefix}/hub:{lab.inputs('hub')}-" in done.stdout
    assert lab.inputs("hub") != before


def test_an_image_of_other_files_under_the_right_name_is_refused(lab: Lab, pushed: Lab, tmp_path: Path) -> None:
    wanted = lab.inputs("hub")
    architecture = lab.engine("version", "--format", "{{.Server.Arch}}")
    name = f"{lab.prefix}/hub:{wanted}-{architecture}"
    (tmp_path / "Dockerfile").write_text(f"FROM {images.BASE}\n")
    lab.engine("build", "--label", f"{images.INPUTS}=of other files", "--tag", name, str(tmp_path))
    lab.engine("push", name)
    lab.engine("image", "rm", "--force", name, images.HUB)
    (lab.checkout / "images/hub/file").chmod(0o600)
    made = lab.made()
    assert made["hub"] == "built, since what the registry has was made from other files"
    assert lab.inputs("hub") == wanted
    held = lab.engine("create", "--network=none", images.HUB, "none of its programs")
    lab.engine("cp", f"{held}:/hub", str(tmp_path))
    lab.engine("rm", held)
    assert (tmp_path / "hub").read_text() == (lab.checkout / "images/hub/file").read_text()
    assert (tmp_path / "hub").stat().st_mode & 0o777 == 0o644
    assert name not in lab.names()


@pytest.mark.parametrize("without_an_answer", [DebiansRegistry.gone, DebiansRegistry.mute])
def test_without_an_answer_the_images_are_built_and_a_push_says_what_to_do(
    lab: Lab, pushed: Lab, without_an_answer: Callable[[DebiansRegistry], AbstractContextManager[None]]
) -> None:
    with without_an_answer(lab.registry):
        lab.engine("image", "rm", "--force", images.HUB, images.PYTHON)
        made = lab.made()
        assert {made["hub"], made["python"]} == {"built, since the registry does not answer"}
        assert made["r"] == "present"
        done = lab.run("push")
    assert done.returncode == 1
    assert f"docker login {lab.registry.host}" in done.stderr


def test_who_is_not_signed_in_is_told_so_and_builds(lab: Lab, pushed: Lab) -> None:
    lab.engine("image", "rm", "--force", images.HUB)
    login = Path(lab.engine.environ["DOCKER_CONFIG"]) / "config.json"
    kept = login.read_text()
    login.write_text("{}")
    try:
        assert lab.made()["hub"] == "built, since the registry wants a `docker login`"
    finally:
        login.write_text(kept)


def test_a_push_to_nowhere_says_which_setting_is_missing(lab: Lab) -> None:
    done = lab.run("push", TERRA_REGISTRY="")
    assert (done.returncode, "TERRA_REGISTRY=" in done.stderr) == (1, True)
