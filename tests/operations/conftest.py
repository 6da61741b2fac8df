"""A context on SQLite and on PostgreSQL, with a clock that is moved; users in a database of the Hub's."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyterhub import orm, roles
from jupyterhub.user import User

import builders
from postgresql import Server, emptied
from terraspawner.db.engine import Database
from terraspawner.domain.workspace import Workspace
from terraspawner.operations import stops
from terraspawner.operations.context import Context
from terraspawner.operations.environments import Ticket
from tests.operations.watched import up


@pytest.fixture
def clock() -> builders.Clock:
    return builders.Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """What a test runs on. PostgreSQL takes too long to come up for `make test-fast`."""
    return str(request.param)


@pytest.fixture(scope="session")
def _rows() -> dict[str, list[dict[str, object]]]:
    return builders.template_rows()


@pytest.fixture(scope="session")
def _migrated(postgresql: Server) -> str:
    """The URL of a PostgreSQL database with our tables, for one test after the other."""
    made = Database(postgresql.fresh())
    made.migrate()
    made.close()
    return made.url


@pytest.fixture
def context(
    tmp_path: Path, clock: builders.Clock, database_kind: str, request: pytest.FixtureRequest
) -> Iterator[Context]:
    if database_kind == "sqlite":
        made = builders.context(tmp_path, clock)
    else:
        made = builders.context_on(request.getfixturevalue("_migrated"), tmp_path, clock)
        emptied(made.database, request.getfixturevalue("_rows"))
    yield made
    made.database.close()


@pytest.fixture
def empty_database(tmp_path: Path, database_kind: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Without a table."""
    if database_kind == "sqlite":
        made = Database(f"sqlite:///{tmp_path}/empty.sqlite")
    else:
        made = Database(request.getfixturevalue("postgresql").fresh())
    yield made
    made.close()


@pytest.fixture
def workspace(context: Context) -> Workspace:
    """Ana's, with the name alpha."""
    return builders.workspace(context)


@pytest.fixture
def ticket(context: Context, workspace: Workspace) -> Ticket:
    """Of ana's environment in alpha, which runs while a culler looks."""
    stops.watched(context, due=True)
    return up(context, workspace)


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
