"""A process of its own that saves a notebook and is killed, or stands still, at a step of the commit.

``<database url> <folder> once <step> <save id> <word>``: one save on the present version; a line is printed when it is
acknowledged. ``… storm <seed> <count>``: that many saves with stalls and edits past the service in between, until it
kills itself; a line of JSON for each that is acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

import builders
from terraspawner import wiring
from terraspawner.domain import notebook
from terraspawner.errors import TerraError
from terraspawner.operations import notebooks
from terraspawner.operations.context import Context
from terraspawner.operations.notebook_names import FOLDER
from terraspawner.operations.notebooks import Place
from terraspawner.storage.base import ANYTHING, Bucket, digest_of
from terraspawner.storage.blobs import HISTORY

STEPS = ("blob", "intent", "put", "in transaction 2", "commit")
"""Where it can end: after its blob, its intent, the object, before transaction 2 is committed, after that."""
PLACE = Place(user="ana", namespace="ana", name="alpha", path="shared.ipynb")


def context_of(url: str, folder: str) -> Context:
    return wiring.build_context(builders.settings(Path(folder), database_url=url))


def text_of(word: str) -> bytes:
    document = json.loads(notebook.empty("python3"))
    document["cells"][0]["source"] = [word]
    return json.dumps(document).encode()


class BucketThatTells:
    """Calls `at` with the name of each step that is reached."""

    def __init__(self, bucket: Bucket, at: Callable[[str], None]) -> None:
        self._bucket = bucket
        self._at = at

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def carry_out(key: str, *arguments: object) -> object:
            is_put = verb == "write" and key.startswith(FOLDER)
            if is_put:
                self._at("intent")
            result = getattr(self._bucket, verb)(key, *arguments)
            if verb == "write" and key.startswith(HISTORY):
                self._at("blob")
            if is_put:
                self._at("put")
            return result

        return carry_out


def telling(context: Context, at: Callable[[str], None]) -> Context:
    reached: list[str] = []

    def note(step: str) -> None:
        reached.append(step)
        at(step)

    @sa.event.listens_for(context.database.engine, "commit")
    def on_commit(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("writes") and reached[-1:] == ["put"]:
            at("in transaction 2")

    return replace(context, bucket=lambda id_: BucketThatTells(context.bucket(id_), note))  # type: ignore[arg-type, return-value]


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def once(context: Context, step: str, save_id: str, word: str) -> None:
    base: str | None = None
    with suppress(TerraError):
        base = notebooks.read_notebook(context, PLACE)[1].version
    dying = telling(context, lambda reached: end() if reached == step else None)
    info = notebooks.save_notebook(dying, PLACE, text_of(word), base, save_id=save_id)
    if step == "commit":
        end()
    print(info.version, flush=True)


def storm(context: Context, seed: str, count: str) -> None:
    dice = random.Random(seed)

    def stand_still(_step: str) -> None:
        if dice.random() < 0.02:
            end()
        if dice.random() < 0.1:
            time.sleep(dice.random() * 0.3)

    slow = telling(context, stand_still)
    for n in range(int(count)):
        word = f"{seed} {n}"
        with suppress(TerraError):
            body, info = notebooks.read_notebook(slow, PLACE)
            if dice.random() < 0.03:
                _edit(context, f"outside {word}")
            saved = text_of(word)
            notebooks.save_notebook(slow, PLACE, saved, info.version, save_id=word.replace(" ", "-"))
            told = {"save_id": word.replace(" ", "-"), "sha256": digest_of(saved), "base": digest_of(body)}
            print(json.dumps(told), flush=True)


def _edit(context: Context, word: str) -> None:
    with context.database.read() as connection:
        (workspace_id,) = connection.execute(sa.text("SELECT id FROM workspace")).one()
    context.bucket(workspace_id).write(FOLDER + PLACE.path, text_of(word), ANYTHING)


if __name__ == "__main__":
    deeds: dict[str, Callable[..., None]] = {"once": once, "storm": storm}
    url, folder, deed, *words = sys.argv[1:]
    deeds[deed](context_of(url, folder), *words)
