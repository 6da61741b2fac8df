"""The server extension of an environment: workspace notebooks, their way to the workspace, and what Lab shows of it.

Imports are inside the functions: the pure modules (`compare`, `paths`) can be used without a Jupyter server.
"""

from typing import Any

__version__ = "0.1.0"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@terraspawner/environment"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from terraspawner_environment.application import EnvironmentExtension  # noqa: PLC0415 - see above

    return [{"module": "terraspawner_environment", "app": EnvironmentExtension}]
