"""Fifty environments with all that is mounted for them, and everything killed that has to do with it, one after the
other. Nobody lends a hand: at the end each sees its own again, once, with its right, and nothing else.

How long that took is a property of each test in the report (``--junitxml``), and in what it prints.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from chaos.fifty import CATALOGUE, Fifty, make_light
from chaos.test_kills import hub_answers, service_answers
from deployment import ROOT, deployed, until, with_settings
from object_store import object_store
from second_engine import inside, second_engine, skip_unless_possible
from terraspawner.deploy import images

pytestmark = [pytest.mark.docker, pytest.mark.full, pytest.mark.feature("H2", "H4", "D4")]

NAME, SUBNET = "tsp-fifty", 240
LIVE_RESTORE, PLAIN = ("--live-restore",), ()
"""Options of the Engine."""

Tell = Callable[[str, object], None]


@pytest.fixture(scope="module")
def fifty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fifty]:
    skip_unless_possible("dockerd", "unshare", "nsenter", "ip", "iptables", "mkfs.xfs")
    built = subprocess.run([sys.executable, "-m", "terraspawner.deploy", "images"], cwd=ROOT, check=False)
    assert built.returncode == 0
    folder = tmp_path_factory.mktemp("fifty")
    (folder / "catalogue.toml").write_text(CATALOGUE)
    (folder / "keys").write_text("AWS_ACCESS_KEY_ID=lab\nAWS_SECRET_ACCESS_KEY=lab\n")
    core = with_settings(NAME, SUBNET).environ["TERRA_CORE_SUBNET"]
    with second_engine(tmp_path_factory.mktemp("engine"), *LIVE_RESTORE) as engine:
        engine.carry_over(images.BASE, *(image.tag for image in images.IN_ORDER.values()))
        make_light(engine, folder)
        with inside(engine, mounts=True), object_store("0.0.0.0") as store:
            settings = {
                "TERRA_BUCKETS": f"s3://{store.bucket}/fifty",
                "TERRA_BUCKETS_ENDPOINT": f"http://{ipaddress.ip_network(core)[1]}:{store.port}",
                "TERRA_BUCKETS_REGION": "us-east-1",
                "TERRA_BUCKETS_CREDENTIALS_FILE": str(folder / "keys"),
                "TERRA_CATALOGUE": str(folder / "catalogue.toml"),
                "TERRA_DISKS": "image",
                "TERRA_DISK_SIZE": str(300 * 1024**2),
                "TERRA_STARTS_AT_ONCE": "8",
            }
            with deployed(NAME, SUBNET, lambda _: settings) as deployment:
                operator = deployment.person("operator")
                made = Fifty(engine=engine, deployment=deployment, store=store, operator=operator)
                try:
                    made.settle_in()
                    made.seat(has_drive=False)
                    # disks that there are stay what they are
                    deployment.environ["TERRA_DISKS"] = "volume"
                    deployment.up()
                    made.seat(has_drive=True)
                    assert len(made.seats) == 50
                    is_whole(made)
                    yield made
                finally:
                    made.close()


def is_whole(fifty: Fifty) -> None:
    """Sooner or later nothing is amiss."""
    found: list[str] = []

    def is_well() -> bool:
        found[:] = fifty.amiss()
        return not found

    try:
        until(is_well, "all is as it must be", within=300)
    except AssertionError as error:
        raise AssertionError(f"{error}; {len(found)} things are amiss: {found[:4]}") from None


@contextmanager
def comes_back(fifty: Fifty, tell: Tell) -> Iterator[None]:
    """After what is done in the block all comes back, and is live: what is shared then appears, and what was written
    before is in the store."""
    began = time.monotonic()
    yield
    is_whole(fifty)
    seconds = round(time.monotonic() - began, 1)
    tell("seconds", seconds)
    print(f"all fifty are whole {seconds} s after it began")
    fifty.change_shares()
    is_whole(fifty)
    until(lambda: not fifty.unsent(), "all that was written is in the store")


def answers(fifty: Fifty) -> None:
    until(lambda: hub_answers(fifty.operator) and service_answers(fifty.operator), "both answer", within=180)


def test_the_mounter_killed_again_and_again_while_shares_change(fifty: Fifty, record_property: Tell) -> None:
    with comes_back(fifty, record_property):
        for _ in range(3):
            fifty.change_shares()
            fifty.kill("mounter")


@pytest.mark.parametrize("service", ["mounts", "host", "workspaces", "hub"])
def test_a_service_killed_while_files_are_on_their_way(fifty: Fifty, service: str, record_property: Tell) -> None:
    with comes_back(fifty, record_property):
        fifty.keep()
        fifty.kill(service)
        answers(fifty)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_engine_with_live_restore_restarted_under_all_of_them(
    fifty: Fifty, how: signal.Signals, record_property: Tell
) -> None:
    processes = fifty.processes()
    with comes_back(fifty, record_property):
        fifty.keep()
        fifty.engine.restart(how)
        assert fifty.processes() == processes, "nothing was ended"
        answers(fifty)


def test_helpers_that_end_while_the_engine_is_away(fifty: Fifty, record_property: Tell) -> None:
    with comes_back(fifty, record_property):
        fifty.keep()
        helpers = [fifty.process_of(service) for service in ("mounter", "mounts", "host")]
        fifty.engine.end(signal.SIGKILL)
        for process in helpers:
            with suppress(ProcessLookupError):  # one that ended by itself, as it met no Engine any more
                os.kill(process, signal.SIGKILL)
        fifty.engine.start()
        answers(fifty)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_ends_all_of_them_and_they_are_started_again(
    fifty: Fifty, how: signal.Signals, record_property: Tell
) -> None:
    """Killed first: the one before had `live-restore`, so the next finds all of it running and ends it."""
    with comes_back(fifty, record_property):
        fifty.keep()
        fifty.engine.options = PLAIN
        fifty.engine.restart(how)
        answers(fifty)
        fifty.until_all("paused")
        fifty.start_all()


def test_nothing_is_left_on_the_machine_of_what_is_paused(fifty: Fifty) -> None:
    for seat in fifty.seats:
        seat.workspace.owner.api.post(f"{seat.workspace.path}/environment/pause", json={})
    fifty.until_all("paused")
    until(lambda: not fifty.devices(), "no loop device is left")
    until(lambda: not fifty.rclones(), "no rclone is left")
    until(lambda: not fifty.mounted(), "nothing is mounted")
