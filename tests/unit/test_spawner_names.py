"""A name of the Hub's taken by accident changes the Hub: `_failed`, once, made every start look failed."""

from __future__ import annotations

from dockerspawner import DockerSpawner

from terraspawner.containers.pooled import PooledDockerSpawner
from terraspawner.frozen import Freezes
from terraspawner.making import Makes
from terraspawner.spawner import TerraSpawner

MEANT = {
    "__init__", "__doc__", "__module__", "__annotations__", "__static_attributes__", "__firstlineno__",
    "remove", "pull_policy", "port", "executor", "client", "docker", "will_resume",
    "get_state", "load_state", "clear_state", "start", "get_object", "create_object", "start_object", "progress",
    "poll", "get_url", "stop", "stop_object", "delete_forever", "rename", "run_post_stop_hook",
}  # fmt: skip


def test_only_what_is_meant_is_overridden() -> None:
    traitlets_own = {"_trait_default_generators", "_static_immutable_initial_values", "_instance_inits"}
    ours = {*vars(PooledDockerSpawner), *vars(Freezes), *vars(Makes), *vars(TerraSpawner)}
    traitlets_own |= {name for name in ours if name.startswith(("_trait", "_all_trait", "_descriptors"))}
    taken = {name for name in ours if hasattr(DockerSpawner, name)} - traitlets_own
    assert taken - MEANT == set()
