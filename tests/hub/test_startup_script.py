"""The startup script in a real container: root, once, before JupyterLab, and what becomes of it when it fails."""

from __future__ import annotations

import pytest

from deployment import Person, Workspace, until

pytestmark = [pytest.mark.docker, pytest.mark.feature("C11")]

RECORD = """
id -u > /etc/startup-was-here
cat /proc/1/comm >> /etc/startup-was-here
echo "workspace $WORKSPACE_NAME, home $HOME"
env | grep -c -e JUPYTERHUB -e TERRA_ENVIRONMENT_KEY
date +%s%N >> /home/jupyter/runs
"""


def ask(workspace: Workspace, script: str) -> tuple[int, str]:
    answer = workspace.owner.api.post(f"{workspace.path}/environment/start", json={"startup_script": script})
    return answer.status_code, answer.text


def start(workspace: Workspace, script: str) -> None:
    status, said = ask(workspace, script)
    assert status in (200, 202), said


def log(workspace: Workspace) -> list[str]:
    answer = workspace.owner.api.get(f"{workspace.path}/environment/log", params={"source": "startup", "lines": 1000})
    assert answer.status_code == 200, answer.text
    return answer.json()["lines"]  # type: ignore[no-any-return]


def runs(workspace: Workspace) -> int:
    return len(workspace.shell("cat ~/runs")[1].splitlines())


def test_it_runs_once_as_root_before_the_server_and_again_in_a_new_container(ana: Person, workspace: Workspace) -> None:
    start(workspace, RECORD)
    seen = workspace.wait_for("running")
    assert [step["name"] for step in seen["steps"]] == [
        "check", "disk", "container", "start", "script", "answer", "ready",
    ]  # fmt: skip
    # no server while it ran: the container's first process was still the image's entry
    code, said = workspace.shell("cat /etc/startup-was-here")
    assert (code, said.split()[0]) == (0, "0")
    assert "tini" not in said
    assert log(workspace) == [f"workspace {workspace.name}, home /root", "0"]
    assert runs(workspace) == 1
    # nothing of it is left in the layer, and the user's own processes have no power
    changed = {change["Path"] for change in workspace.container().diff()}
    assert not [path for path in changed if path.startswith("/run/terra/")]
    assert "CapEff:\t0000000000000000" in workspace.shell("cat /proc/self/status")[1]
    workspace.pause()
    workspace.start()
    assert workspace.shell("cat /etc/startup-was-here")[0] == 0
    assert runs(workspace) == 1
    # the same environment in another container
    workspace.pause()
    workspace.container().remove(force=True)
    workspace.start()
    assert workspace.shell("cat /etc/startup-was-here")[0] == 0
    assert runs(workspace) == 2


SPEAKS = "echo first words; while [ ! -e /home/jupyter/go-on ]; do sleep 0.1; done; echo last words; false"


def test_its_log_is_read_while_it_runs_and_a_failure_leads_back_with_it(ana: Person, workspace: Workspace) -> None:
    start(workspace, SPEAKS)
    until(lambda: "first words" in log(workspace), "it speaks")
    assert workspace.environment()["state"] == "creating"
    broken = workspace.container().id
    assert workspace.execute("touch", "/home/jupyter/go-on", user="0")[0] == 0
    failed = workspace.wait_for("paused")
    assert "ended with exit code 1" in failed["reason"]
    assert failed["log"] == ["first words", "last words"] == log(workspace)
    assert [item.status for item in ana.deployment.containers(environment=failed["id"])] == ["exited"]
    # tried again it begins anew, on the same disk; mended, it comes up
    start(workspace, "ls /home/jupyter/go-on && touch /etc/mended")
    workspace.wait_for("running")
    assert workspace.container().id != broken
    assert workspace.execute("ls", "/etc/mended")[0] == 0
    workspace.pause()
    late = ana.api.post(f"{workspace.path}/environment/start", json={"startup_script": "true"})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "wrong-state")


def test_a_start_without_the_script_is_a_way_back(workspace: Workspace) -> None:
    # what fails at once is the answer itself
    status, said = ask(workspace, "touch /etc/half-made; exit 7")
    assert status == 202 or (status == 503 and "exit code 7" in said)
    assert "exit code 7" in workspace.wait_for("paused")["reason"]
    start(workspace, "")
    workspace.wait_for("running")
    assert workspace.execute("ls", "/etc/half-made")[0] != 0


def test_a_script_that_runs_is_cancelled_at_once(ana: Person, workspace: Workspace) -> None:
    start(workspace, "echo here; touch /etc/half-made; sleep 1000")
    until(lambda: "here" in log(workspace), "it runs")
    answer = ana.api.post(f"{workspace.path}/environment/cancel")
    assert answer.status_code in (200, 202)
    assert workspace.wait_for("paused")["reason"] == "The start was cancelled."
    assert workspace.container().status == "exited"
    start(workspace, "")
    workspace.wait_for("running")
    assert workspace.execute("ls", "/etc/half-made")[0] != 0


def test_a_script_may_be_in_another_language_leave_a_daemon_and_say_a_lot(workspace: Workspace) -> None:
    script = (
        "#!/usr/bin/python3\nimport subprocess\n"
        "subprocess.Popen(['sleep', '1000'])\n"
        "for number in range(20000): print('line', number)\n"
    )
    start(workspace, script)
    workspace.wait_for("running")
    said = log(workspace)
    assert said[-1] == "line 19999"
    assert len(said) < 20_000


def test_a_script_asked_for_through_the_hub_meets_the_same_checks(ana: Person, workspace: Workspace) -> None:
    url = f"/users/{ana.name}/servers/{workspace.slug}"
    refused = ana.hub.post(url, json={"user_options": {"startup_script": "x" * (64 * 1024 + 1)}})
    assert refused.status_code == 400
    assert "65536 are allowed" in refused.json()["message"]
    assert workspace.environment()["state"] == "none"
    assert ana.hub.post(url, json={"user_options": {"startup_script": "touch /etc/by-the-hub"}}).status_code in (
        201,
        202,
    )
    workspace.wait_for("running")
    assert workspace.execute("ls", "/etc/by-the-hub")[0] == 0


APT = "apt-get update -qq && apt-get install -y -qq hello && hello"


@pytest.mark.full
def test_a_package_of_debian_is_installed_and_stays_through_pause_and_resume(workspace: Workspace) -> None:
    start(workspace, APT)
    workspace.wait_for("running", within=300)
    assert "Hello, world!" in log(workspace)
    assert workspace.shell("hello")[1].strip() == "Hello, world!"
    workspace.pause()
    workspace.start()
    assert workspace.shell("hello")[1].strip() == "Hello, world!"
