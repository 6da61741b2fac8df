"""A stock Hub with the stock DockerSpawner: what the bench holds ours against."""

import json
import os

c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.JupyterHub.allow_named_servers = True
c.JupyterHub.bind_url = "http://0.0.0.0:8000"
c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
c.JupyterHub.hub_connect_url = f"http://{os.environ['STOCK_HUB_ADDRESS']}:8081"
c.JupyterHub.db_url = "sqlite:////tmp/stock.sqlite"
c.JupyterHub.cookie_secret_file = "/tmp/stock_cookie_secret"
c.JupyterHub.services = [{"name": "bench", "api_token": os.environ["STOCK_TOKEN"]}]
c.JupyterHub.load_roles = [
    {"name": "bench", "scopes": ["admin:users", "admin:servers", "access:servers"], "services": ["bench"]}
]
c.DockerSpawner.image = os.environ["STOCK_IMAGE"]
c.DockerSpawner.prefix = os.environ["STOCK_PREFIX"]
c.DockerSpawner.network_name = os.environ["STOCK_NETWORK"]
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.volumes = {"{prefix}-pd-{username}-{servername}": "/home/jupyter"}
c.DockerSpawner.extra_create_kwargs = {"labels": {"terraspawner.deployment": os.environ["STOCK_PREFIX"]}}
program, arguments = json.loads(os.environ["STOCK_COMMAND"])
if program:  # our image's entry script wants a start file, which the stock spawner does not write
    c.DockerSpawner.extra_create_kwargs |= {"user": "1000", "entrypoint": program}
    c.DockerSpawner.cmd = arguments
# same limits as ours
c.DockerSpawner.mem_limit = "1G"
c.DockerSpawner.cpu_limit = 1.0


def remove_when_named_so(spawner):
    """Servers named r… are removed at a stop, the others are kept."""
    spawner.remove = spawner.name.startswith("r")


c.Spawner.pre_spawn_hook = remove_when_named_so
