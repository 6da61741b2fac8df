"""A stock Hub with the stock DockerSpawner on our image: what the bench holds ours against."""

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
c.JupyterHub.load_roles = [{"name": "bench", "scopes": ["admin:users", "admin:servers"], "services": ["bench"]}]
c.DockerSpawner.image = os.environ["STOCK_IMAGE"]
c.DockerSpawner.prefix = os.environ["STOCK_PREFIX"]
c.DockerSpawner.network_name = os.environ["STOCK_NETWORK"]
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.volumes = {"{prefix}-pd-{username}-{servername}": "/home/jupyter"}
c.DockerSpawner.cmd = ["--ip=0.0.0.0", "--port=8888", "--config=/opt/terra/etc/jupyter_server_config.py"]
c.DockerSpawner.extra_create_kwargs = {
    "user": "1000",
    "entrypoint": ["/usr/bin/tini", "--", "/opt/terra/server/bin/python", "-I", "-m", "jupyterhub.singleuser"],
    "labels": {"terraspawner.deployment": os.environ["STOCK_PREFIX"]},
}
# same limits as ours
c.DockerSpawner.mem_limit = "1G"
c.DockerSpawner.cpu_limit = 1.0


def remove_when_named_so(spawner):
    """Servers named r… are removed at a stop, the others are kept."""
    spawner.remove = spawner.name.startswith("r")


c.Spawner.pre_spawn_hook = remove_when_named_so
