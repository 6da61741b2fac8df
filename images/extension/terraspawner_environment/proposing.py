"""Proposals: what was changed in a copy is offered to those who may change the notebook itself.

A copy knows its notebook by where it lies: in the playground under the notebook's path, in `edit` as that itself
(whose lease may be somebody else's), or as the copy that a conflict left. The version that it came from goes along, so
that it can be merged however far the notebook has gone on; where that is not known, the present one stands for it.
"""

import re

from terraspawner_environment.desk import Desk
from terraspawner_environment.ledger import Ledger
from terraspawner_environment.paths import normal
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import NotReached, RefusedByService
from terraspawner_environment.versions import Versions

_NUMBERED = re.compile(r" \(\d+\)(?=\.ipynb$)")


class NotProposed(Exception):
    """Nothing was sent; the text is a sentence for the user. `is_later` where it may go better in a while."""

    def __init__(self, sentence: str, *, is_later: bool = False) -> None:
        super().__init__(sentence)
        self.is_later = is_later


class Proposing:
    """`taken` remembers what each copy in the playground was a copy of (`playground.py`)."""

    def __init__(self, desk: Desk, service: WorkspaceService, taken: Ledger) -> None:
        self._desk = desk
        self._versions = Versions(service)
        self._taken = taken

    async def propose(self, path: str, text: bytes, note: str) -> str:
        """Offer the text at Lab's `path`; return the notebook it is offered for. Raises NotProposed."""
        notebook, base = self._meant(path)
        try:
            try:
                await self._versions.propose(notebook, text, base=base, note=note)
            except RefusedByService as trouble:
                if trouble.code != "version-not-found" or not base:
                    raise
                await self._versions.propose(notebook, text, base="", note=note)  # it was thinned out
        except NotReached as trouble:
            raise NotProposed(f"Not proposed: {trouble.sentence}. Try again in a moment.", is_later=True) from trouble
        except RefusedByService as trouble:
            raise NotProposed(trouble.sentence) from trouble
        return notebook

    def _meant(self, path: str) -> tuple[str, str]:
        """The notebook that the text at Lab's `path` is of, and the version it came from, empty where that is not
        known."""
        playground = f"{self._desk.paths.playground}/"
        if normal(path).startswith(playground):
            copied = normal(path).removeprefix(playground)
            line = self._taken.of(copied)
            if line.base is not None:
                return copied, line.base.version
            notebook = _NUMBERED.sub("", copied)
        else:
            found = self._desk.paths.notebook_of(path)
            if found is None:
                raise NotProposed(f"“{path}” is neither in the folder edit nor in the playground.")
            for original, line in self._desk.ledger:
                if line.conflict is not None and line.conflict.copy == found:
                    return original, line.conflict.base or ""
            notebook = found
        base = self._desk.ledger.of(notebook).base
        return notebook, base.version if base else ""
