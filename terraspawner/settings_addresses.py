"""Where the parts of a deployment are found: addresses and names that follow from its settings."""

from __future__ import annotations

import hashlib
import ipaddress


class Addresses:
    """What `Settings` answer beside what stands in their table."""

    __slots__ = ()

    deployment: str
    bind: str
    port: int
    subdomain_host: str
    tls_certificate: str
    core_subnet: str
    users_subnet: str
    service_prefix: str
    live_mounts: str
    buckets: str
    outside_drives: str

    @property
    def callback_url(self) -> str:
        """Where an identity provider sends people back to."""
        return f"{self.address}/hub/oauth_callback"

    @property
    def address(self) -> str:
        """Where the browser finds the Hub and our service: scheme, host and port, without a slash at the end.

        Both are in one place, in every mode, so that their addresses stay the same ones; what users run is elsewhere as
        soon as there are subdomains.
        """
        scheme = "https" if self.tls_certificate else "http"
        return self.subdomain_host or f"{scheme}://{self.bind}:{self.port}"

    @property
    def mounts_buckets(self) -> bool:
        """Whether buckets are in an object store, and so have to be mounted for environments."""
        return self.buckets.startswith(("s3://", "az://", "gs://"))

    @property
    def mounts_drives(self) -> bool:
        """Whether people may connect drives from outside: the operator names some, and what is mounted reaches us."""
        return bool(self.outside_drives) and self.has_live_mounts

    @property
    def runs_mounts(self) -> bool:
        """Whether there is a service that mounts buckets or drives from outside."""
        return self.mounts_buckets or bool(self.outside_drives)

    @property
    def has_live_mounts(self) -> bool:
        """Whether what the mounter mounts reaches running environments."""
        return self.live_mounts == "yes"

    @property
    def has_safe_cookies(self) -> bool:
        """Whether cookies may be named ``__Host-``: nobody can plant one from a user's domain then.

        Browsers want TLS and the path ``/`` for that, which without subdomains would hand them to users' servers.
        """
        return self.subdomain_host.startswith("https://")

    @property
    def core_proxy_address(self) -> str:
        """Fixed address of the proxy on the network of hub and services."""
        return str(ipaddress.ip_network(self.core_subnet)[3])

    @property
    def users_network(self) -> str:
        """Docker's name of the environments' network."""
        return f"{self.deployment}-users"

    @property
    def users_bridge(self) -> str:
        """Linux name of the environments' bridge (at most 15 characters)."""
        return "tsp-" + hashlib.sha256(self.deployment.encode()).hexdigest()[:8]

    @property
    def users_gateway(self) -> str:
        return self._users_address(1)

    @property
    def hub_address(self) -> str:
        """Fixed address of the hub on the environments' network."""
        return self._users_address(2)

    @property
    def proxy_address(self) -> str:
        return self._users_address(3)

    @property
    def service_address(self) -> str:
        """Fixed address of the workspaces service on the environments' network."""
        return self._users_address(4)

    @property
    def api_prefix(self) -> str:
        """Path of the REST API, without a slash at its end."""
        return f"{self.service_prefix}api/v1"

    @property
    def environment_api_url(self) -> str:
        """The REST API as an environment reaches it."""
        return f"http://{self.service_address}:8010{self.api_prefix}"

    def _users_address(self, offset: int) -> str:
        return str(ipaddress.ip_network(self.users_subnet)[offset])
