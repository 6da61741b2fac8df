"""What is refused in a workspace's folders, and refusals of the parts below, as HTTP answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from tornado.web import HTTPError

from terraspawner_environment.changes import NotDone, Why
from terraspawner_environment.files import NO_ROOM, no_room_sentence
from terraspawner_environment.opening import CannotOpen

_STATUS_OF = {Why.EXISTS: 409, Why.NOT_REACHED: 503, Why.MISSING: 404, Why.REFUSED: 422}


@contextmanager
def told_when_full(what: str) -> Iterator[None]:
    """A full disk becomes an answer with a sentence, also where Jupyter wrapped it in an error of its own."""
    try:
        yield
    except (OSError, HTTPError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            raise HTTPError(507, no_room_sentence(f"“{what}”"), reason="The disk is full") from error
        raise


@contextmanager
def told_when_not_done() -> Iterator[None]:
    try:
        yield
    except NotDone as trouble:
        status = trouble.status if trouble.why is Why.REFUSED and trouble.status else _STATUS_OF[trouble.why]
        raise HTTPError(status, str(trouble)) from trouble


@contextmanager
def told_when_not_open() -> Iterator[None]:
    try:
        yield
    except CannotOpen as trouble:
        raise HTTPError(404 if trouble.is_missing else 503, str(trouble)) from trouble


# ---- what a workspace's folders do not allow ----


def stays(folder: str) -> HTTPError:
    return HTTPError(403, f"The folder “{folder}” belongs to the workspace and stays where it is.")


def belongs_there(notebook: str) -> HTTPError:
    return HTTPError(
        403,
        f"“{notebook}” belongs to the workspace and was not deleted. Delete it on the workspace's page: menu File, "
        "Workspace Page.",
    )


def not_moved_out(notebook: str) -> HTTPError:
    return HTTPError(
        403,
        f"“{notebook}” belongs to the workspace and was not moved out of the folder edit. Copy it, and work on the "
        "copy; delete the notebook on the workspace's page if nobody needs it there.",
    )


def has_notebooks(folder: str, verb: str) -> HTTPError:
    return HTTPError(403, f"The folder “{folder}” was not {verb}: workspace notebooks are in it.")
