"""What all sign-ins with an identity provider share: who comes in, who stays in, and what is said when not.

The provider is asked again about whoever is signed in, every TERRA_SIGN_IN_REFRESH seconds in which that person does
something. A "no" counts at once. No answer is no "no": people go on for `GRACE`, since a provider that is down must
not end everybody's work, and not longer, since one who was thrown out could wish for that.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

from terraspawner import frozen, wiring
from terraspawner.domain.account import Account
from terraspawner.domain.visitor import visitor_of
from terraspawner.errors import SettingsWrong, TerraError, Unavailable
from terraspawner.errors_accounts import ProviderUnavailable, VisitorRefused
from terraspawner.operations import accounts, external_accounts
from terraspawner.sessions import end_older_sessions, hub_groups, is_own_request, unless_away
from terraspawner.sign_in.handlers import FromProvider, ToProvider

GRACE = timedelta(hours=1)
RETRY = timedelta(seconds=30)
_KEPT_OF_TOKENS = ("access_token", "refresh_token", "token_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the provider said of somebody last, when, and when to ask again."""

    is_in: bool
    heard_at: datetime
    ask_at: datetime


class ExternalSignIn:
    """Mixed into a class of oauthenticator's. Operators are members of one Hub group, never Hub admins."""

    login_handler = ToProvider
    callback_handler = FromProvider
    manage_groups = True
    http_request_kwargs: dict[str, Any]
    log: Any
    get_token_info: Callable[..., Any]
    build_access_tokens_request_params: Callable[..., dict[str, Any]]
    build_refresh_token_request_params: Callable[..., dict[str, Any]]

    auto_login = False
    enable_pkce = True
    enable_auth_state = True  # sealed: the provider's tokens, to ask again with
    auth_refresh_age = 0.001  # our row is asked at each request; 0 would mean never
    auth_refresh_strict = True
    refresh_pre_spawn = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.context = wiring.deployment_context()
        settings = self.context.settings
        self.way = settings.way
        if not settings.sign_in_client_secret:
            raise SettingsWrong(
                "TERRA_SIGN_IN_CLIENT_SECRET is empty; give the client's secret, or its file by "
                "TERRA_SIGN_IN_CLIENT_SECRET_FILE."
            )
        self.client_id = settings.sign_in_client_id
        self.client_secret = settings.sign_in_client_secret
        self.oauth_callback_url = settings.callback_url
        self.login_service = self.way.label
        self.scope = list(self.way.scopes)
        self.http_request_kwargs = {
            "connect_timeout": 5,
            "request_timeout": 10,
            "follow_redirects": False,
        }
        if settings.sign_in_authorities:
            self.http_request_kwargs["ssl_options"] = ssl.create_default_context(cadata=settings.sign_in_authorities)
        self._began = self.context.now()
        self._standings: dict[str, Standing] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    # --- what a kind of provider says for itself ---

    async def ready(self) -> None:
        """Know the provider's addresses. Raises `ProviderUnavailable`."""

    def binding_params(self, verifier: str) -> dict[str, str]:
        """What is sent along to the provider beside state and PKCE."""
        return {}

    async def proven_subject(self, token_info: Mapping[str, Any], verifier: str) -> str | None:
        """Who has signed in, where the provider proves that by an ID token. Raises `VisitorRefused`."""
        return None

    async def claims_of(self, token_info: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the provider tells now of the person whose token this is; ``sub`` is its number for the person."""
        raise NotImplementedError

    # --- the Hub's questions ---

    def get_handlers(self, app: Any) -> list[Any]:
        """The only handlers of ours that the Hub asks before its own, so one that is no sign-in stands here too."""
        return [*super().get_handlers(app), frozen.ROUTE]

    async def authenticate(self, handler: Any, data: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The account of whoever the provider sent back. Raises `HTTPError` with the sentence for the page."""
        if not isinstance(handler, FromProvider):
            # the Hub's form and its REST API ask here too, where no state was checked
            raise HTTPError(403, f"People sign in here with {self.way.label}.".replace("%", "%%"))
        with self.told():
            await self.ready()
            params = self.build_access_tokens_request_params(handler, None)
            del params["data"]
            token_info = await self.get_token_info(handler, params)
            proven = await self.proven_subject(token_info, handler.get_verifier())
            claims = await self.claims_of(token_info)
            if proven is not None and claims.get("sub") != proven:
                raise VisitorRefused(f"{self.way.label} told of another person than has signed in. Sign in again.")
            visitor = visitor_of(claims, self.way)
            account = await asyncio.to_thread(external_accounts.arrive, self.context, visitor)
        # made here where the Hub does not know the person yet: the cookie that it sets next is of this epoch
        end_older_sessions(handler.user_from_username(account.name), account)
        self._heard(account.name, is_in=True)
        wanted = await asyncio.to_thread(hub_groups, self.context, account)
        return {"name": account.name, "groups": wanted, "auth_state": _state_of(token_info)}

    @unless_away
    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> bool | dict[str, Any]:
        """Asked at each request: False as soon as the account is disabled, its sessions were ended, or the provider
        said no when it was asked last."""
        account = await asyncio.to_thread(accounts.account_of, self.context, user.name)
        if account is None or not account.is_external:
            return False
        if end_older_sessions(user, account) and is_own_request(user, handler):
            return False
        state = None
        async with self._locks.setdefault(user.name, asyncio.Lock()):
            # one at a time: a refresh token is good for one use, and a second one would end the session there
            if self._standing(user.name).ask_at <= self.context.now():
                state = await self._ask_again(user, account)
                account = await asyncio.to_thread(accounts.account_of, self.context, user.name) or account
                if state is not None:
                    await user.save_auth_state(state)
        if not self._standing(user.name).is_in:
            return False
        wanted = await asyncio.to_thread(hub_groups, self.context, account)
        if state is None and sorted(group.name for group in user.groups) == wanted:
            return True
        return {"name": account.name, "groups": wanted, "auth_state": state or await user.get_auth_state()}

    # --- asking again ---

    def _standing(self, name: str) -> Standing:
        """Of whom nothing was heard since this process began, the provider is asked at once."""
        return self._standings.get(name, Standing(is_in=True, heard_at=self._began, ask_at=self._began))

    def _heard(self, name: str, *, is_in: bool) -> None:
        now = self.context.now()
        again = timedelta(seconds=self.context.settings.sign_in_refresh)
        self._standings[name] = Standing(is_in=is_in, heard_at=now, ask_at=now + again)

    async def _ask_again(self, user: Any, account: Account) -> dict[str, Any] | None:
        """Ask the provider about somebody who is signed in, and keep the answer; new tokens if it gave any."""
        state = await user.get_auth_state()
        tokens = (state or {}).get("token_response")
        if not tokens:
            self._heard(user.name, is_in=False)
            return None
        try:
            with self._meant():
                await self.ready()
                claims, tokens = await self._claims_with(tokens)
                visitor = visitor_of(claims, self.way)
            is_same = visitor.subject == account.subject
            is_in = is_same and await asyncio.to_thread(external_accounts.renew, self.context, visitor)
        except Unavailable as error:
            self._unheard(account, error)
            return None
        except VisitorRefused as error:
            self.log.info("%s ends the session of %s: %s", self.way.label, user.name, error.message)
            self._heard(user.name, is_in=False)
            return None
        self._heard(user.name, is_in=is_in)
        return _state_of(tokens)

    async def _claims_with(self, tokens: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The claims, and the tokens that told them: new ones where the old access token is over."""
        try:
            return await self.claims_of(tokens), tokens
        except HTTPClientError as error:
            if not (400 <= error.code < 500 and tokens.get("refresh_token")):
                raise
        old = tokens["refresh_token"]
        fresh = await self.get_token_info(None, self.build_refresh_token_request_params(old))
        return await self.claims_of(fresh), {"refresh_token": old, **fresh}

    def _unheard(self, account: Account, error: TerraError) -> None:
        """No answer: as before, for a while. Who was let go before this process began stays out."""
        now, last = self.context.now(), self._standing(account.name)
        is_in = last.is_in and not account.is_let_go and now - last.heard_at < GRACE
        cause = error.details.get("cause", "")
        self.log.warning("%s cannot be asked about %s: %s", self.way.label, account.name, cause)
        self._standings[account.name] = Standing(is_in=is_in, heard_at=last.heard_at, ask_at=now + RETRY)

    # --- what went wrong ---

    @contextmanager
    def _meant(self) -> Iterator[None]:
        """Translate what goes wrong with a provider: it said no (`VisitorRefused`), or nothing (`Unavailable`)."""
        label = self.way.label
        try:
            yield
        except HTTPClientError as error:
            if not 400 <= error.code < 500 or error.code == 429:
                raise ProviderUnavailable(f"{label} is not answering. Try again in a minute.", cause=error) from None
            if error.code == 401:
                # nothing that the visitor did: the client's secret is wrong, or the person's token is over
                raise VisitorRefused(
                    f"{label} did not accept this Hub's word. Sign in again, or ask the operator."
                ) from None
            raise VisitorRefused(
                f"{label} did not confirm this sign-in: it was used already, or took too long. Sign in again."
            ) from None
        except HTTPError as error:
            raise VisitorRefused(f"{label} did not confirm this sign-in. Sign in again.", cause=error) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProviderUnavailable(
                f"{label} is not answering as it should. Try again in a minute, or ask the operator.", cause=error
            ) from None

    @contextmanager
    def told(self) -> Iterator[None]:
        """As the Hub's pages tell it: an `HTTPError` with the sentence."""
        try:
            with self._meant():
                yield
        except TerraError as error:
            self.log.warning("Sign-in refused: %s %s", error.code, error.details.get("cause", ""))
            status = 503 if isinstance(error, Unavailable) else 403
            raise HTTPError(status, error.message.replace("%", "%%")) from None


def _state_of(token_info: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept, sealed, to ask the provider again with."""
    return {"token_response": {name: token_info[name] for name in _KEPT_OF_TOKENS if token_info.get(name)}}
