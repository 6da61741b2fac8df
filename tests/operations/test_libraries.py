"""Libraries of the drive: who has one, by which way, with which right; what becomes of it."""

from __future__ import annotations

import pytest

from terraspawner.db import library_records
from terraspawner.domain import names
from terraspawner.domain.access import Action, Role
from terraspawner.domain.account import Account
from terraspawner.domain.library import ON_A_DRIVE, OWNED, Access, Folder, Library
from terraspawner.domain.workspace import Workspace
from terraspawner.errors import (
    GroupMissing,
    MemberMissing,
    NameRefused,
    NameTaken,
    NotAllowed,
    Refused,
    TrashMissing,
    WorkspaceMissing,
)
from terraspawner.errors_accounts import AccountMissing
from terraspawner.errors_libraries import LibraryMissing
from terraspawner.host.mounter import views as mounted
from terraspawner.operations import (
    accounts,
    audit,
    drives,
    environments,
    groups,
    libraries,
    members,
    notebooks,
    projects,
    trash,
    trashed_workspaces,
    workspaces,
)
from terraspawner.operations.context import Context, new_id
from terraspawner.operations.libraries import Seen
from terraspawner.operations.notebook_lists import list_notebooks
from terraspawner.storage.errors import BucketUnavailable

pytestmark = pytest.mark.feature("H4")


def made(context: Context, name: str = "Survey", user: str = "ana") -> str:
    return libraries.create_library(context, user=user, name=name).library.id


def share(context: Context, library_id: str, who: str = "ben", access: Access = Access.READ) -> Seen:
    return libraries.share(context, actor="ana", library_id=library_id, who=who, access=access)


def seen(context: Context, user: str = "ben") -> list[tuple[Folder, str, Role]]:
    return [(each.here.folder, each.on_drive.name, each.here.role) for each in libraries.list_libraries(context, user)]


def many_for_all(context: Context, number: int, owner: str) -> None:
    """Others' rows, as fast as they come; their folders are not needed."""
    with context.database.write() as connection:
        for each in range(number):
            one = Library(id=new_id(), name=f"{owner} {each}", owner=owner, created_at=context.now())
            library_records.insert(connection, one, one.id)
            library_records.change(connection, one.id, for_all="write")


def test_others_do_not_fill_a_drive_so_that_what_is_withdrawn_stays_on_it(context: Context) -> None:
    mine, theirs = made(context, user="ben"), made(context, "Shared")
    share(context, theirs)
    many_for_all(context, ON_A_DRIVE, "ana")
    with context.database.read() as connection:
        found = drives.on_drive_of(connection, "ben")
    assert {mine, theirs} < {each.id for each in found}
    wanted = [
        mounted.Library(id=each.id, folder=each.folder, name=each.name, is_read_only=each.is_read_only)
        for each in found
    ]
    assert len(mounted.checked(wanted)) == ON_A_DRIVE


def test_nobody_owns_more_libraries_than_others_drives_can_show(context: Context) -> None:
    last = made(context)
    many_for_all(context, OWNED - 1, "ana")
    with pytest.raises(Refused, match="owns 200 libraries"):
        made(context, "One more")
    item = libraries.discard(context, actor="ana", library_id=last)
    instead, given = made(context, "Instead"), made(context, "Given", "ben")
    libraries.share(context, actor="ben", library_id=given, who="ana", access=Access.READ)
    for too_many in (
        lambda: trash.restore(context, user="ana", item_id=item.id),
        lambda: libraries.transfer(context, actor="ben", library_id=given, to="ana"),
    ):
        with pytest.raises(Refused, match="owns 200 libraries"):
            too_many()
    libraries.discard(context, actor="ana", library_id=instead)
    trash.restore(context, user="ana", item_id=item.id)


def a_group(context: Context, *people: str, name: str = "lab") -> str:
    groups.create_group(context, name=name, actor="operator")
    for user in people:
        groups.put_member(context, name=name, user=user, actor="operator")
    return f"group:{name}"


