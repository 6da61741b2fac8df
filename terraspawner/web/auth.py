"""Who is calling: session, sign-in state, XSRF and the kinds of callers, all in this one file.

The Hub's OAuth does the signing in (`HubOAuth`: codes, tokens, PKCE). Ours are three things it offers for
tornado only (TRAPS.md 8):

- the session cookie: the OAuth token and a session id, sealed, so that nothing is kept here;
- the state cookie: next address and PKCE verifier, sealed as well. `generate_state` keeps them in memory, where
  every anonymous visit would cost some, and a restart during a sign-in would lose them;
- the XSRF token: an HMAC of the session id, so that a cookie planted by another page is worth nothing.

Nothing is cached (TRAPS.md 5): the Hub is asked about a token, and our tables about the account, at every
request. So a sign-out at the Hub, a revoked token and a disabled account count from the next request on.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import Request
from fastapi.responses import Response
from jupyterhub.services.auth import HubOAuth, check_scopes
from tornado.web import HTTPError

from terraspawner.domain.account import Account
from terraspawner.errors import HubUnavailable, NotAllowed, NotLoggedIn, SettingsWrong
from terraspawner.operations import accounts, cullers, decisions, identities
from terraspawner.operations.identities import Identity
from terraspawner.settings import Settings
from terraspawner.web.addresses import is_https
from terraspawner.web.caller_kinds import Culler, Departure, Monitor, Person, Session
from terraspawner.web.deeds import Deeds
from terraspawner.web.lab_pages import LabPage, page_of
from terraspawner.web.origin import called_by
from terraspawner.web.seal import Seal

__all__ = ["Auth", "Culler", "Departure", "Monitor", "Person", "Session", "SignInFailed", "XsrfMissing"]

SESSION_SECONDS = 14 * 24 * 3600
STATE_SECONDS = 600
HUB_SECONDS = 10
XSRF_HEADER = "X-XSRFToken"
XSRF_FIELD = "_xsrf"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METRICS_SCOPE = "read:metrics"
"""What the Hub asks of who reads its own metrics."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")


class XsrfMissing(NotAllowed):
    """This request did not come from a page of this service, or the page is too old. Reload the page and try again."""

    code = "xsrf"


class SignInFailed(NotLoggedIn):
    """Signing in did not work, or took longer than ten minutes. Try again."""

    code = "sign-in-failed"


