"""Every setting of a deployment in one table: name, default, meaning.

Settings come from the environment as ``TERRA_<NAME>`` and are read once, by a main. The README's table is
generated from :data:`HELP` and held to it by a test. Standard library only: the set-up program reads this too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from terraspawner import __version__, providers
from terraspawner.errors import SettingsWrong
from terraspawner.settings_addresses import Addresses
from terraspawner.settings_checks import (
    check_buckets,
    check_buckets_options,
    check_culler_seconds,
    check_data_disk_limit,
    check_disks,
    check_image_names,
    check_live_mounts,
    check_rules,
    check_subdomain_host,
    check_tls,
    check_trash_days,
)

MIB = 1024 * 1024
NETWORK_IS_TRUSTED = "everybody on this network trusts everybody else"
"""What TERRA_INSECURE_NETWORK must say, word for word: nobody sets it by the way."""
_DEPLOYMENT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def _setting(default: object, help_text: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help_text, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Addresses):
    """The settings of one deployment, checked. Durations in seconds, sizes in bytes."""

    deployment: str = _setting("terraspawner", "Name of this deployment; several can live on one machine.")
    bind: str = _setting("127.0.0.1", "Address of this machine that the proxy's port is published on.")
    port: int = _setting(8000, "Port that people open in the browser.")
    subdomain_host: str = _setting(
        "",
        "Address in the browser that gives each user a domain of their own below it: `https://lab.example.org`, "
        "with `ana.lab.example.org` for ana.",
    )
    tls_certificate: str = _setting("", "File with the proxy's certificate chain (PEM); `make up` hands it over.")
    tls_key: str = _setting("", "File with the key of that certificate (PEM).")
    insecure_network: str = _setting(
        "", f"The sentence `{NETWORK_IS_TRUSTED}`, to be reached by other machines without TLS and subdomains."
    )
    registry: str = _setting(
        "",
        "Registry that `make push` puts the images into and `make up` takes them from, with what their names begin "
        "with: `registry.example.org/terraspawner`.",
    )
    upstream: str = _setting(
        "debian:trixie-slim", "Where Debian is pulled from for the base image, when that is made for the first time."
    )
    core_subnet: str = _setting("172.31.239.0/24", "Network of proxy, hub and services.")
    users_subnet: str = _setting("172.31.240.0/20", "Network of the environments.")
    database_url: str = _setting(
        "sqlite:////srv/terra/db/terraspawner.sqlite",
        "SQLAlchemy URL of our own database (never the Hub's):"
        " this, or `postgresql://user:password@host/name`, which the containers must reach.",
    )
    buckets: str = _setting(
        "file:///srv/terra/buckets",
        "Where the workspaces' buckets are: `file:///folder`, `s3://bucket/prefix`, `az://container/prefix` or "
        "`gs://bucket/prefix`, see *Buckets in an object store*.",
    )
    buckets_endpoint: str = _setting(
        "", "URL of an object store that is not the cloud's own, such as `https://store.example.org:9000`."
    )
    buckets_region: str = _setting("", "Region of that store, where it has some.")
    buckets_credentials_file: str = _setting(
        "",
        "File with credentials for it, as lines `NAME=value` by the cloud's own names, or a Google service account's "
        "JSON; `make up` hands it over. Empty: the platform's own chain.",
    )
    buckets_credentials: str = _setting("", "The same, filled in by `make up`.", secret=True)
    buckets_timeout: float = _setting(8.0, "Seconds after which a request to it that has no answer is given up.")
    buckets_cache: int = _setting(
        10 * 1024 * MIB,
        "Bytes of each bucket in an object store that are kept on this machine because they were written lately; what "
        "is not in the store yet is kept in any case.",
    )
    buckets_host_path: str = _setting("", "The same folder as the Docker Engine sees it; found by `make up`.")
    libraries: str = _setting("file:///srv/terra/libraries", "Folder in which the libraries of the drives are.")
    libraries_host_path: str = _setting("", "The same folder as the Docker Engine sees it; found by `make up`.")
    hub_api_url: str = _setting("http://hub:8081/hub/api", "The Hub's REST API as the services reach it.")
    service_prefix: str = _setting("/services/workspaces/", "URL prefix of the workspaces service.")
    host_socket: str = _setting("/srv/terra/run/host.sock", "Unix socket of the host service.")
    mounter_socket: str = _setting("/srv/terra/run/mounter.sock", "Unix socket of the mounter.")
    mounts_socket: str = _setting(
        "/srv/terra/run/mounts.sock", "Unix socket of the service that mounts buckets and drives."
    )
    mounts_host_path: str = _setting(
        "", "Folder of this machine in which the mounter mounts what environments see; found by `make up`."
    )
    live_mounts: str = _setting(
        "",
        "Whether what is mounted there reaches running environments: `yes` or `no`; found out by `make up`. With `no` "
        "what is shared on a drive appears at the next start.",
    )
    image_python: str = _setting(f"terraspawner/python:{__version__}", "Image of a Python environment.")
    image_r: str = _setting(f"terraspawner/r:{__version__}", "Image of an R environment; it runs Python notebooks too.")
    start_timeout: int = _setting(120, "Seconds that an environment may take to answer after its start.")
    starts_at_once: int = _setting(
        4, "Starts under way at once; others wait for their turn. Twice the machine's processors is a good number."
    )
    script_timeout: int = _setting(600, "Seconds that a startup script may take.")
    settle_timeout: int = _setting(
        10,
        "Seconds that an environment gets before a pause or a freeze, while its address still answers, to have open "
        "tabs save and to send everything to the workspace.",
    )
    stop_timeout: int = _setting(20, "Seconds that an environment gets to save and end at a pause.")
    link_lifetime: int = _setting(72 * 3600, "Seconds that a one-time link for setting a password is good for.")
    sign_in: str = _setting(
        providers.EMBEDDED, "How people sign in: `embedded`, `oidc`, `github`, `google`, `globus` or `ebrains`."
    )
    sign_in_client_id: str = _setting("", "Client id that the identity provider has for this deployment.")
    sign_in_client_secret_file: str = _setting("", "File with the client's secret; `make up` hands it over.")
    sign_in_client_secret: str = _setting("", "The client's secret itself, where it is in no file.", secret=True)
    sign_in_authorities_file: str = _setting(
        "", "File with the authority (PEM) that signs the provider's certificate, where it is the site's own."
    )
    sign_in_authorities: str = _setting("", "The same as PEM, filled in by `make up`.", secret=True)
    sign_in_issuer: str = _setting("", "The OpenID provider's address; for `github` that of a GitHub Enterprise.")
    sign_in_label: str = _setting("", "What the provider is called on the button.")
    sign_in_scopes: str = _setting("", "Scopes that are asked for, instead of the provider's usual ones.")
    sign_in_name_claim: str = _setting("", "Claim that is the user name, instead of the provider's usual one.")
    sign_in_groups_claim: str = _setting(
        "", "Claims of the user info with the person's groups, with commas between; `roles.team` is `team` in `roles`."
    )
    sign_in_allowed_groups: str = _setting(
        "", "Groups whose members may sign in, with commas between; `*` is everybody who has an account there."
    )
    sign_in_operator_groups: str = _setting("", "Groups whose members are operators, with commas between.")
    sign_in_operators: str = _setting("", "User names of operators, with commas between.")
    sign_in_refresh: int = _setting(
        300, "Seconds after which the provider is asked again about a person who is signed in."
    )
    notebook_limit: int = _setting(50 * MIB, "Largest notebook in bytes.")
    file_limit: int = _setting(
        50 * 1024 * MIB,
        "Largest data file in bytes that is taken through the browser and the API; environments write"
        " into the bucket without this bound.",
    )
    cpu_limit: float = _setting(1.0, "CPU cores of an environment of the standard size.")
    memory_limit: int = _setting(2048 * MIB, "Memory of an environment of the standard size, in bytes.")
    catalogue: str = _setting(
        "",
        "File (TOML) with the sizes and images that people choose from, see *Sizes and images*; `make up` hands it "
        "over. Empty: the one that comes with terraspawner.",
    )
    outside_drives: str = _setting(
        "",
        "File (TOML) with the drives from outside that people may connect as libraries, see *Drives from outside*; "
        "`make up` hands it over. Empty: none.",
    )
    pids_limit: int = _setting(512, "Processes and threads of an environment.")
    disks: str = _setting(
        "volume",
        "What new disks are: `volume`, plain volumes whose size is watched and warned of, or `image`, whose size is a "
        "real limit and is set aside on this machine at once. Those that there are stay what they are.",
    )
    disk_size: int = _setting(50 * 1024 * MIB, "Size of a persistent disk in bytes.")
    disk_limit: int = _setting(500 * 1024 * MIB, "Size in bytes up to which people may enlarge a persistent disk.")
    data_disk_limit: int = _setting(
        2048 * 1024 * MIB,
        "Size in bytes up to which people may have a data disk beside the home folder; 0: none.",
    )
    disk_look: int = _setting(600, "Seconds after which it is measured again how full a disk in use is.")
    trash_days: float = _setting(
        14,
        "Days for which what was deleted (environments, disks, notebooks, files, libraries, workspaces) can be "
        "restored; 0: none.",
    )
    idle: int = _setting(1800, "Seconds without human input and without work after which an environment is stopped.")
    idle_least: int = _setting(600, "The fewest seconds that people may choose for that.")
    idle_most: int = _setting(24 * 3600, "The most seconds that people may choose for that.")
    idle_off: str = _setting("forbidden", "Whether people may turn that off: `forbidden` or `allowed`.")
    at_idle: str = _setting("freeze-then-pause", "What happens then: `freeze-then-pause` or `pause`.")
    drive_idle: int = _setting(
        12 * 3600,
        "Seconds without human input and without work after which the environment of a drive workspace is stopped and "
        "destroyed with its disk; what is on the drive stays.",
    )
    busy_cap: int = _setting(
        24 * 3600, "Seconds after which work without human input is paused; so long a daily stop waits for it, at most."
    )
    busy_grace: int = _setting(1800, "Seconds for which what has worked is left alone afterwards, at least.")
    frozen_most: int = _setting(2 * 3600, "Seconds after which a frozen environment is paused.")
    memory_reserve: int = _setting(5, "Per cent of memory left below which what was frozen first is paused; 0: none.")
    age_most: int = _setting(0, "Seconds after its start when an environment is paused in any case; 0 is never.")
    age_force: str = _setting(
        "no", "Whether that age waits for no work: `yes` or `no`, then it does up to TERRA_BUSY_CAP."
    )
    dormancy: int = _setting(90 * 86400, "Seconds paused after which an environment goes into the trash; 0 is never.")
    dormancy_least: int = _setting(7 * 86400, "The fewest seconds that people may choose for that.")
    dormancy_most: int = _setting(366 * 86400, "The most seconds that people may choose for that.")
    dormancy_off: str = _setting("forbidden", "Whether people may turn that off: `forbidden` or `allowed`.")
    keep_alive_most: int = _setting(
        12 * 3600, "Seconds for which people may keep an environment alive at a time, at most; 0: not at all."
    )
    culler_seconds: int = _setting(30, "Seconds between two sweeps of the culler, from 1 to 60.")
    culler_service_url: str = _setting("http://workspaces:8010", "Where the culler reaches the workspaces service.")
    autostart: str = _setting(
        "everybody", "Whose environments may start by themselves at a time of day: `everybody`, `owners` or `nobody`."
    )
    price_running: float = _setting(0.06, "Price of a running environment of the standard size in dollars per hour.")
    price_frozen: float = _setting(
        0.02, "Price of a frozen environment in dollars per hour: it keeps its memory and uses no CPU."
    )
    price_paused: float = _setting(0.0, "Price of a paused environment in dollars per hour, without its disk.")
    price_disk: float = _setting(2.0, "Price of 50 GiB of persistent disk in dollars per month.")
    ca_bundle_host_path: str = _setting("", "File of certificate authorities that environments trust.")
    http_proxy: str = _setting("", "HTTP proxy for environments.")
    https_proxy: str = _setting("", "HTTPS proxy for environments.")
    no_proxy: str = _setting("", "Hosts that environments reach without a proxy.")
    service_token: str = _setting("", "Hub token of the workspaces service; made by `make up`.", secret=True)
    culler_token: str = _setting("", "Hub token of the culler; made by `make up`.", secret=True)
    proxy_token: str = _setting("", "Token between hub and proxy; made by `make up`.", secret=True)
    secret_key: str = _setting("", "Key that seals kept tokens and sessions; made by `make up`.", secret=True)

    def __post_init__(self) -> None:
        if not _DEPLOYMENT.fullmatch(self.deployment):
            raise SettingsWrong(
                f"TERRA_DEPLOYMENT is {self.deployment!r}; use lower-case letters, digits and single hyphens."
            )
        if self.starts_at_once < 1:
            raise SettingsWrong(f"TERRA_STARTS_AT_ONCE is {self.starts_at_once}; at least one start must be possible.")
        check_live_mounts(self.live_mounts)
        check_buckets(self.buckets)
        check_buckets_options(self.buckets_endpoint, self.buckets_timeout)
        check_culler_seconds(self.culler_seconds)
        check_trash_days(self.trash_days)
        check_data_disk_limit(self.data_disk_limit)
        check_disks(self.disks, self.disk_size)
        check_rules(self)
        check_image_names(self.registry, self.upstream)
        for name in ("core_subnet", "users_subnet"):
            try:
                ipaddress.ip_network(getattr(self, name))
            except ValueError as error:
                raise SettingsWrong(f"TERRA_{name.upper()} is not a network: {error}.") from error
        if self.subdomain_host:
            check_subdomain_host(self.subdomain_host)
        check_tls(self.tls_certificate, self.tls_key, self.subdomain_host)
        if self.sign_in_refresh < 1:
            raise SettingsWrong(f"TERRA_SIGN_IN_REFRESH is {self.sign_in_refresh}; it is a second at least.")
        _ = self.way
        if self.insecure_network not in ("", NETWORK_IS_TRUSTED):
            raise SettingsWrong(f"TERRA_INSECURE_NETWORK takes one sentence only: {NETWORK_IS_TRUSTED}")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``TERRA_*`` from `environ`. Empty means unset. Raises `SettingsWrong` with the setting's name."""
        values: dict[str, object] = {}
        for item in fields(cls):
            text = environ.get(f"TERRA_{item.name.upper()}", "")
            if text:
                values[item.name] = _parse(item.name, type(item.default), text)
        return cls(**values)  # type: ignore[arg-type]

    @property
    def way(self) -> providers.Way | None:
        """The identity provider's way to sign in; None where the embedded form is."""
        said = {item.name.removeprefix("sign_in").lstrip("_"): item.name for item in fields(self)}
        names = {
            short: name for short, name in said.items() if name.startswith("sign_in") and name != "sign_in_refresh"
        }
        return providers.way_of({short: getattr(self, name) for short, name in names.items()}, near=self.core_subnet)


HELP: dict[str, tuple[str, str]] = {
    f"TERRA_{item.name.upper()}": ("" if item.metadata["secret"] else str(item.default), item.metadata["help"])
    for item in fields(Settings)
}
"""Environment variable -> (default, meaning), in the order of the table."""


def _parse(name: str, kind: type, text: str) -> object:
    try:
        return kind(text)
    except ValueError as error:
        raise SettingsWrong(f"TERRA_{name.upper()} is {text!r}; it must be a {kind.__name__}.") from error
