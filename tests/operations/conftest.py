"""A context on a real SQLite file, with a clock that is moved; users in a database of the Hub's."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyterhub import orm, roles
from jupyterhub.user import User

import builders
from terraspawner.domain.workspace import Workspace
from terraspawner.operations.context import Context


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture
def context(tmp_path: Path, clock: builders.Clock) -> Iterator[Context]:
    made = builders.context(tmp_path, clock)
    yield made
    made.database.close()


@pytest.fixture
def workspace(context: Context) -> Workspace:
    """Ana's, with the name alpha."""
    return builders.workspace(context)


@pytest.fixture
def hub_user() -> Iterator[Callable[..., Any]]:
    """Makes a user in a database of the Hub's."""
    session = orm.new_session_factory("sqlite:///:memory:")()
    session.add(orm.OAuthClient(identifier="jupyterhub"))
    for role in roles.get_default_roles():
        roles.create_role(session, role)

    def make(name: str, *groups: str) -> Any:
        made = orm.User(name=name, groups=[orm.Group(name=group) for group in groups])
        session.add(made)
        session.commit()
        return User(made, {}, db=session)

    yield make
    session.close()
    session.bind.dispose()
