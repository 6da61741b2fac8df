"""Between two probes the host still knows whether the packet rules are kept."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import builders
from terraspawner.host.findings import Finding
from terraspawner.host.netguard import STATE_FILE
from terraspawner.host.netprobe import NetworkProbe


class ProbeWhoseWaysAreShut(NetworkProbe):
    """Finds every way as it must be, without containers."""

    def _ways(self, *, is_guarded: bool) -> tuple[Finding, ...]:
        return (Finding(check="another environment", ok=True, message="shut"),)


def test_a_guard_that_falls_silent_is_noticed_at_the_next_look(tmp_path: Path) -> None:
    said = tmp_path / STATE_FILE
    said.write_text(json.dumps({"ok": True, "message": "in place"}))
    probe = ProbeWhoseWaysAreShut(replace(builders.settings(tmp_path), host_socket=str(tmp_path / "host.sock")))
    assert not probe.state.is_ok
    assert probe.run().is_ok
    assert probe.state.is_ok
    os.utime(said, (0, 0))
    assert not probe.state.is_ok
    assert [finding.check for finding in probe.state.findings] == ["packet rules", "another environment"]
