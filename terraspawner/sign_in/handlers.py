"""The Hub's two addresses of a sign-in elsewhere: to the provider, and back from it.

The cookie that brings the state back is ours. oauthenticator's has no ``__Host-`` name, so a page on a user's domain
could plant one, and with it sign its visitor in as somebody else; and it lives for a day.
"""

from __future__ import annotations

import hmac
from typing import Any

from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthLoginHandler, _deserialize_state
from tornado.web import HTTPError

from terraspawner import wiring

STATE_MINUTES = 15


class ToProvider(OAuthLoginHandler):
    """Sends the browser to the provider, with PKCE and what else binds its answer to this browser."""

    _verifier = ""

    async def get(self) -> None:
        with self.authenticator.told():
            await self.authenticator.ready()
        super().get()

    def set_state_cookie(self, state_cookie_value: str) -> None:
        name, options = _state_cookie(self)
        self.set_secure_cookie(name, state_cookie_value, expires_days=STATE_MINUTES / 1440, **options)

    def _generate_pkce_params(self) -> tuple[str, str]:
        self._verifier, challenge = super()._generate_pkce_params()
        return self._verifier, challenge

    def authorize_redirect(self, *, extra_params: dict[str, str], **rest: Any) -> None:
        more = self.authenticator.binding_params(self._verifier)
        super().authorize_redirect(extra_params={**extra_params, **more}, **rest)


class FromProvider(OAuthCallbackHandler):
    """Takes the browser back. What it brings is a stranger's word until the state shows that it set out here."""

    _state_cookie: str | None

    def get_state_cookie(self) -> str:
        if self._state_cookie is None:
            name, options = _state_cookie(self)
            kept = self.get_secure_cookie(name, max_age_days=STATE_MINUTES / 1440) or b""
            self._state_cookie = kept.decode("utf8", "replace")
            self.clear_cookie(name, path=options["path"], secure=options["secure"])
        return self._state_cookie

    def get_verifier(self) -> str:
        """The PKCE verifier of this sign-in."""
        return _said(self.get_state_cookie(), "code_verifier")

    def _request_summary(self) -> str:
        """For the log: without the code and the state, which tornado would write there where something is refused."""
        return f"{self.request.method} {self.request.path} ({self.request.remote_ip})"

    def check_arguments(self) -> None:
        """Raises `HTTPError` with a sentence. The state comes first: only who set out here is answered at all."""
        label = self.authenticator.way.label
        kept = _said(self.get_state_cookie(), "state_id")
        brought = _said(self.get_argument("state", ""), "state_id")
        if not kept or not hmac.compare_digest(kept.encode(), brought.encode()):
            raise HTTPError(
                400,
                "This sign-in was not begun in this browser, was used already, or took longer than "
                f"{STATE_MINUTES} minutes. Sign in again.",
            )
        if self.get_argument("error", ""):
            # its own words are not shown: whoever makes the link could write them
            self.log.warning("Sign-in refused by the provider: %r", self.get_argument("error")[:80])
            raise HTTPError(403, f"{_plain(label)} did not sign you in, or you cancelled it there. Sign in again.")
        if self.get_argument("iss", self.authenticator.way.issuer) != self.authenticator.way.issuer:
            raise HTTPError(403, f"This answer does not come from {_plain(label)}. Sign in again.")
        if not self.get_argument("code", ""):
            raise HTTPError(400, f"{_plain(label)} sent you back without an answer. Sign in again.")


def _state_cookie(handler: Any) -> tuple[str, dict[str, Any]]:
    """Name and options of the cookie that holds the state of a sign-in under way."""
    settings = wiring.deployment_context().settings
    is_safe = settings.has_safe_cookies
    options = {
        "path": "/" if is_safe else handler.hub.base_url,
        "secure": is_safe or handler.request.protocol == "https",
        "httponly": True,
        "samesite": "Lax",
    }
    return f"{'__Host-' if is_safe else ''}{settings.deployment}-sign-in", options


def _said(state: str, what: str) -> str:
    """A text in a state; empty for everything that is none."""
    if not state.isascii():
        return ""
    found = _deserialize_state(state)
    value = found.get(what) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _plain(text: str) -> str:
    """As the Hub takes a message: it fills in what stands behind a percent sign."""
    return text.replace("%", "%%")
