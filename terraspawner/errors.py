"""One tree of errors. The class docstring is the default message; ``code`` is part of the REST contract.

A message names the thing, what happened and what to do next. HTTP status codes are not known here: they
stand in ``terraspawner.web.responses`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class TerraError(Exception):
    """Something went wrong in terraspawner. The log of the service names the cause."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str | None = None, **details: object) -> None:
        self.message = message or " ".join((self.__class__.__doc__ or "").split())
        self.details: Mapping[str, object] = details
        super().__init__(self.message)


class Refused(TerraError):
    """The request was understood and refused."""

    code = "refused"


class NameRefused(Refused):
    """This name cannot be used. Choose another one."""

    code = "name-invalid"


class TagRefused(Refused):
    """These tags cannot be kept, or looked for. The message says which and why."""

    code = "tag-invalid"


class DiskSizeRefused(Refused):
    """A disk cannot have this size. Choose one within the bounds."""

    code = "disk-size-refused"


class NotLoggedIn(TerraError):
    """You are not signed in. Sign in, or send a valid token."""

    code = "not-logged-in"


class NotAllowed(TerraError):
    """Your role does not allow this. Ask an owner of the workspace for the role that does."""

    code = "not-allowed"


class NotFound(TerraError):
    """There is nothing here, or nothing that you may see."""

    code = "not-found"


class WorkspaceMissing(NotFound):
    """There is no such workspace, or you are not a member of it. Check the address or ask its owner."""

    code = "workspace-not-found"


class ProjectMissing(NotFound):
    """There is no such billing project, or you do not belong to it. Check the name or ask its owner."""

    code = "project-not-found"


class MemberMissing(NotFound):
    """There is no such member."""

    code = "member-not-found"


class GroupMissing(NotFound):
    """There is no such group."""

    code = "group-not-found"


class VersionMissing(NotFound):
    """There is no such version in the history of this notebook. Older ones are thinned out."""

    code = "version-not-found"


class NotebookMissing(NotFound):
    """There is no such notebook in this workspace."""

    code = "notebook-not-found"


class ProposalMissing(NotFound):
    """There is no such proposal for this notebook. It may have been merged, declined or replaced."""

    code = "proposal-not-found"


class EnvironmentMissing(NotFound):
    """There is no such environment."""

    code = "environment-not-found"


class DiskMissing(NotFound):
    """There is no such disk."""

    code = "disk-not-found"


class TrashMissing(NotFound):
    """There is nothing like this in your trash. It may have been restored, or purged for good."""

    code = "trash-not-found"


class Conflict(TerraError):
    """The thing is in another state than this request needs."""

    code = "conflict"


class NameTaken(Conflict):
    """This name is taken. Choose another one."""

    code = "name-taken"


class OwnerNeeded(Conflict):
    """This would leave nobody who owns it. Make somebody else an owner first. Nothing was changed."""

    code = "owner-needed"


class GroupManaged(Conflict):
    """Who is in this group is said by the sign-in. Change it there."""

    code = "group-managed"


class WrongState(Conflict):
    """This cannot be done in the present state. Wait until it has changed, then try again."""

    code = "wrong-state"


class MemoryInUse(Conflict):
    """What runs needs more memory than this size has. Pause the environment, then change its size."""

    code = "memory-in-use"


class OtherImage(Conflict):
    """The environment is made from another image. Pause it, change its image, and start it again."""

    code = "other-image"


class WorkspaceInUse(Conflict):
    """Others have environments or disks in this workspace. Ask them, or delete it with force."""

    code = "workspace-in-use"


class OtherDisk(Conflict):
    """The environment has a disk. Delete the environment, keeping its disk, and start it again with the other one."""

    code = "other-disk"


class DiskAttached(Conflict):
    """This disk is attached to an environment. Delete the environment first, then the disk."""

    code = "disk-attached"


class OutboxNotEmpty(Conflict):
    """There is work on this disk that is not in the workspace yet. Resume the environment so that it can be saved."""

    code = "outbox-not-empty"


class FactsMovedOn(Conflict):
    """What is known of this environment has changed since. Nothing was done; decide again."""

    code = "facts-moved-on"


class NotebookMovedOn(Conflict):
    """The notebook in the workspace is another version than the one this save is based on. Nothing was overwritten."""

    code = "notebook-moved-on"


class MergeConflicts(Conflict):
    """Both changed the same. Say that both texts shall be there with marks, or merge it in JupyterLab."""

    code = "merge-conflicts"


class LeaseHeld(TerraError):
    """Somebody else is editing this notebook. Ask for it, or work on a copy."""

    code = "lease-held"


class LeaseLost(Conflict):
    """This session does not hold the notebook any more. Nothing was overwritten; open it again, or keep a copy."""

    code = "lease-lost"


class LeaseNeeded(Conflict):
    """A notebook is saved by who holds its lease. Acquire it first."""

    code = "lease-needed"


class NotebookTooLarge(TerraError):
    """The notebook is larger than this workspace takes. Clear large outputs and save again."""

    code = "notebook-too-large"


class NotebookInvalid(Refused):
    """This is not a notebook: it could not be read as one. The last good version was left as it is."""

    code = "notebook-invalid"


class Unavailable(TerraError):
    """A part of the deployment is not answering. Try again in a minute."""

    code = "unavailable"


class HubUnavailable(Unavailable):
    """The Hub is not answering. Running environments go on. Try again in a minute."""

    code = "hub-unavailable"


class HostUnavailable(Unavailable):
    """The host service is not answering, so nothing can be started or deleted. Try again in a minute."""

    code = "host-unavailable"


class DatabaseUnavailable(Unavailable):
    """The database did not answer in time. Nothing was changed. Try again in a minute."""

    code = "database-unavailable"


class EngineUnavailable(Unavailable):
    """The Docker Engine is not answering. Try again in a minute or ask the operator."""

    code = "engine-unavailable"


class SettingsWrong(TerraError):
    """A setting has a value that cannot be used."""

    code = "settings-wrong"
