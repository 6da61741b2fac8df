"""Puts one environment's parts together; the only place that does."""

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from terraspawner_environment.changes import Changes
from terraspawner_environment.choices import Choices
from terraspawner_environment.courier import Courier
from terraspawner_environment.desk import Desk
from terraspawner_environment.files import remove_leftovers, write_whole
from terraspawner_environment.leases import Leases
from terraspawner_environment.ledger import Ledger
from terraspawner_environment.listing import Listing
from terraspawner_environment.offers import Offers
from terraspawner_environment.opening import Opener
from terraspawner_environment.outbox import Outbox
from terraspawner_environment.outside import OutsideEdits
from terraspawner_environment.paths import WorkspacePaths
from terraspawner_environment.playground import Playground
from terraspawner_environment.proposing import Proposing
from terraspawner_environment.saves import SaveStates
from terraspawner_environment.service import WorkspaceService
from terraspawner_environment.settings import EnvironmentSettings
from terraspawner_environment.shelves import ShelfMoves, Shelves

log = logging.getLogger(__name__)

_SERVER = re.compile(r"server-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything the contents manager and the extension need of one workspace."""

    settings: EnvironmentSettings
    paths: WorkspacePaths
    desk: Desk
    service: WorkspaceService
    courier: Courier
    opener: Opener
    changes: Changes
    choices: Choices
    outside: OutsideEdits
    listing: Listing
    leases: Leases
    playground: Playground
    proposing: Proposing
    offers: Offers
    shelf_moves: ShelfMoves


def assemble(
    settings: EnvironmentSettings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience: float = 30.0,
    connect_patience: float = 3.0,
) -> Workspace:
    """Make the folders, read what an earlier server left, and connect the parts; sends nothing yet."""
    paths = WorkspacePaths(workspace=settings.workspace)
    make_folders(settings, paths)
    desk = Desk(
        folder=settings.home / paths.edit,
        user=settings.user,
        paths=paths,
        ledger=Ledger(settings.state_folder / "ledger.json"),
        outbox=Outbox(settings.state_folder / "outbox"),
        states=SaveStates(),
        now=now,
    )
    desk.ledger.load()
    desk.outbox.load()
    shelves = Shelves(settings.state_folder / "shelves.json")
    shelves.load()
    known = shelves if settings.has_drive else None
    service = WorkspaceService(settings, patience=patience, connect_patience=connect_patience, shelves=known)
    leases = Leases(desk, service, server=server_session(settings))
    courier = Courier(desk, service, leases)
    opener = Opener(desk, service, courier, leases)
    leases.compare = opener.open
    listing = Listing(service)
    taken = Ledger(settings.state_folder / "playground.json")
    taken.load()
    return Workspace(
        settings=settings,
        paths=paths,
        desk=desk,
        service=service,
        courier=courier,
        opener=opener,
        changes=Changes(desk, service, courier, listing, leases),
        choices=Choices(desk, service, courier, opener),
        outside=OutsideEdits(desk, courier),
        listing=listing,
        leases=leases,
        playground=Playground(desk, service, settings.home, taken),
        proposing=Proposing(desk, service, taken),
        offers=Offers(service, courier, opener, leases),
        shelf_moves=ShelfMoves(desk, leases, shelves),
    )


def server_session(settings: EnvironmentSettings) -> str:
    """What this server calls itself where it saves without a tab: always the same on one disk, so that a server that
    was killed goes on with the leases it had."""
    file = settings.state_folder / "session"
    try:
        name = file.read_text(encoding="ascii").strip()
        if _SERVER.fullmatch(name):
            return name
    except (OSError, UnicodeDecodeError):
        log.debug("%s is made anew", file)
    name = f"server-{secrets.token_hex(8)}"
    try:
        write_whole(file, name.encode())
    except OSError as error:  # a full disk: then it is good for this start
        log.warning("%s could not be written: %s", file, error)
    return name


def make_folders(settings: EnvironmentSettings, paths: WorkspacePaths) -> None:
    """Make `edit`, `playground` and the link to the bucket's data."""
    settings.state_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.state_folder / "outbox").mkdir(exist_ok=True)
    for folder in (paths.edit, paths.playground):
        (settings.home / folder).mkdir(parents=True, exist_ok=True)
    remove_leftovers(settings.home / paths.edit)
    link = settings.home / settings.workspace / "bucket"
    if settings.bucket is None or link.is_symlink() or link.exists():
        return
    try:
        link.symlink_to(settings.bucket)
    except OSError as error:
        log.warning("%s could not be made: %s", link, error)
