"""The images as they were built here hold nothing of this site."""

from __future__ import annotations

import json
import subprocess

import docker
import pytest

from deployment import Deployment
from terraspawner.deploy import images
from terraspawner.deploy.machine import ca_bundle

pytestmark = pytest.mark.docker
OURS = [images.HUB, images.PYTHON, images.R]
BEGIN = "-----BEGIN CERTIFICATE-----"


def certificates(text: str) -> set[str]:
    """A telling line of each certificate."""
    return {"".join(part.split("-----END")[0].split())[64:128] for part in text.split(BEGIN)[1:]}


@pytest.fixture(params=OURS)
def image(request: pytest.FixtureRequest, deployment: Deployment) -> str:
    assert deployment.port
    return str(request.param)


def test_history_and_configuration_name_nothing_of_the_site(image: str) -> None:
    found = docker.from_env().images.get(image)
    shown = json.dumps([found.attrs["Config"], found.history()]).lower()
    base = json.dumps(docker.from_env().images.get(images.BASE).history()).lower()
    for word in ("_proxy=", "pip_index_url", "pip_extra_index_url", "npm_config_registry", "ca-bundle", "pip_cert"):
        assert word not in shown.replace(base, ""), word


def test_the_sites_own_authorities_are_in_no_file(image: str) -> None:
    run = ["docker", "run", "--rm", "-i", "--user", "0", "--entrypoint", "sh", image, "-c"]
    debian = subprocess.run(
        [*run, "cat /etc/ssl/certs/ca-certificates.crt"], capture_output=True, text=True, check=True
    )
    of_the_site = certificates(ca_bundle({}).decode()) - certificates(debian.stdout)
    if not of_the_site:
        pytest.skip("this machine trusts nobody besides Debian's authorities")
    # line breaks of PEM fall every 64 characters, so each of these is one whole line
    search = "grep -rlFf - / --exclude-dir=proc --exclude-dir=sys 2>/dev/null; ls -d /build 2>/dev/null; true"
    done = subprocess.run([*run, search], input="\n".join(of_the_site), capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_the_processes_of_the_hub_image_run_as_users_of_their_own(deployment: Deployment) -> None:
    users = {
        name: deployment.service(name).attrs["Config"]["User"] for name in ("hub", "workspaces", "proxy", "culler")
    }
    assert users == {"hub": "2001:2000", "workspaces": "2002:2000", "proxy": "2003:2003", "culler": "2004:2004"}
