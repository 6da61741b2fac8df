"""The Hub of a terraspawner deployment: wiring only. Settings come from the environment (README, Settings)."""

import hashlib
from pathlib import Path

from jupyterhub.utils import subdomain_hook_idna as subdomain_of

import terraspawner
from terraspawner import wiring
from terraspawner.containers import engine_socket
from terraspawner.server_names import refuse_names_of_no_workspace

settings = wiring.settings_from_environ()

c = get_config()


def _domain_of(name: str, domain: str, kind: str) -> str:
    """A user's servers are below the Hub's domain; our service stays beside the Hub, at one address in every mode."""
    return domain if kind == "service" else subdomain_of(name, domain, kind)


# --- people ---
c.JupyterHub.authenticator_class = {
    "embedded": "terraspawner.authenticator.EmbeddedAuthenticator",
    "github": "terraspawner.sign_in.github.GitHubSignIn",
}.get(settings.sign_in, "terraspawner.sign_in.openid.OpenIdSignIn")
c.Authenticator.allow_all = True  # whoever has an account; ours are the only ones
# seals an identity provider's tokens in the Hub's database
c.CryptKeeper.keys = [hashlib.sha256(f"provider's tokens\n{settings.secret_key}".encode()).digest()]
c.JupyterHub.load_roles = [
    {
        "name": "user",
        "description": "Everyone: their own servers, and the workspaces",
        "scopes": ["self", "access:services!service=workspaces"],
    },
    {
        # never the Hub's own admin role: it contains access to everybody's servers
        "name": "operator",
        "description": "See and stop environments, open none",
        "scopes": [
            "admin-ui",
            "list:users",
            "read:users",
            "read:servers",
            "delete:servers",
            "read:groups",
            "list:groups",
            "read:metrics",
        ],
        "groups": ["terraspawner-operators"],
    },
    {
        "name": "workspaces-service",
        "scopes": ["list:users", "read:users:name", "read:servers", "start:servers", "delete:servers"],
        "services": ["workspaces"],
    },
]

# --- environments ---
engine_socket.end_with()
c.JupyterHub.spawner_class = "terraspawner.spawner.TerraSpawner"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = refuse_names_of_no_workspace
c.JupyterHub.default_url = settings.service_prefix
if settings.subdomain_host:
    c.JupyterHub.subdomain_host = settings.subdomain_host
    c.JupyterHub.subdomain_hook = _domain_of
    c.JupyterHub.cookie_host_prefix_enabled = settings.has_safe_cookies
c.JupyterHub.cleanup_servers = False
c.JupyterHub.init_spawners_timeout = 5
c.JupyterHub.concurrent_spawn_limit = 0  # the spawner has a queue of its own: TERRA_STARTS_AT_ONCE
c.Spawner.default_url = "/lab"
c.Spawner.poll_interval = 10
c.Spawner.http_timeout = 30
c.Spawner.hub_connect_url = f"http://{settings.hub_address}:8081"

# --- its pages ---
c.JupyterHub.template_paths = [str(Path(terraspawner.__file__).parent / "web" / "hub_templates")]
c.JupyterHub.template_vars = {"workspaces_url": settings.service_prefix}

# --- the Hub itself ---
c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
c.JupyterHub.hub_connect_url = "http://hub:8081"
c.JupyterHub.bind_url = "http://0.0.0.0:8000"
c.JupyterHub.db_url = "sqlite:////srv/terra/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/terra/hub/cookie_secret"
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.proxy_class = "terraspawner.settling.Proxy"
c.ConfigurableHTTPProxy.should_start = False
# a proxy that was restarted knows no route: the Hub puts them back when it looks, by itself only every 300 s
c.JupyterHub.last_activity_interval = 20
c.ConfigurableHTTPProxy.auth_token = settings.proxy_token
c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"  # resolves to the core network alone

# --- our services, external processes ---
c.JupyterHub.services = [
    {
        "name": "workspaces",
        "url": "http://workspaces:8010",
        "api_token": settings.service_token,
        "oauth_no_confirm": True,
        "oauth_client_id": "service-workspaces",
        "oauth_redirect_uri": f"{settings.service_prefix}oauth_callback",
        "display": True,
    },
    # known by its name and token; it has no role, as it asks our service for everything and the Hub for nothing
    {"name": "culler", "api_token": settings.culler_token, "display": False},
]
