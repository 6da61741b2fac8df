"""Notebooks in the bucket of a workspace: create, read, save, rename, delete. Lists: `notebook_lists`.

Each save becomes a version with its author (`save_steps`, FEATURES.md F10). The bucket's version of the object is what
people and programs are shown; a save names the one it is based on and never overwrites another (F4-F6). Who else edits
it is asked in the transaction that decides (`lease_checks`).
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from terraspawner.domain import names, notebook
from terraspawner.domain.access import Action
from terraspawner.domain.history import Intent, Notebook, VersionKind
from terraspawner.domain.lease import Claim, Editor
from terraspawner.domain.trash import Item
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import NameTaken, NotebookInvalid, NotebookMissing, NotebookMovedOn, NotebookTooLarge, Refused
from terraspawner.operations import lease_checks, library_room, move_steps, notebook_facts, saving, settling, workspaces
from terraspawner.operations.commit_words import Guard, MovedOn, Save, Underway, unguarded
from terraspawner.operations.context import Context
from terraspawner.operations.move_steps import Move, Taken
from terraspawner.operations.notebook_facts import NotebookInfo, taking_turns
from terraspawner.operations.notebook_names import FOLDER, refuse_twin
from terraspawner.storage.base import find
from terraspawner.storage.errors import ObjectMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a person wants to do something: whose hand, which workspace, which notebook."""

    user: str
    namespace: str
    name: str
    path: str


def create_notebook(context: Context, place: Place, kernel: str) -> NotebookInfo:
    """Put an empty notebook for `kernel` into the bucket at once (E1).

    Raises `NameRefused`, `NameTaken` (also when only the case differs), `Refused` for a kernel there is not.
    """
    _enter(context, place, Action.WRITE_NOTEBOOKS)
    path = names.notebook_path_of_title(place.path)
    if kernel not in notebook.KERNELS:
        raise Refused(f"There is no kernel {kernel!r}. Choose one of: {', '.join(notebook.KERNELS)}.")
    return make_new(context, place, path, notebook.empty(kernel), VersionKind.CREATED)


def make_new(context: Context, place: Place, path: str, body: bytes, kind: VersionKind) -> NotebookInfo:
    """A notebook with these bytes where there is none. Raises `NameTaken`, also where the same bytes are there."""
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    bucket = context.bucket(workspace.id)
    refuse_twin(bucket, path)
    wanted = Save(body=body, base=None, kind=kind, author=place.user, must_be_new=True, guard=_guarded(place))
    with library_room.taken(context, workspace, FOLDER + path, len(body)):
        made = saving.commit(context, workspace.id, path, wanted)
        if isinstance(made, MovedOn):
            raise taken(path)
    return notebook_facts.info_of(workspace, made, body)


def read_notebook(context: Context, place: Place) -> tuple[bytes, NotebookInfo]:
    """The bytes as stored, with their version: no save that was decided is missing. Raises `NotebookMissing`."""
    workspace = _enter(context, place, Action.READ_NOTEBOOKS)
    path = names.notebook_path(place.path)
    settling.settled(context, workspace.id, path)
    bucket = context.bucket(workspace.id)
    try:
        with taking_turns(bucket.stat(FOLDER + path).size):
            body, info = bucket.read(FOLDER + path)
    except ObjectMissing as error:
        raise missing(path) from error
    return body, notebook_facts.info_of(workspace, info, body)


def save_notebook(
    context: Context,
    place: Place,
    body: bytes,
    base: str | None,
    claim: Claim | None = None,
    *,
    save_id: str = "",
    kind: VersionKind = VersionKind.SAVED,
) -> NotebookInfo:
    """Put `body` in place of version `base`, or create it where `base` is None; `claim` is who saves, by which lease.

    A save of the bytes that are there already answers the present version, so that a repeated one does no harm; one
    with a known save id is answered as it was.
    Raises `LeaseHeld` and `LeaseLost` where somebody else has it, `NotebookMovedOn` with the present version,
    `NotebookTooLarge`, `NotebookInvalid`, `NameRefused`.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path = names.notebook_path(place.path)
    claim = claim or _without_lease(place)
    lease_checks.check_save(context, workspace.id, path, claim, creates=base is None)
    kernel = check_body(context, path, body)
    if base is None:
        refuse_twin(context.bucket(workspace.id), path)
    wanted = Save(
        body=body,
        base=base,
        kind=VersionKind.CREATED if base is None and kind is VersionKind.SAVED else kind,
        author=place.user,
        environment=claim.editor.environment,
        fence=claim.fence,
        save_id=save_id,
        guard=_guarded(place, lease_checks.guard_save(context, workspace.id, path, claim, creates=base is None)),
    )
    with library_room.taken(context, workspace, FOLDER + path, len(body)):
        saved = saving.commit(context, workspace.id, path, wanted)
        if isinstance(saved, MovedOn):
            raise moved_on(path, base, saved.present)
    return notebook_facts.info_of_kernel(workspace, saved, kernel)


def rename_notebook(context: Context, place: Place, to: str, base: str, claim: Claim | None = None) -> NotebookInfo:
    """Give the notebook another path; its history goes with it. It is in the bucket under at least one of both names
    at every moment.

    Raises `NameTaken`, `NotebookMissing`, `NotebookMovedOn` when the version is not `base`, `LeaseHeld`.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path, target = names.notebook_path(place.path), names.notebook_path_of_title(to)
    bucket = context.bucket(workspace.id)
    refuse_twin(bucket, target, besides=path)
    intent = _begun(context, workspace, place, _move(context, workspace, place, base, claim, target))
    if not move_steps.carry_out_move(context, bucket, intent):
        raise taken(target)
    info = find(bucket, FOLDER + target)
    if info is None:
        raise missing(target)
    return notebook_facts.described(info, notebook_facts.read_kernel(bucket, workspace, info))