class Auth:
    """Sign-in through the Hub, and who calls. Comes up without the Hub; the Hub is asked per request."""

    def __init__(self, settings: Settings, deeds: Deeds, hub_prefix: str = "/hub/") -> None:
        if not settings.service_token:
            raise SettingsWrong("TERRA_SERVICE_TOKEN is empty: it is this service's Hub token; `make up` makes one.")
        self._deeds = deeds
        self._prefix = settings.service_prefix
        self._seal = Seal(settings.secret_key)
        self._xsrf_key = hashlib.sha256(f"xsrf:{settings.secret_key}".encode()).digest()
        name = settings.service_prefix.rstrip("/").rpartition("/")[2]
        self.cookie = f"{'__Host-' if settings.has_safe_cookies else ''}{settings.deployment}-{name}"
        self._cookie_path = "/" if settings.has_safe_cookies else settings.service_prefix
        self._oauth = HubOAuth(
            api_url=settings.hub_api_url,
            api_token=settings.service_token,
            base_url=settings.service_prefix,
            hub_prefix=hub_prefix,
            oauth_client_id=f"service-{name}",
            oauth_redirect_uri=f"{settings.service_prefix}oauth_callback",
            access_scopes={f"access:services!service={name}"},
        )

    # --- signing in ---

    def depart(self, next_url: str) -> Departure:
        """Begin a sign-in that shall end at `next_url`."""
        state = secrets.token_urlsafe(24)
        verifier, challenge, method = self._oauth.generate_pkce_code_challenge()
        query = urlencode({"state": state, "code_challenge": challenge, "code_challenge_method": method})
        return Departure(
            url=f"{self._oauth.login_url}&{query}",
            cookie=self._state_cookie(state),
            sealed=self._seal.seal("state", state=state, next=self._own(next_url), verifier=verifier),
        )

    async def arrive(self, request: Request) -> tuple[Session, str]:
        """End a sign-in: the session and where to go. Raises `SignInFailed`, `HubUnavailable`."""
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        kept = self._seal.open("state", request.cookies.get(self._state_cookie(state), ""), STATE_SECONDS)
        if not code or kept is None or not hmac.compare_digest(kept["state"].encode(), state.encode()):
            raise SignInFailed
        try:
            token = await self._ask(self._oauth.token_for_code(code, code_verifier=kept["verifier"], sync=False))
        except HTTPError as error:
            raise SignInFailed(cause=error.log_message) from error
        return Session(id=secrets.token_urlsafe(24), token=token), self._own(kept["next"])

    def set_session(self, request: Request, response: Response, session: Session) -> None:
        sealed = self._seal.seal("session", id=session.id, token=session.token)
        self._set(request, response, self.cookie, sealed, SESSION_SECONDS)

    def set_departure(self, request: Request, response: Response, departure: Departure) -> None:
        self._set(request, response, departure.cookie, departure.sealed, STATE_SECONDS)

    def clear(self, request: Request, response: Response, *, session: bool) -> None:
        """Take back the cookies of sign-ins under way and, if `session`, the session's."""
        for name in request.cookies:
            if name.startswith(f"{self.cookie}-state-") or (session and name == self.cookie):
                response.delete_cookie(
                    name, path=self._cookie_path, httponly=True, samesite="lax", secure=self._is_secure(request)
                )

    def xsrf_token(self, session: Session) -> str:
        """What a form of this session sends along."""
        return hmac.new(self._xsrf_key, session.id.encode(), hashlib.sha256).hexdigest()

    # --- callers ---

    async def person(self, request: Request) -> Person:
        """The person who calls, by token or by session. Raises `NotLoggedIn`, `NotAllowed`, `HubUnavailable`."""
        scheme, value = _authorization(request)
        if scheme == "environment":
            await self._identify(value)
            raise NotAllowed("This needs a person: an environment key opens the notebooks of its own workspace alone.")
        if scheme:
            return await self._person_by_token(value, None)
        session = self.session_of(request)
        if session is None:
            raise NotLoggedIn
        person = await self._person_by_token(session.token, session)
        if request.method not in _SAFE_METHODS:
            await self._check_xsrf(request, session)
        return person

    async def environment(self, request: Request) -> Identity:
        """The environment that calls, by its key. Raises `NotLoggedIn`, and `NotAllowed` to persons."""
        scheme, value = _authorization(request)
        if scheme == "environment":
            return await self._identify(value)
        await self.person(request)
        raise NotAllowed("This is for environments: it takes an environment key, not a person's sign-in.")

    async def person_or_environment(self, request: Request) -> Person | Identity:
        scheme, value = _authorization(request)
        return await self._identify(value) if scheme == "environment" else await self.person(request)

    async def culler(self, request: Request) -> Culler:
        """The culler, by the token of its Hub service. Raises `NotLoggedIn`, and `NotAllowed` to everybody else."""
        caller = await self.person_or_culler(request)
        if isinstance(caller, Culler):
            return caller
        raise NotAllowed("This is for the culler: it takes the token of that service of the Hub's, and no person's.")

    async def person_or_culler(self, request: Request) -> Person | Culler:
        scheme, value = _authorization(request)
        if scheme in ("", "environment"):
            return await self.person(request)
        model = await self._model_of(value)
        if model.get("kind") == "service" and model.get("name") == cullers.NAME:
            called_by(decisions.RULES)
            return Culler(name=cullers.NAME)
        return await self._person_of(model, None)

    async def person_or_monitor(self, request: Request) -> Person | Monitor:
        """As `person`, and whoever has a token with the Hub's scope for metrics: a service, or a person's program."""
        scheme, value = _authorization(request)
        if scheme in ("", "environment"):
            return await self.person(request)
        model = await self._model_of(value)
        if not check_scopes({METRICS_SCOPE}, set(model.get("scopes", ()))):
            return await self._person_of(model, None)
        if model.get("kind") == "user":
            await self._account_of(model["name"])  # a token outlives its person's account
        return Monitor(name=model["name"])

    async def person_or_page(self, request: Request) -> Person | LabPage:
        """As `person`, and the page of a user's server by its token; who asks says what it may."""
        scheme, value = _authorization(request)
        if scheme in ("", "environment"):
            return await self.person(request)
        model = await self._model_of(value)
        page = page_of(model)
        if page is None:
            return await self._person_of(model, None)
        await self._account_of(page.user)
        return page

    def session_of(self, request: Request) -> Session | None:
        """The session that the browser claims; whether it still holds is the Hub's word."""
        values = self._seal.open("session", request.cookies.get(self.cookie, ""), SESSION_SECONDS)
        return Session(id=values["id"], token=values["token"]) if values else None

    async def _identify(self, key: str) -> Identity:
        identity = await self._deeds(identities.identify, key)
        if identity is None:
            raise NotLoggedIn("This environment key is not valid: it ends when its environment is paused.")
        called_by(identity.user)
        return identity

    async def _model_of(self, token: str) -> dict[str, Any]:
        """What the Hub says of a token: whose it is and what it opens."""
        if not _TOKEN.fullmatch(token):
            raise NotLoggedIn
        try:
            model: dict[str, Any] | None = await self._ask(
                self._oauth.user_for_token(token, use_cache=False, sync=False)
            )
        except HTTPError as error:
            raise HubUnavailable(cause=error.log_message) from error
        if model is None:
            raise NotLoggedIn
        return model

    async def _person_by_token(self, token: str, session: Session | None) -> Person:
        return await self._person_of(await self._model_of(token), session)

    async def _person_of(self, model: dict[str, Any], session: Session | None) -> Person:
        if model.get("kind") != "user" or not check_scopes(self._oauth.access_scopes, set(model.get("scopes", ()))):
            needed = ", ".join(self._oauth.access_scopes)
            raise NotAllowed(
                f"This token does not open the workspaces: it must be a person's, with the scope {needed}."
            )
        return Person(account=await self._account_of(model["name"]), session=session)

    async def _account_of(self, name: str) -> Account:
        account = await self._deeds(accounts.account_of, name)
        if account is None:
            raise NotAllowed("This account is disabled, or is not known here. Ask the operator.")
        called_by(account.name)
        return account

    async def _check_xsrf(self, request: Request, session: Session) -> None:
        given = request.headers.get(XSRF_HEADER, "")
        if not given and "form" in request.headers.get("content-type", ""):
            given = str((await request.form()).get(XSRF_FIELD, ""))
        if not hmac.compare_digest(given.encode(), self.xsrf_token(session).encode()):
            raise XsrfMissing

    async def _ask(self, question: Any) -> Any:
        try:
            async with asyncio.timeout(HUB_SECONDS):
                return await question
        except TimeoutError as error:
            raise HubUnavailable from error

    # --- cookies ---

    def _own(self, url: str) -> str:
        """`url` if it is one of ours, so that a sign-in leads nowhere else; else the first page."""
        is_own = url.startswith(self._prefix) and not re.search(r"[\x00-\x20\\]", url)
        # a browser walks up at "..", also where it is written %2e%2e, and so would land on somebody's server
        path = unquote(re.split("[?#]", url, maxsplit=1)[0])
        return url if is_own and not {".", ".."} & set(path.split("/")) else self._prefix

    def _state_cookie(self, state: str) -> str:
        """A name per sign-in: two tabs may sign in at once."""
        return f"{self.cookie}-state-{hashlib.sha256(state.encode()).hexdigest()[:12]}"

    def _set(self, request: Request, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=self._cookie_path,
            httponly=True,
            samesite="lax",
            secure=self._is_secure(request),
        )

    def _is_secure(self, request: Request) -> bool:
        return self._cookie_path == "/" or is_https(request)


def _authorization(request: Request) -> tuple[str, str]:
    """Scheme in small letters and value; empty where the header is missing. Raises `NotLoggedIn` for an unknown one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("", "token", "bearer", "environment"):
        raise NotLoggedIn("The Authorization header is not understood: use `token <token>` or `environment <key>`.")
    return scheme.lower(), value.strip()
