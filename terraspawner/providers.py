"""With which services people sign in, and what a site says about its own. Standard library only.

A deployment has one way to sign in: the embedded form, or one identity provider. All but GitHub are OpenID
providers, which say by themselves where their parts are (discovery), sign what they say (ID tokens) and tell about
a person at one address (user info). What is read of a person, at the sign-in and ever after, is that user info alone:
an ID token proves who came and is never asked again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from terraspawner.errors import SettingsWrong

EMBEDDED = "embedded"
GITHUB = "github"
ANYBODY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What is known of a provider without asking the site. With `is_for_anybody` the whole world has accounts there."""

    label: str = ""
    issuer: str = ""
    scopes: str = "openid profile email"
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    is_for_anybody: bool = True


PROVIDERS: dict[str, Provider] = {
    "oidc": Provider(is_for_anybody=False),
    GITHUB: Provider(label="GitHub", issuer="https://github.com", scopes="read:org", name_claim="login"),
    "google": Provider(
        label="Google",
        issuer="https://accounts.google.com",
        scopes="openid email",
        name_claim="email",
        groups_claim="hd",  # the domain of the organisation; Google's own groups are told to administrators only
    ),
    "globus": Provider(label="Globus", issuer="https://auth.globus.org", groups_claim="identity_provider"),
    "ebrains": Provider(
        label="EBRAINS",
        issuer="https://iam.ebrains.eu/auth/realms/hbp",
        scopes="openid profile email group team",
        groups_claim="roles.team, roles.group",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How people sign in at one deployment: the provider's ways, and what the site says instead or beside."""

    kind: str
    label: str
    issuer: str
    scopes: tuple[str, ...]
    name_claim: str
    groups_claims: tuple[str, ...]
    allowed_groups: frozenset[str] = field(default_factory=frozenset)
    operator_groups: frozenset[str] = field(default_factory=frozenset)
    operators: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_open(self) -> bool:
        """Whether everybody whom the provider knows may come in."""
        return not self.allowed_groups or ANYBODY in self.allowed_groups


def way_of(said: Mapping[str, str], *, near: str) -> Way | None:
    """The way that a site's settings describe, None for the embedded form. Raises `SettingsWrong`.

    `said` is TERRA_SIGN_IN… in small letters without its prefix, ``""`` for TERRA_SIGN_IN itself. `near` is the
    network of our own processes: what is spoken there leaves the machine as little as on loopback.
    """
    kind = said[""]
    if kind == EMBEDDED:
        _refuse_leftovers(said)
        return None
    if kind not in PROVIDERS:
        raise SettingsWrong(f"TERRA_SIGN_IN is {kind!r}; use one of {', '.join((EMBEDDED, *PROVIDERS))}.")
    provider = PROVIDERS[kind]
    issuer = (said["issuer"] or provider.issuer).rstrip("/" if kind == GITHUB else "")
    _check_issuer(issuer, near)
    if not said["client_id"]:
        raise SettingsWrong(f"TERRA_SIGN_IN_CLIENT_ID is empty; give the client id that {issuer} has for this Hub.")
    scopes = tuple((said["scopes"] or provider.scopes).replace(",", " ").split())
    if kind != GITHUB and "openid" not in scopes:
        raise SettingsWrong("TERRA_SIGN_IN_SCOPES lacks the word openid, without which nobody's identity is told.")
    made = Way(
        kind=kind,
        label=said["label"] or provider.label or str(urlsplit(issuer).hostname),
        issuer=issuer,
        scopes=scopes,
        name_claim=said["name_claim"] or provider.name_claim,
        groups_claims=tuple(_words(said["groups_claim"] or provider.groups_claim)),
        allowed_groups=frozenset(_words(said["allowed_groups"])),
        operator_groups=frozenset(_words(said["operator_groups"])),
        operators=frozenset(word.lower() for word in _words(said["operators"])),
    )
    if provider.is_for_anybody and not made.allowed_groups:
        raise SettingsWrong(
            f"TERRA_SIGN_IN_ALLOWED_GROUPS is empty, and anybody can have an account at {made.label}: name the "
            "groups whose members may come in, or write * for the whole world."
        )
    if not made.operators and not made.operator_groups:
        raise SettingsWrong(
            "TERRA_SIGN_IN_OPERATORS and TERRA_SIGN_IN_OPERATOR_GROUPS are empty, so nobody could manage people: "
            "name at least one operator, or a group of them."
        )
    return made


def _refuse_leftovers(said: Mapping[str, str]) -> None:
    """Who names an issuer and forgets TERRA_SIGN_IN would believe that the form with passwords is gone."""
    given = [name for name in ("client_id", "issuer") if said[name]]
    if given:
        raise SettingsWrong(
            f"TERRA_SIGN_IN_{given[0].upper()} is set, but TERRA_SIGN_IN is {EMBEDDED}: "
            f"set it to one of {', '.join(PROVIDERS)}, or empty the other."
        )


def _check_issuer(issuer: str, near: str) -> None:
    shown = f"TERRA_SIGN_IN_ISSUER is {issuer!r}"
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise SettingsWrong(f"{shown}, which is no address: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise SettingsWrong(
            f"{shown}; give the provider's address as it calls itself, such as https://id.example.org/realms/lab, "
            "without anything behind ? or #."
        )
    if not is_safe(issuer, near):
        raise SettingsWrong(f"{shown}; with http:// everybody on the way could sign in as anybody. Use https://.")


def is_safe(address: str, near: str) -> bool:
    """Whether nobody on the way can read or change what is said with `address`: TLS, or it never leaves the machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and _stays_here(parts.hostname or "", near))


def _stays_here(host: str, near: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address in ipaddress.ip_network(near)


def _words(text: str) -> list[str]:
    """The parts of a list between commas; a group's name may hold blanks."""
    return [word for word in (part.strip() for part in text.split(",")) if word]