def test_a_library_is_its_makers_and_nobody_elses(context: Context) -> None:
    library_id = made(context)
    assert seen(context, "ana") == [(Folder.MINE, "Survey", Role.OWNER)]
    assert seen(context, "ben") == seen(context, "operator") == []
    with pytest.raises(LibraryMissing):
        libraries.get_library(context, user="ben", library_id=library_id)
    with pytest.raises(LibraryMissing):
        libraries.get_library(context, user="operator", library_id=library_id)


def test_its_name_is_free_for_others_and_taken_for_its_owner(context: Context) -> None:
    made(context)
    made(context, user="ben")
    for twin in ("Survey", "SURVEY"):
        with pytest.raises(NameTaken, match="ana has a library"):
            made(context, twin)
    with pytest.raises(NameRefused):
        made(context, "a/b")


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("way", ["ben", "group:lab", "all"])
def test_it_is_shared_by_each_way_and_taken_back(context: Context, way: str, access: Access) -> None:
    library_id = made(context)
    a_group(context, "ben")
    folder = {"ben": Folder.ME, "group:lab": Folder.GROUPS, "all": Folder.ALL}[way]
    share(context, library_id, way, access)
    assert seen(context) == [(folder, "Survey (ana)", access.role)]
    workspaces.enter(context, user="ben", namespace="library", name=library_id, action=Action.READ_NOTEBOOKS)
    libraries.unshare(context, actor="ana", library_id=library_id, who=way)
    assert seen(context) == []
    with pytest.raises(WorkspaceMissing):
        workspaces.enter(context, user="ben", namespace="library", name=library_id, action=Action.SEE)


@pytest.mark.parametrize("way", ["ben", "group:lab", "all"])
def test_a_reader_reads_and_a_writer_writes(context: Context, way: str) -> None:
    library_id = made(context)
    a_group(context, "ben")
    place = notebooks.Place(user="ben", namespace="library", name=library_id, path="first.ipynb")
    share(context, library_id, way, Access.READ)
    with pytest.raises(NotAllowed, match="a reader may not"):
        notebooks.create_notebook(context, place, "python3")
    share(context, library_id, way, Access.WRITE)
    notebooks.create_notebook(context, place, "python3")
    (listed,) = list_notebooks(context, user="ana", namespace="library", name=library_id)
    assert listed.path == "first.ipynb"


def test_the_highest_right_counts(context: Context) -> None:
    library_id = made(context)
    share(context, library_id, "ben", Access.READ)
    share(context, library_id, "all", Access.WRITE)
    assert seen(context) == [(Folder.ME, "Survey (ana)", Role.WRITER)]
    libraries.unshare(context, actor="ana", library_id=library_id, who="all")
    assert seen(context) == [(Folder.ME, "Survey (ana)", Role.READER)]


def test_who_leaves_a_group_loses_what_was_shared_with_it(context: Context) -> None:
    library_id = made(context)
    share(context, library_id, a_group(context, "ben"), Access.WRITE)
    groups.remove_member(context, name="lab", user="ben", actor="operator")
    assert seen(context) == []


OF_OWNERS = {
    "rename": lambda context, one: libraries.rename(context, actor="ben", library_id=one, name="Mine"),
    "share": lambda context, one: libraries.share(context, actor="ben", library_id=one, who="all", access=Access.WRITE),
    "unshare": lambda context, one: libraries.unshare(context, actor="ben", library_id=one, who="operator"),
    "transfer": lambda context, one: libraries.transfer(context, actor="ben", library_id=one, to="ben"),
    "discard": lambda context, one: libraries.discard(context, actor="ben", library_id=one),
}


@pytest.mark.parametrize("deed", OF_OWNERS)
def test_only_its_owner_changes_it(context: Context, deed: str) -> None:
    """403 for those who see it, 404 for the others."""
    library_id = made(context)
    with pytest.raises(LibraryMissing):
        OF_OWNERS[deed](context, library_id)
    share(context, library_id, access=Access.WRITE)
    with pytest.raises(NotAllowed, match=r"The library 'Survey' is ana's: a writer may not .*\. Ask ana\."):
        OF_OWNERS[deed](context, library_id)
    assert seen(context, "operator") == []
    assert seen(context, "ana") == [(Folder.MINE, "Survey", Role.OWNER)]


