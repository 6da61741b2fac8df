"""Pages in the Hub's look: our templates extend the Hub's own ``page.html`` from the installed package.

What is in ``hub_templates`` the Hub itself shows in place of its own pages (``jupyterhub_config.py``), so that one
bar leads through both; its own are there under ``templates/``, for the Hub and for us alike.

What the Hub's page wants is handed over here (TRAPS.md 8). Its inline script configures the Hub's own scripts,
of which we use none; it is taken out when the template is loaded, so that our content-security policy can
forbid inline scripts altogether.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import quote

import jinja2
import jinja2.bccache
from fastapi.responses import HTMLResponse
from jupyterhub import _data as hub_data

from terraspawner.domain import tags
from terraspawner.domain.data_file import visible
from terraspawner.settings import Settings
from terraspawner.web.addresses import server_origin
from terraspawner.web.auth import Auth, Person

HERE = Path(__file__).parent
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>.*?</script>", re.DOTALL)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'{servers}; base-uri 'none'; frame-ancestors 'none'{frames}"
)
"""A form of ours may lead to the person's own servers, where they have another host: a notebook that opens."""
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class HubTemplates(jinja2.FileSystemLoader):
    """The Hub's templates without inline scripts."""

    def get_source(self, environment: jinja2.Environment, template: str) -> Any:
        source, path, is_fresh = super().get_source(environment, template)
        return _INLINE_SCRIPT.sub("", source), path, is_fresh


class CompiledOnce(jinja2.BytecodeCache):
    """What a template was compiled to, for all `Pages` of this process: compiling takes longer than all else."""

    _compiled: ClassVar[dict[tuple[str, str], CodeType]] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        bucket.code = self._compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if bucket.code is not None:
            self._compiled[bucket.key, bucket.checksum] = bucket.code


class Pages:
    """Renders templates. Names from users are escaped always: autoescape is on and nothing is marked safe."""

    def __init__(self, settings: Settings, auth: Auth, hub_prefix: str = "/hub/") -> None:
        self._auth = auth
        self._settings = settings
        self._hub_prefix = hub_prefix
        self._prefix = settings.service_prefix
        self._jinja = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.FileSystemLoader([HERE / "templates", HERE / "hub_templates"]),
                    jinja2.PrefixLoader({"templates": HubTemplates(Path(hub_data.DATA_FILES_PATH) / "templates")}),
                ]
            ),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=CompiledOnce(),
        )
        self._jinja.filters.update(
            bytes=show_bytes,
            dollars=show_dollars,
            day=show_day,
            days=show_days,
            moment=show_moment,
            seconds=show_seconds,
            iso=_iso,
            segment=_segment,
            path=_path,
            visible=visible,
            tag_lines=tags.lines,
        )
        self._jinja.globals.update(
            static_url=lambda path, include_version=True: f"{hub_prefix}static/{path}",  # noqa: ARG005 - the Hub's signature
            own_static=self._own_static,
            prefix=self._prefix,
            workspaces_url=self._prefix,
            base_url=hub_prefix,
            logo_url="",
            logout_url=f"{hub_prefix}logout",
            login_url=f"{self._prefix}login",
            no_spawner_check=True,
            way=settings.way,
            services=(),
        )

    def page(
        self, template: str, person: Person | None, *, status: int = 200, has_frame: bool = False, **values: Any
    ) -> HTMLResponse:
        """A whole page. One that `has_frame` may show documents of ours in it, and no others."""
        return self._answer(self.render(template, person, **values), status, self._servers(person), has_frame=has_frame)

    def fragment(self, template: str, person: Person, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A part of a page, for htmx."""
        return self._answer(self.render(template, person, **values), status, self._servers(person))

    def render(self, template: str, person: Person | None, **values: Any) -> str:
        session = person.session if person else None
        return self._jinja.get_template(template).render(
            user=SimpleNamespace(name=person.name) if person else None,
            person=person,
            parsed_scopes={"admin-ui"} if person and person.account.is_operator else set(),
            xsrf_token=self._auth.xsrf_token(session) if session else "",
            servers=self._servers(person),
            **values,
        )

    def _answer(self, text: str, status: int, servers: str, *, has_frame: bool = False) -> HTMLResponse:
        policy = CONTENT_SECURITY_POLICY.format(
            servers=f" {servers}" if servers else "", frames="; frame-src 'self'" if has_frame else ""
        )
        return HTMLResponse(text, status, headers={**PAGE_HEADERS, "Content-Security-Policy": policy})

    def _servers(self, person: Person | None) -> str:
        """Where the person's servers are, if that is not here."""
        return server_origin(self._settings, person.name) if person else ""

    def _own_static(self, name: str) -> str:
        """Address of a file of ours; it changes with the file, so that no browser keeps an old one."""
        return f"{self._prefix}static/{name}?v={_digest_of(name)}"


@cache
def _digest_of(name: str) -> str:
    return hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:8]


def show_bytes(size: int) -> str:
    """A size as people read it."""
    if size == 1:
        return "1 byte"
    value = float(size)
    for unit in ("bytes", "KB", "MB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}".replace(".0 ", " ")
        value /= 1024
    return f"{value:.1f} GB".replace(".0 ", " ")


def show_dollars(amount: Decimal) -> str:
    """An amount with as many digits as it has, two at least."""
    text = f"{amount:.4f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"${whole}.{rest:0<2}"


def show_seconds(lasted: timedelta) -> str:
    """A duration of seconds to minutes."""
    seconds = lasted.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def show_moment(moment: datetime) -> str:
    """A time for browsers without scripts; the others show it in their own zone."""
    return moment.strftime("%d %b %Y, %H:%M UTC")


def show_day(moment: datetime) -> str:
    """A day, where the hour tells nothing."""
    return moment.strftime("%d %b %Y")


def show_days(days: float) -> str:
    """A number of days."""
    return f"{days:g} day{'' if days == 1 else 's'}"


def quoted(*segments: str) -> str:
    """Segments of a path, each quoted, joined by slashes."""
    return "/".join(quote(segment, safe="") for segment in segments)


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _segment(text: str) -> str:
    return quote(text, safe="")


def _path(text: str) -> str:
    return quote(text)
