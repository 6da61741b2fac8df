"""A proposal beside the notebook as it is now, and merged into it, for a caller who may: made in the other process."""

from __future__ import annotations

from contextlib import closing

from terraspawner.domain.history import VersionKind
from terraspawner.domain.lease import Claim
from terraspawner.errors import MergeConflicts
from terraspawner.operations import notebooks, proposals
from terraspawner.operations.notebook_facts import NotebookInfo
from terraspawner.operations.notebooks import Place
from terraspawner.web import comparisons
from terraspawner.web.parts import Parts


async def compare(parts: Parts, place: Place, proposal_id: str, *, since_base: bool) -> bytes:
    """What merging would change in the notebook as it is, or what was changed in the version that the proposal came
    from.

    Raises `ProposalMissing`, `NotebookUnreadable`.
    """
    with closing(parts.room.share(place.user)) as share:
        body, found, _ = await parts.deeds(proposals.read_proposal, place, proposal_id)
        share.grow(len(body))
        if since_base:
            return await comparisons.compare_with(parts, place, str(found.base), body, share)
        merged = await comparisons.merge(parts, place, str(found.base), body, "", share)
        return await comparisons.compare_with(parts, place, merged["theirs"], merged["notebook"].encode(), share)


async def merge(parts: Parts, place: Place, proposal_id: str, claim: Claim | None, *, marks: bool) -> NotebookInfo:
    """Put it together with the notebook as it is and save that, as `claim` may; `marks` where both changed the same.

    Raises `ProposalMissing`, `MergeConflicts` without `marks`, and as `notebooks.save_notebook`.
    """
    with closing(parts.room.share(place.user)) as share:
        body, found, _ = await parts.deeds(proposals.read_proposal, place, proposal_id)
        share.grow(len(body))
        merged = await comparisons.merge(parts, place, str(found.base), body, "", share)
    cells = [each["cell"] for each in merged["conflicts"]]
    if cells and not marks:
        raise MergeConflicts(
            f"The proposal and the notebook changed the same in {len(cells)} place{'' if len(cells) == 1 else 's'}."
            " Nothing was saved. Merge it with both texts, marked, and clear that up in JupyterLab; or decline it.",
            cells=cells,
        )
    info = await parts.deeds(
        notebooks.save_notebook, place, merged["notebook"].encode(), merged["theirs"], claim, kind=VersionKind.MERGED
    )
    await parts.deeds(proposals.close_merged, place, proposal_id)
    return info
