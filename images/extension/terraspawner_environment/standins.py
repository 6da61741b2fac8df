"""Stand-ins for modules that the server imports and never uses: half of its start and a third of its memory.

The Hub's extension for single-user servers takes three names from files of the Hub itself, and these bring the Hub's
database, its pages and its OAuth provider along (0.3 s, 30 MB); JupyterLab does the same with an extension manager
that our settings switch off. `TABLE` names those modules and what is taken from them by name: classes that nothing in
an environment is an instance of. Whatever else is asked of a stand-in is an `AttributeError` that says so.

Tests hold the table against the installed packages: nothing that can be reached from the extension asks for more
(tests/extension/test_standins.py), and the whole server runs on it (tests/extension/test_image_server.py).

Not taken: lazy imports (`importlib.util.LazyLoader`), which `from ... import` undoes at once; copies of the Hub's
files without those imports, which would have to follow each of its releases; all bytecode in one file (no gain).
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class Never:
    """Stands for a class that nothing here is an instance of."""


class NeverRaised(Exception):
    """Stands for an exception that nothing here raises."""


TABLE: dict[str, dict[str, object]] = {
    "jupyterhub.handlers": {},
    "jupyterhub.handlers.pages": {"HealthCheckHandler": Never},
    "jupyterhub.orm": {},
    "sqlalchemy": {"func": None},
    "sqlalchemy.exc": {"SQLAlchemyError": NeverRaised},
    "jupyterlab.extensions.pypi": {"PyPIExtensionManager": Never},
    "requests": {},
}

# Packages of which only other modules are needed: their own `__init__` is not run.
SHELLS = ("jupyterhub.singleuser",)


class StandIn(ModuleType):
    """A module with the names of the table and no others."""

    def __getattr__(self, name: str) -> object:
        raise AttributeError(
            f"{self.__name__}.{name}: this module is not in an environment's server; see {__name__}.TABLE."
        )


def install() -> None:
    """Put the stand-ins where `import` looks first; before anything of JupyterHub or JupyterLab is imported."""
    for name, values in TABLE.items():
        module = StandIn(name)
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        module.__path__ = []
        vars(module).update(values)
        sys.modules[name] = module
    for name in SHELLS:
        shell = ModuleType(name)
        shell.__spec__ = spec = importlib.util.find_spec(name)
        shell.__path__ = list(spec.submodule_search_locations or ()) if spec else []
        sys.modules[name] = shell
