"""What the workspaces service tells of a notebook's versions: who saved the present one, what differs, both merged; and
what is proposed for it. Raises what `service.py` raises."""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.trouble import RefusedByService


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a notebook; `author` is empty where nobody of the workspace wrote it."""

    number: int
    version: str
    author: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Two texts put together; `conflicts` are the cells of the base (None: no cell) in which both changed the same."""

    notebook: bytes
    conflicts: tuple[int | None, ...]


class Versions:
    """Nothing is stored by any of this but what is proposed."""

    def __init__(self, service: WorkspaceService) -> None:
        self._service = service

    async def present(self, notebook: str) -> Version | None:
        """Return the version that the workspace has, None where it does not have the notebook."""
        try:
            body = await self._service.ask_about(notebook, "GET", "versions")
        except RefusedByService as trouble:
            if trouble.code == "notebook-not-found":
                return None
            raise
        found = next(item for item in json.loads(body)["items"] if item["is_present"])
        return Version(**{name: found[name] for name in ("number", "version", "author", "at")})

    async def compare(self, notebook: str, old: str, new: str | bytes, *, theme: str = "") -> bytes:
        """Return an HTML document, to be shown where nothing of it runs: what became of version `old` in version `new`,
        or in the text `new`, which is sent."""
        asked = {"from": old, "theme": theme}
        if isinstance(new, str):
            return await self._service.ask_about(notebook, "GET", f"diff?{urlencode(asked | {'to': new})}")
        return await self._service.ask_about(notebook, "PUT", f"diff?{urlencode(asked)}", data=new)

    async def merge(self, notebook: str, mine: bytes, *, base: str, theirs: str) -> Merged:
        """Put `mine`, which came from version `base`, and version `theirs` together."""
        asked = urlencode({"base": base, "theirs": theirs})
        answer = json.loads(await self._service.ask_about(notebook, "PUT", f"merge?{asked}", data=mine))
        cells = tuple(dict.fromkeys(each["cell"] for each in answer["conflicts"]))
        return Merged(notebook=answer["notebook"].encode(), conflicts=cells)

    async def propose(self, notebook: str, text: bytes, *, base: str, note: str) -> None:
        """Offer `text`, which came from version `base` (empty: the present one), to who may change the notebook."""
        asked = urlencode({"base": base, "note": note})
        await self._service.ask_about(notebook, "POST", f"proposals?{asked}", data=text)
