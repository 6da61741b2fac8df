"""Which buckets environments need at hand."""

from __future__ import annotations

import pytest

import builders
from terraspawner.operations import environments, workspaces
from terraspawner.operations.bucket_mounts import workspaces_in_use
from terraspawner.operations.context import Context


@pytest.mark.feature("H2")
def test_a_bucket_is_needed_from_the_start_until_the_container_has_stopped(context: Context) -> None:
    alpha, _ = (builders.workspace(context, "ana", name) for name in ("alpha", "beta"))
    assert workspaces_in_use(context) == frozenset()
    here = environments.admit(context, user="ana", slug=alpha.slug).environment
    assert workspaces_in_use(context) == {alpha.id}
    environments.started(context, here.id, 1, "c1")
    environments.begin_pause(context, here.id)
    assert workspaces_in_use(context) == {alpha.id}
    environments.stopped(context, here.id, 1)
    assert workspaces_in_use(context) == frozenset()


@pytest.mark.feature("H2", "B4")
def test_a_drive_has_no_bucket_to_be_mounted(context: Context) -> None:
    made = workspaces.create_workspace(context, user="ana", namespace="ana", name="desk", storage="drive").workspace
    environments.admit(context, user="ana", slug=made.slug)
    assert workspaces_in_use(context) == frozenset()
