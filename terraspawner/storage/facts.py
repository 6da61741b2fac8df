"""What is known of the place where buckets are, for those who run it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from terraspawner.errors import TerraError
from terraspawner.storage import locate
from terraspawner.storage.addresses import Address, Store, parse_address
from terraspawner.storage.errors import StoreTaken
from terraspawner.storage.options import Options

NAMES = {
    Store.DIRECTORY: "a folder of this machine",
    Store.MEMORY: "this process's memory: nothing is kept",
    Store.S3: "S3",
    Store.AZURE: "Azure Blob Storage",
    Store.GCS: "Google Cloud Storage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """`problem` is a sentence where the store cannot be used as things are; `warning` where less is promised."""

    kind: Store
    address: str
    endpoint: str = ""
    conditions: str = ""
    """How a write is made to depend on what is there: `quoted`, `unquoted`, `none`; empty while it is not known."""
    keeps_versions: bool | None = None
    problem: str = ""
    warning: str = ""

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    @property
    def message(self) -> str:
        """For everybody: without addresses."""
        return self.problem or self.warning or "answers"


UNGUARDED = (
    "This store takes no conditional writes: it overwrites whatever it is told. One service alone may write to it; "
    "histories of notebooks stay right, and what is found overwritten is put back from them."
)


def look(url: str, options: Options) -> StoreFacts:
    """Ask the store, as far as there is something to ask. Raises nothing of the store's: that is a fact, too."""
    address = parse_address(url)
    facts = StoreFacts(kind=address.store, address=url, endpoint=options.endpoint)
    return _of_object_store(address, options, facts) if address.is_object_store else facts


def _of_object_store(address: Address, options: Options, facts: StoreFacts) -> StoreFacts:
    try:
        store = locate.remotes(address, options)
        capability = store.capability()
        store.answers()
        may_write = capability.is_guarded or options.is_sole_writer()
    except TerraError as error:
        why = error.details.get("why")  # who reads this is who would be asked
        return replace(facts, problem=f"The buckets cannot be used: {why}." if why else error.message)
    return replace(
        facts,
        conditions=capability.conditions.value,
        keeps_versions=capability.keeps_versions,
        problem="" if may_write else StoreTaken().message,
        warning="" if capability.is_guarded else UNGUARDED,
    )
