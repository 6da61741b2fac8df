"""What a client of the Hub sends along with a start, and what it is told where that is refused.

`user_options` are a wish, never a permission: names of the catalogue and a script, looked at before a start and decided
at the admission. A wish counts once. The Hub would keep it and repeat it at every later start that says nothing, so
that a size that was changed meanwhile would come back, and a wish that was refused would be in the way for ever: so it
is taken from the Hub as soon as it is read. DockerSpawner, which reads an option `image` too, finds none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from dockerspawner import DockerSpawner
from jupyterhub.spawner import SpawnException
from traitlets import default

from terraspawner.domain.disk import kept_data_disk, wanted_disk
from terraspawner.domain.script import wanted_script
from terraspawner.errors import NotAllowed, NotFound, Refused, TerraError, Unavailable
from terraspawner.operations.context import Context

START_QUESTION = "<p>This starts your environment. It costs what the workspace's page says until it is paused.</p>"
WAKE_QUESTION = "<p>Your environment is frozen. This wakes it, with everything that was running in it.</p>"


class Asks(DockerSpawner):
    """The part of `TerraSpawner` that asks, takes wishes and refuses. `wishes` are those of the last start."""

    context: Context
    kept: object

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wishes = wished({})

    @default("options_form")
    def _ask_before_a_start(self) -> Callable[..., str]:
        """The Hub's own start page asks first: without a form, following a link would start what costs money."""
        return lambda spawner: (WAKE_QUESTION if spawner.kept else START_QUESTION) if spawner.name else ""

    @default("options_from_form")
    def _nothing_to_choose(self) -> Callable[..., dict[str, Any]]:
        return lambda _form: {}

    @default("apply_user_options")
    def _take_user_options(self) -> Callable[..., None]:
        """Read before each start, and those that can be granted to nobody are refused."""

        def take(spawner: Asks, options: dict[str, Any]) -> None:
            spawner.user_options = spawner.orm_spawner.user_options = {}
            spawner.user.db.commit()
            try:
                spawner.wishes = wished(options)
                refuse_at_a_wake(spawner.wishes, is_frozen=spawner.kept is not None)
            except Refused as error:
                raise spawner.refusal(error) from error

        return take

    def refusal(self, error: TerraError) -> SpawnException:
        """What the Hub shows instead of its own page for an error."""
        prefix = self.context.settings.service_prefix
        return SpawnException(
            error.message,
            reason=error.code.replace("-", "_"),
            message_html=f'{escape(error.message)} <a href="{prefix}">Your workspaces</a>',
            status_code=_status(error),
        )


def wished(options: Mapping[str, Any]) -> dict[str, Any]:
    """The wishes there are, as `admit` takes them. Raises `Refused` for others, and for what can be none of them."""
    if unknown := sorted(set(options) - {"data_disk", "disk", "image", "size", "startup_script"}):
        raise Refused(f"These options cannot be chosen here: {', '.join(unknown)}. Start without them.")
    for name in ("size", "image"):
        if not isinstance(options.get(name, ""), str):
            raise Refused(f"`{name}` must be a text: the name that the catalogue has for it.")
    return {
        "size": options.get("size"),
        "image": options.get("image"),
        "startup_script": wanted_script(options.get("startup_script")),
        "disk": wanted_disk(options.get("disk")),
        "data_disk": kept_data_disk(options.get("data_disk")),
    }


def refuse_at_a_wake(wishes: Mapping[str, Any], *, is_frozen: bool) -> None:
    """Raises `Refused` where something is wished of what is frozen: it goes on as it is, and would drop the wish."""
    if is_frozen and any(wish is not None for wish in wishes.values()):
        raise Refused("It is frozen, and goes on as it is. Start it without a wish, or pause it first.")


def _status(error: TerraError) -> int:
    if isinstance(error, NotAllowed):
        return 403
    if isinstance(error, NotFound):
        return 404
    return 503 if isinstance(error, Unavailable) else 400
