"""Who has which lease, for tests of deeds: ana owns ana/alpha, where the notebook a.ipynb is, and ben may write."""

from __future__ import annotations

from terraspawner.domain import notebook
from terraspawner.domain.access import Role
from terraspawner.domain.lease import Claim, Editor, state_of
from terraspawner.operations import leases, members, notebooks
from terraspawner.operations.context import Context

HERE = {"namespace": "ana", "name": "alpha"}
BODY = notebook.empty("ir")


def place(user: str = "ana", path: str = "a.ipynb") -> notebooks.Place:
    return notebooks.Place(user=user, **HERE, path=path)


def put(context: Context, role: Role, may_compute: bool | None = None) -> None:
    members.put_member(context, actor="ana", **HERE, who="ben", role=role, may_compute=may_compute)


def laid_out(context: Context) -> str:
    """ben becomes a writer; the version of ana's notebook."""
    put(context, Role.WRITER)
    return notebooks.create_notebook(context, place(), "python3").version


def editor(user: str = "ana", environment: str = "", session: str = "one") -> Editor:
    return Editor(user=user, environment=environment, session=session)


def held(context: Context, user: str = "ana", environment: str = "", session: str = "one") -> Claim:
    """The claim of who has just acquired it."""
    who = editor(user, environment, session)
    return Claim(editor=who, fence=leases.acquire(context, place(user), who).lease.fence)


def state(context: Context, path: str = "a.ipynb") -> str:
    sight = leases.look(context, place(path=path))
    return str(state_of(sight.lease, sight.now))