def delete_notebook(context: Context, place: Place, base: str, claim: Claim | None = None) -> Item:
    """Put the notebook with its history into the trash, if it is still version `base`; who may write here can restore
    it.

    Raises `NotebookMissing`, `NotebookMovedOn`, `LeaseHeld`.
    """
    workspace = _enter(context, place, Action.WRITE_NOTEBOOKS)
    path = names.notebook_path(place.path)
    intent = _begun(context, workspace, place, _move(context, workspace, place, base, claim))
    item = move_steps.carry_out_discard(context, context.bucket(workspace.id), intent)
    if item is None:
        raise moved_on(path, base, settling.present(context, workspace.id, path))
    library_room.given_back(context, workspace, item)
    return item


def _move(
    context: Context, workspace: Workspace, place: Place, base: str, claim: Claim | None, target: str = ""
) -> Move:
    claim = claim or _without_lease(place)
    guard = lease_checks.guard_change(context, workspace.id, names.notebook_path(place.path), claim)
    return Move(base=base, author=place.user, target=target, fence=claim.fence, guard=_guarded(place, guard))


def _begun(context: Context, workspace: Workspace, place: Place, wanted: Move) -> Intent:
    """The intent of a move or a deletion. Raises `NotebookMissing`, `NotebookMovedOn`, `NameTaken`, `LeaseHeld`."""
    path = names.notebook_path(place.path)
    for _ in range(settling.ATTEMPTS):
        present = settling.present(context, workspace.id, path)
        if present is None:
            raise missing(path)
        if wanted.target and wanted.target != path and settling.present(context, workspace.id, wanted.target):
            raise taken(wanted.target)
        with context.database.write() as connection:
            answer = move_steps.begin(context, connection, workspace.id, path, wanted)
        if isinstance(answer, MovedOn):
            raise moved_on(path, wanted.base, answer.present)
        if isinstance(answer, Taken):
            raise taken(answer.path)
        if not isinstance(answer, Underway):
            return answer
    raise settling.restless(path)


def check_body(context: Context, path: str, body: bytes) -> tuple[str, str]:
    """The name of its kernel and its language. Raises `NotebookTooLarge`, `NotebookInvalid`."""
    limit = context.settings.notebook_limit
    if len(body) > limit:
        raise NotebookTooLarge(
            f"The notebook {path!r} has {_mb(len(body))} and the limit is {_mb(limit)}."
            " Clear large outputs and save again. The last good version is untouched.",
            size=len(body),
            limit=limit,
        )
    with taking_turns(len(body)):
        found = notebook.examine(body)
    if found.fault:
        raise NotebookInvalid(f"{path!r} is not a valid notebook: {found.fault}. The last good version is untouched.")
    return found.kernel


def _without_lease(place: Place) -> Claim:
    return Claim(editor=Editor(user=place.user, environment="", session=""))


def _enter(context: Context, place: Place, action: Action) -> Workspace:
    return workspaces.enter(context, user=place.user, namespace=place.namespace, name=place.name, action=action)


def _guarded(place: Place, guard: Guard = unguarded) -> Guard:
    """That the person may still write there, and what else is to be asked."""

    def ask(connection: sa.Connection) -> None:
        workspaces.within(
            connection,
            user=place.user,
            namespace=place.namespace,
            name=place.name,
            action=Action.WRITE_NOTEBOOKS,
        )
        guard(connection)

    return ask


def taken(path: str) -> NameTaken:
    return NameTaken(f"There is a notebook {path!r} in this workspace already. Choose another name.")


def missing(path: str) -> NotebookMissing:
    return NotebookMissing(f"There is no notebook {path!r} in this workspace. It may have been renamed or deleted.")


def moved_on(path: str, base: str | None, present: Notebook | None) -> NotebookMovedOn:
    """What is told to whose save is based on another version; the present one is in the details."""
    if present is None:
        return NotebookMovedOn(
            f"The notebook {path!r} is no longer in the workspace. Nothing was written; save it under a new name.",
            version=None,
        )
    what = "is in the workspace already" if base is None else "has been changed in the workspace since you opened it"
    return NotebookMovedOn(
        f"The notebook {path!r} {what}. Nothing was overwritten; keep yours as a copy.",
        version=present.version,
        size=present.size,
    )


def _mb(size: int) -> str:
    return f"{size / 1024**2:.1f} MB"
