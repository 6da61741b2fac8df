"""What a deployment keeps on this machine, in ``.terraspawner/<deployment>/`` (0700, never in git).

``secrets.json``   tokens and keys, made once
``logins``         names and generated passwords, made once
``settings.env``   the settings that were given on the command line, so that the next ``make up`` changes nothing
``compose.env``    what docker-compose.yml is filled in with, and ``services.env`` settings for processes: no secrets
``tls/``           certificate and key of the proxy, for it alone
``catalogue/``     copies of files that settings name: sizes and images, drives from outside
``secrets/*.env``  one file per process with the secrets of that process, mounted into it: no container's
                   configuration holds any. They are readable to all, inside the folder that is closed to all
                   but its owner, because the processes run as users that this machine does not know.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

from terraspawner.deploy import bucket_store, catalogue, images, mounts, provider, site
from terraspawner.settings import HELP, Settings

ACCOUNTS = (("operator", True), ("ana", False), ("ben", False))
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105  no look-alikes
KEPT_FROM_SERVICES = ("database_url", "http_proxy", "https_proxy")
"""Settings that can hold a password: they travel with the secrets, to the processes that need them."""
OF_THIS_MACHINE = (
    "tls_certificate", "tls_key", "insecure_network", "registry", "upstream", "sign_in_client_secret_file",
 "sign_in_authorities_file", "buckets_credentials_file",
)  # fmt: skip
"""Settings for `make up` alone: no process has a use for them."""
CERTIFICATE, KEY = "certificate.pem", "key.pem"
TLS_FOLDER = "/run/secrets/tls"
CATALOGUE_FOLDER = "/run/catalogue"
"""Where hub and workspaces have the copies of `catalogue.NAMED`."""


class State:
    """The folder of one deployment."""

    def __init__(self, root: Path, deployment: str) -> None:
        self.folder = root / ".terraspawner" / deployment
        self.compose_env = self.folder / "compose.env"
        self.services_env = self.folder / "services.env"
        self.logins_file = self.folder / "logins"
        self.ca_bundle = self.folder / "ca-bundle.pem"

    def exists(self) -> bool:
        return (self.folder / "secrets.json").exists()

    def make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for name in ("secrets", "tls", "catalogue"):
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name).chmod(0o755)  # whatever the umask: a folder is mounted as it is

    def secrets(self) -> dict[str, str]:
        """Tokens and keys by the names of their settings; made at the first call, a newer version's at its first."""
        path = self.folder / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        made = {
            # the Hub takes tokens of up to 64 characters
            "service_token": secrets.token_hex(24),
            "culler_token": secrets.token_hex(24),
            "proxy_token": secrets.token_hex(24),
            "secret_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        } | kept
        if made != kept:
            write(path, json.dumps(made, indent=1), mode=0o600)
        return made

    def logins_for(self, settings: Settings) -> dict[str, str]:
        """Passwords by name; none where an identity provider signs people in, and makes their accounts."""
        return self.logins() if settings.way is None else {}

    def logins(self) -> dict[str, str]:
        """Passwords by name; made at the first call."""
        if not self.logins_file.exists():
            lines = "".join(f"{name} {_password()}\n" for name, _ in ACCOUNTS)
            write(self.logins_file, lines, mode=0o600)
        pairs = (line.split() for line in self.logins_file.read_text().splitlines() if line.strip())
        return dict(pairs)

    def remembered(self) -> dict[str, str]:
        return read_env(self.folder / "settings.env")

    def remember(self, given: Mapping[str, str]) -> None:
        write(self.folder / "settings.env", env_text(given), mode=0o600)


def load_settings(root: Path, environ: Mapping[str, str]) -> Settings:
    """Settings from `environ`, then what this deployment was given before, then defaults. Raises `SettingsWrong`."""
    deployment = Settings.from_environ({k: v for k, v in environ.items() if k == "TERRA_DEPLOYMENT"}).deployment
    return Settings.from_environ(_given(State(root, deployment), environ))


def remember_settings(state: State, environ: Mapping[str, str]) -> None:
    """Keep what was given. A variable that is given empty is forgotten."""
    state.remember({name: value for name, value in _given(state, environ).items() if value})


def _given(state: State, environ: Mapping[str, str]) -> dict[str, str]:
    return {**state.remembered(), **{name: environ[name] for name in HELP if name in environ}}


def complete_settings(state: State, settings: Settings, engine_root: Path, environ: Mapping[str, str]) -> Settings:
    """Fill in what this machine knows: secrets, where buckets and libraries lie, the site's authorities and proxies."""
    proxies = site.proxies(environ)
    filled = {
        **{
            name: tag
            for name, tag in (("image_python", images.PYTHON), ("image_r", images.R))
            if getattr(settings, name) == HELP[f"TERRA_{name.upper()}"][0]
        },
        **{name: value for name, value in state.secrets().items() if not getattr(settings, name)},
        "buckets_host_path": settings.buckets_host_path
        or str(engine_root / "volumes" / f"{settings.deployment}-buckets" / "_data"),
        "mounts_host_path": mounts.folder_of(settings, engine_root),
        "libraries_host_path": settings.libraries_host_path
        or str(engine_root / "volumes" / f"{settings.deployment}-libraries" / "_data"),
        "ca_bundle_host_path": settings.ca_bundle_host_path
        or (str(state.ca_bundle) if state.ca_bundle.exists() else ""),
        "http_proxy": settings.http_proxy or site.reachable_from_containers(proxies.get("HTTP_PROXY", "")),
        "https_proxy": settings.https_proxy or site.reachable_from_containers(proxies.get("HTTPS_PROXY", "")),
        "sign_in_client_secret": provider.client_secret(settings),
        "sign_in_authorities": provider.authorities(settings),
        "buckets_credentials": bucket_store.credentials(settings),
        "no_proxy": settings.no_proxy or proxies.get("NO_PROXY", ""),
    }
    return replace(settings, **filled)  # type: ignore[arg-type]


def write_environment(state: State, settings: Settings, machine: Mapping[str, str]) -> bool:
    """Write the files for compose. `machine` are further values for docker-compose.yml.

    Returns whether a secret changed: compose does not see that, so its processes must be made anew.
    """
    write(
        state.compose_env,
        env_text({**compose_values(settings), **machine, "TERRA_STATE": str(state.folder)}),
        mode=0o600,
    )
    write(state.services_env, env_text(service_values(settings)), mode=0o600)
    changed = [
        write(state.folder / "secrets" / f"{name}.env", _shell_text(values), mode=0o444)
        for name, values in secret_values(settings).items()
    ]
    return any([*changed, _write_tls(state, settings), _write_named(state, settings)])


def _write_tls(state: State, settings: Settings) -> bool:
    """Copy certificate and key to where the proxy alone has them; returns whether one changed.

    The copies are readable to all, in a folder that is closed to all: the proxy's user may not read root's files.
    """
    wanted = {CERTIFICATE: settings.tls_certificate, KEY: settings.tls_key}
    changed = []
    for name, source in wanted.items():
        copy = state.folder / "tls" / name
        if source:
            changed.append(write(copy, Path(source).read_text(), mode=0o444))
        else:
            copy.unlink(missing_ok=True)
    return any(changed)


def _write_named(state: State, settings: Settings) -> bool:
    """Copy files that settings name to where hub and workspaces read them when they start; returns whether one
    changed."""
    changed = []
    for name, file in catalogue.NAMED.items():
        copy = state.folder / "catalogue" / file
        if getattr(settings, name):
            changed.append(write(copy, catalogue.text_of(settings, name), mode=0o444))
        else:
            copy.unlink(missing_ok=True)
    return any(changed)


def proxy_options(settings: Settings) -> str:
    """Words for configurable-http-proxy, separated by blanks."""
    tls = [f"--ssl-cert={TLS_FOLDER}/{CERTIFICATE}", f"--ssl-key={TLS_FOLDER}/{KEY}"]
    options = [*(tls if settings.tls_certificate else []), *(["--host-routing"] if settings.subdomain_host else [])]
    return " ".join(options)


def compose_values(settings: Settings) -> dict[str, str]:
    """What docker-compose.yml needs, computed from settings. Dynamic addresses come from a network's upper half."""
    core, users = ipaddress.ip_network(settings.core_subnet), ipaddress.ip_network(settings.users_subnet)
    return {
        "TERRA_DEPLOYMENT": settings.deployment,
        "COMPOSE_PROFILES": "mounts" if settings.runs_mounts else "",
        "TERRA_BIND": settings.bind,
        "TERRA_PORT": str(settings.port),
        "TERRA_PROXY_OPTIONS": proxy_options(settings),
        "TERRA_PROXY_SCHEME": "https" if settings.tls_certificate else "http",
        "TERRA_CORE_SUBNET": str(core),
        "TERRA_CORE_RANGE": str(list(core.subnets())[1]),
        "TERRA_CORE_GATEWAY": str(core[1]),
        "TERRA_CORE_HUB": str(core[2]),
        "TERRA_CORE_PROXY": settings.core_proxy_address,
        "TERRA_CORE_SERVICE": str(core[4]),
        "TERRA_USERS_SUBNET": str(users),
        "TERRA_USERS_RANGE": str(list(users.subnets())[1]),
        "TERRA_USERS_BRIDGE": settings.users_bridge,
        "TERRA_USERS_GATEWAY": settings.users_gateway,
        "TERRA_USERS_HUB": settings.hub_address,
        "TERRA_USERS_PROXY": settings.proxy_address,
        "TERRA_USERS_SERVICE": settings.service_address,
        "TERRA_MOUNTS_HOST_PATH": settings.mounts_host_path,
    }


def service_values(settings: Settings) -> dict[str, str]:
    """Every setting that is no secret, for all processes."""
    left_out = {*KEPT_FROM_SERVICES, *OF_THIS_MACHINE}
    kept = [item.name for item in fields(Settings) if not item.metadata["secret"] and item.name not in left_out]
    values = {f"TERRA_{name.upper()}": str(getattr(settings, name)) for name in kept}
    named = {name: f"{CATALOGUE_FOLDER}/{file}" for name, file in catalogue.NAMED.items() if getattr(settings, name)}
    values |= {f"TERRA_{name.upper()}": path for name, path in named.items()}
    return {name: value for name, value in values.items() if value}


def secret_values(settings: Settings) -> dict[str, dict[str, str]]:
    """Process -> its secrets. Nobody gets more than he needs."""
    both = {
        "TERRA_SERVICE_TOKEN": settings.service_token,
        "TERRA_SECRET_KEY": settings.secret_key,
        "TERRA_DATABASE_URL": settings.database_url,
    }
    proxies = {"TERRA_HTTP_PROXY": settings.http_proxy, "TERRA_HTTPS_PROXY": settings.https_proxy}
    store = {"TERRA_BUCKETS_CREDENTIALS": settings.buckets_credentials}
    client = {
        "TERRA_SIGN_IN_CLIENT_SECRET": settings.sign_in_client_secret,
        "TERRA_SIGN_IN_AUTHORITIES": settings.sign_in_authorities,
    }
    return {
        "proxy": {"CONFIGPROXY_AUTH_TOKEN": settings.proxy_token},
        "workspaces": {**both, **{k: v for k, v in store.items() if v}},
        "mounts": {k: v for k, v in store.items() if v},
        "culler": {"TERRA_CULLER_TOKEN": settings.culler_token},
        "hub": {
            **both,
            "TERRA_CULLER_TOKEN": settings.culler_token,
            "TERRA_PROXY_TOKEN": settings.proxy_token,
            **{k: v for k, v in {**proxies, **client}.items() if v},
        },
    }


def accounts_json(logins: Mapping[str, str]) -> str:
    """Input of ``python -m terraspawner accounts ensure``."""
    return json.dumps([{"name": n, "password": logins[n], "operator": o} for n, o in ACCOUNTS if n in logins])


def env_text(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def read_env(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def write(path: Path, text: str, *, mode: int) -> bool:
    """Write `text` whole, with `mode` from the first byte. False, and nothing touched, when it is there already."""
    if path.exists() and path.read_text() == text:
        return False
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.chmod(mode)
    temporary.replace(path)
    return True


def _shell_text(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _password() -> str:
    return "-".join("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(4))
