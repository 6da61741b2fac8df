"""Page: environments. My own in all workspaces (C20), and those of others for who pays: pause, delete, no way in.

What is chosen is named once more on a page of its own before it ends; that page works without scripts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import Response, StreamingResponse

from terraspawner.domain.access import Action, ProjectRole
from terraspawner.domain.price import disk_per_month
from terraspawner.errors import NotLoggedIn, Refused
from terraspawner.operations import accounts, oversight, projects, tagging, views
from terraspawner.operations.oversight import Overseen
from terraspawner.web import endings, environment_rows, live, tag_wishes
from terraspawner.web.auth import Person
from terraspawner.web.callers import APerson, TheParts
from terraspawner.web.declared import needs
from terraspawner.web.endings import Ending, Outcome
from terraspawner.web.environment_rows import Shown
from terraspawner.web.pages import see
from terraspawner.web.parts import Parts
from terraspawner.web.tag_wishes import ANY, TaggedId, TagsText, Typed, TypedTags

router = APIRouter(prefix="/environments", include_in_schema=False)

Ids = list[Annotated[str, Query(max_length=200)]]
_DONE = {
    Ending.PAUSE: "Paused, or on the way to it: {}.",
    Ending.DELETE: "Deleted, or on the way to it: {}. Disks are kept.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whose are shown: one's own, those that `project` pays for, or everybody's, from `cursor` on, and
    which tags they have."""

    project: str = ""
    everybody: bool = False
    cursor: str = ""
    tags: Typed = ANY

    @property
    def is_own(self) -> bool:
        return not (self.project or self.everybody)

    def query(self, **more: str) -> str:
        """As it stands in an address."""
        here = self.whose | {"cursor": self.cursor, "tag": self.tags.text, **more}
        return urlencode({name: value for name, value in here.items() if value})

    @property
    def whose(self) -> dict[str, str]:
        """What of it stands in an address whichever part of the list is shown."""
        here = {"project": self.project, "everybody": "true" if self.everybody else ""}
        return {name: value for name, value in here.items() if value}

    def narrowed(self, key: str, value: str) -> str:
        """The address of the same list with this tag besides."""
        return "?" + self.query(cursor="", tag=self.tags.with_tag(key, value))


async def _choice(
    project: Annotated[str, Query(max_length=200)] = "",
    everybody: bool = False,
    cursor: Annotated[str, Query(max_length=100)] = "",
    tags: TypedTags = ANY,
) -> Choice:
    return Choice(project=project, everybody=everybody, cursor=cursor, tags=tags)


AChoice = Annotated[Choice, Depends(_choice)]


@router.get("")
@needs(Action.ABOUT_ONESELF)
async def show(
    parts: TheParts,
    person: APerson,
    choice: AChoice,
    done: Annotated[str, Query(max_length=20)] = "",
    tagged: bool = False,
    count: Annotated[int, Query(ge=0, le=oversight.MOST)] = 0,
) -> Response:
    """The list, live."""
    notice = _DONE[Ending(done)].format(_counted(count)) if done in set(Ending) and count else ""
    notice = "The tags are saved." if tagged else notice
    return await _page(parts, person, choice, notice=notice)


@router.get("/live")
@needs(Action.ABOUT_ONESELF)
async def stream(parts: TheParts, person: APerson, choice: AChoice) -> StreamingResponse:
    """The list at each change."""
    await _shown(parts, person, choice)

    def tell(shown: Shown) -> list[tuple[str, str]]:
        values = _values(person, choice, shown)
        return [("environments", parts.pages.render("_environments.html", person, **values))]

    return live.stream(parts, person.name, lambda: _looked(parts, person, choice), tell)


