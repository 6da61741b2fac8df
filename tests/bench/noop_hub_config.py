"""A stock Hub whose servers are ready by themselves: nothing is spawned or proxied, and none is asked whether it
answers."""

import json
import os

from jupyterhub.proxy import Proxy
from jupyterhub.spawner import Spawner
from jupyterhub.user import User


class NoOpSpawner(Spawner):
    """What it started runs until it is stopped."""

    is_stopped = False

    async def start(self):
        self.is_stopped = False
        return "http://127.0.0.1:1"

    async def poll(self):
        return 0 if self.is_stopped else None

    async def stop(self, now=False):
        self.is_stopped = True


class NoOpProxy(Proxy):
    """Remembers its routes."""

    should_start = False

    def __init__(self, **settings):
        super().__init__(**settings)
        self.routes = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes


async def _answers(self, spawner):
    """Of servers that are there already when the Hub starts."""


User._wait_up = _answers

c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = NoOpSpawner
c.JupyterHub.proxy_class = NoOpProxy
c.JupyterHub.allow_named_servers = True
c.JupyterHub.hub_bind_url = os.environ["NOOP_HUB_URL"]
c.JupyterHub.db_url = os.environ["NOOP_HUB_DATABASE"]
c.JupyterHub.init_spawners_timeout = 600  # it answers when it knows that all are ready
c.JupyterHub.cleanup_servers = False
c.NoOpSpawner.poll_interval = 0
c.JupyterHub.services = [
    {"name": name, "api_token": token} for name, token in json.loads(os.environ["NOOP_HUB_TOKENS"]).items()
]
c.JupyterHub.load_roles = [
    {
        # as the culler's own README wants it
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    },
    {
        # as `jupyterhub_config.py` has it
        "name": "workspaces-service",
        "scopes": ["list:users", "read:users:name", "read:servers", "start:servers", "delete:servers"],
        "services": ["workspaces"],
    },
]
