"""What the server says of its kernels."""

from __future__ import annotations

from datetime import UTC, datetime

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

from terraspawner_environment.reports import last_activity

NOW = datetime(2026, 11, 20, 14, 5, 33, tzinfo=UTC)


def test_a_kernel_that_is_being_started_has_no_last_activity_yet() -> None:
    kernel = ServerKernelManager()
    assert last_activity(kernel) is None
    kernel.last_activity = NOW
    assert last_activity(kernel) == NOW