@router.get("/end")
@needs(Action.ABOUT_ONESELF)
async def ask(
    parts: TheParts,
    person: APerson,
    choice: AChoice,
    act: Annotated[str, Query(max_length=20)] = "",
    ids: Annotated[Ids, Query(alias="id", max_length=oversight.MOST)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """What would end, by name, and the question whether it shall."""
    if not act:
        return see(f"{parts.settings.service_prefix}environments?{choice.query()}")
    ending = _ending(act)
    if not ids:
        return await _page(parts, person, choice, fault="Choose the environments first, then press the button.")
    found = await parts.deeds(oversight.get_environments, actor=person.name, ids=ids)
    mine = await parts.deeds(views.views_of, person.name)
    going = [each for each in found if endings.is_of_use(ending, each.environment.state)]
    return parts.pages.page(
        "environments_end.html",
        person,
        act=str(ending),
        going=going,
        staying=[each for each in found if each not in going],
        missing=len(ids) - len(found),
        choice=choice,
        trash_days=parts.settings.trash_days,
        told={view.environment.id for view in mine if view.environment and view.membership},
        is_own=all(each.environment.user == person.name for each in found),
        disk_per_month=sum((disk_per_month(each.prices, each.disk_bytes) for each in going), Decimal(0)),
    )


@router.post("/end")
@needs(Action.ABOUT_ONESELF)
async def end(
    parts: TheParts,
    person: APerson,
    choice: AChoice,
    act: Annotated[str, Form()] = "",
    ids: Annotated[list[str], Form(alias="id", max_length=oversight.MOST)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Carry it out. Where some fail the list says which and why."""
    ending = _ending(act)
    found = await parts.deeds(oversight.get_environments, actor=person.name, ids=ids)
    if not found:
        raise oversight.missing()
    outcomes = await endings.end_all(parts, person.name, ending, list(dict.fromkeys(ids)))
    failed = [outcome for outcome in outcomes if outcome.fault]
    if not failed:
        query = choice.query(done=str(ending), count=str(len(outcomes)))
        return see(f"{parts.settings.service_prefix}environments?{query}")
    done = len(outcomes) - len(failed)
    notice = _DONE[ending].format(_counted(done)) if done else ""
    faults = [(_name_of(outcome, found), outcome.fault) for outcome in failed]
    return await _page(parts, person, choice, notice=notice, faults=faults, status=409)


@router.post("/tags")
@needs(Action.ABOUT_ONESELF)
async def tag(
    parts: TheParts,
    person: APerson,
    choice: AChoice,
    environment_id: TaggedId = "",
    tags: TagsText = "",
) -> Response:
    """The dialog of the button Tags. What is refused stands in it still, with the reason."""
    fault = await tag_wishes.say(parts, tagging.tag_environment, tags, actor=person.name, environment_id=environment_id)
    if fault:
        return await _page(parts, person, choice, drafts={environment_id: (tags, fault)}, status=422)
    return see(f"{parts.settings.service_prefix}environments?{choice.query(tagged='true')}")


def _ending(text: str) -> Ending:
    try:
        return Ending(text)
    except ValueError:
        raise Refused("Environments are paused or deleted here, nothing else.") from None


def _counted(count: int) -> str:
    return f"{count} environment{'' if count == 1 else 's'}"


def _name_of(outcome: Outcome, found: list[Overseen]) -> str:
    at = next((each.workspace for each in found if each.environment.id == outcome.environment_id), None)
    return f"{at.namespace}/{at.name}" if at else "One that was chosen"


async def _looked(parts: Parts, person: Person, choice: Choice) -> Shown:
    """As `_shown`, by who may still sign in: a stream lives longer than a request."""
    if await parts.deeds(accounts.account_of, person.name) is None:
        raise NotLoggedIn("This account is disabled. Ask the operator.")
    return await _shown(parts, person, choice)


async def _shown(parts: Parts, person: Person, choice: Choice) -> Shown:
    if choice.is_own:
        return await environment_rows.own(parts, person.name, choice.tags.wanted)
    return await environment_rows.paid(parts, person.name, choice.project or None, choice.cursor, choice.tags.wanted)


def _values(person: Person, choice: Choice, shown: Shown) -> dict[str, Any]:
    return {"shown": shown, "choice": choice, "is_own": choice.is_own, "me": person.name}


async def _page(
    parts: Parts,
    person: Person,
    choice: Choice,
    *,
    notice: str = "",
    fault: str = "",
    faults: list[tuple[str, str]] | None = None,
    drafts: tag_wishes.Drafts | None = None,
    status: int = 200,
) -> Response:
    shown = await _shown(parts, person, choice)
    fault = fault or choice.tags.fault or tag_wishes.unplaced(drafts, (row.id for row in shown.rows))
    mine = await parts.deeds(projects.list_projects, person.name)
    return parts.pages.page(
        "environments.html",
        person,
        status=422 if fault else status,
        notice=notice,
        fault=fault,
        faults=faults or [],
        drafts=drafts or {},
        owned=[each.project for each in mine if each.role is ProjectRole.OWNER],
        **_values(person, choice, shown),
    )