@pytest.mark.parametrize("action", [Action.USE_ENVIRONMENT, Action.CHANGE_MEMBERS, Action.DELETE_WORKSPACE])
def test_the_doors_of_workspaces_do_not_change_a_library(context: Context, action: Action) -> None:
    library_id = made(context)
    with pytest.raises(Refused, match="is a library of the drive"):
        workspaces.enter(context, user="ana", namespace="library", name=library_id, action=action)


def test_no_environment_is_made_in_a_library(context: Context) -> None:
    library_id = made(context)
    with pytest.raises(NotAllowed):
        environments.admit(context, user="ana", slug=f"library-{library_id}")


def test_lists_of_workspaces_do_not_show_libraries(context: Context) -> None:
    library_id = made(context)
    share(context, library_id)
    assert workspaces.list_workspaces(context, "ana") == workspaces.list_workspaces(context, "ben") == []


def test_no_project_is_called_as_libraries_are_addressed(context: Context) -> None:
    with pytest.raises(NameRefused, match="reserved word 'library'"):
        names.namespace("library")
    accounts.ensure_account(context, Account(name="library"), "library-secret")
    (own,) = projects.list_projects(context, "library")
    assert own.project.namespace == "library-2"
    with pytest.raises(NameRefused, match="everybody"):
        accounts.ensure_account(context, Account(name="all"), "all-secret")


def test_it_has_its_new_name_on_every_drive(context: Context) -> None:
    library_id = made(context)
    made(context, "Other")
    share(context, library_id)
    libraries.rename(context, actor="ana", library_id=library_id, name="SURVEY")
    assert seen(context) == [(Folder.ME, "SURVEY (ana)", Role.READER)]
    with pytest.raises(NameTaken):
        libraries.rename(context, actor="ana", library_id=library_id, name="other")


def test_its_new_owner_has_it_and_the_former_writes_on(context: Context) -> None:
    library_id = made(context)
    share(context, library_id, access=Access.READ)
    libraries.transfer(context, actor="ana", library_id=library_id, to="ben")
    assert seen(context, "ben") == [(Folder.MINE, "Survey", Role.OWNER)]
    assert seen(context, "ana") == [(Folder.ME, "Survey (ben)", Role.WRITER)]
    libraries.unshare(context, actor="ben", library_id=library_id, who="ana")
    assert seen(context, "ana") == []


def test_nobody_comes_to_own_what_was_never_on_the_own_drive(context: Context) -> None:
    library_id = made(context)
    share(context, library_id, "all")
    share(context, library_id, a_group(context, "ben"))
    with pytest.raises(Refused, match="Share it with ben first"):
        libraries.transfer(context, actor="ana", library_id=library_id, to="ben")
    assert seen(context, "ana") == [(Folder.MINE, "Survey", Role.OWNER)]


def test_an_operator_gives_it_on_at_once_but_not_to_the_own_account(context: Context) -> None:
    library_id = made(context)
    with pytest.raises(Refused, match="not to the own account"):
        libraries.transfer(context, actor="operator", library_id=library_id, to="operator")
    assert libraries.transfer(context, actor="operator", library_id=library_id, to="ben").owner == "ben"
    assert seen(context) == [(Folder.MINE, "Survey", Role.OWNER)]
    libraries.discard(context, actor="ben", library_id=library_id)
    with pytest.raises(LibraryMissing):
        libraries.transfer(context, actor="operator", library_id=library_id, to="ana")


def test_it_is_not_transferred_to_who_has_one_of_the_name_nor_to_a_group(context: Context) -> None:
    library_id = made(context)
    share(context, library_id)
    made(context, user="ben")
    with pytest.raises(NameTaken, match="ben has a library 'Survey'"):
        libraries.transfer(context, actor="ana", library_id=library_id, to="ben")
    with pytest.raises(Refused, match="a person's"):
        libraries.transfer(context, actor="ana", library_id=library_id, to=a_group(context, "ben"))
    with pytest.raises(AccountMissing):
        libraries.transfer(context, actor="ana", library_id=library_id, to="all")


@pytest.mark.parametrize(("who", "error"), [("nobody", AccountMissing), ("group:none", GroupMissing), ("ana", Refused)])
def test_it_is_shared_with_who_is_there_and_not_its_owner(context: Context, who: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        share(context, made(context), who)


def test_what_was_not_shared_is_not_taken_back(context: Context) -> None:
    library_id = made(context)
    for who in ("ben", "all", "ana"):
        with pytest.raises(MemberMissing):
            libraries.unshare(context, actor="ana", library_id=library_id, who=who)


def test_everybody_gives_up_the_own_share(context: Context) -> None:
    library_id = made(context)
    share(context, library_id)
    libraries.unshare(context, actor="ben", library_id=library_id, who="ben")
    assert seen(context) == []


def test_deleted_it_is_gone_for_all_and_restored_it_is_there_again(context: Context) -> None:
    library_id = made(context)
    share(context, library_id)
    share(context, library_id, "all")
    item = libraries.discard(context, actor="ana", library_id=library_id)
    assert seen(context, "ana") == seen(context) == seen(context, "operator") == []
    with pytest.raises(TrashMissing):
        trash.restore(context, user="ben", item_id=item.id)
    again = made(context)
    with pytest.raises(NameTaken):
        trash.restore(context, user="ana", item_id=item.id)
    trash.restore(context, user="ana", item_id=item.id, name="Survey of May")
    assert seen(context) == [(Folder.ME, "Survey of May (ana)", Role.READER)]
    assert {each.library.id for each in libraries.list_libraries(context, "ana")} == {library_id, again}


def test_purged_nothing_is_left_of_it(context: Context) -> None:
    library_id = made(context)
    share(context, library_id, "all")
    item = libraries.discard(context, actor="ana", library_id=library_id)
    (listed,) = trash.list_trash(context, "ana")
    assert (listed.item.kind.value, listed.item.name) == ("library", "Survey")
    assert trash.list_trash(context, "ben") == []
    trash.purge(context, user="ana", item_id=item.id)
    (going,) = trashed_workspaces.purging(context)
    assert trashed_workspaces.is_empty(context, going)
    trashed_workspaces.finish_purge(context, going)
    assert seen(context, "ana") == seen(context) == []
    with pytest.raises(TrashMissing):
        trash.restore(context, user="ana", item_id=item.id)


def test_its_owner_reads_in_the_audit_what_was_done_with_it(context: Context) -> None:
    library_id = made(context)
    share(context, library_id)
    libraries.transfer(context, actor="ana", library_id=library_id, to="ben")
    told = [entry.action for entry in audit.entries(context, user="ben", is_operator=False)]
    assert told[:3] == ["library-transferred", "library-shared", "library-created"]


# --- what drives show ---


def drive(context: Context, user: str = "ben", name: str = "desk") -> Workspace:
    made = workspaces.create_workspace(context, user=user, namespace=user, name=name, storage="drive")
    return made.workspace


@pytest.mark.feature("B4", "H3")
def test_the_drive_of_an_environment_shows_what_its_user_has(context: Context) -> None:
    at = drive(context)
    assert environments.admit(context, user="ben", slug=at.slug).drive == ()
    library_id = made(context)
    made(context, "Hers alone")
    share(context, library_id, access=Access.WRITE)
    with context.database.read() as connection:
        (shown,) = drives.on_drive_of(connection, "ben")
    assert (shown.id, shown.folder, shown.name, shown.is_read_only) == (library_id, Folder.ME, "Survey (ana)", False)


@pytest.mark.feature("B4")
def test_an_environment_with_a_bucket_has_no_drive(context: Context, workspace: Workspace) -> None:
    made(context)
    assert environments.admit(context, user="ana", slug=workspace.slug).drive == ()


@pytest.mark.feature("B4")
def test_a_drive_workspace_has_no_bucket(context: Context) -> None:
    at = drive(context)
    assert at.has_drive
    with pytest.raises((KeyError, BucketUnavailable)):
        context.bucket(at.id)
    with pytest.raises(Refused, match="'bucket' or 'drive'"):
        workspaces.create_workspace(context, user="ana", namespace="ana", name="beta", storage="library")


def test_a_library_is_no_place_for_members(context: Context) -> None:
    library_id = made(context)
    with pytest.raises(Refused, match="is a library of the drive"):
        members.put_member(context, actor="ana", namespace="library", name=library_id, who="ben", role=Role.OWNER)
