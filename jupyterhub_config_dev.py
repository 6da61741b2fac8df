# ruff: noqa: F821 - what the Hub puts there when it reads this
"""The Hub outside compose (`make dev`): the deployment's configuration, and what differs on the machine itself."""

import os

c = get_config()
load_subconfig("jupyterhub_config.py")

here, data = os.environ["TERRA_DEV_ADDRESS"], os.environ["TERRA_DEV_DATA"]

c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = f"http://{here}:8081"
c.JupyterHub.db_url = f"sqlite:///{data}/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{data}/hub/cookie_secret"
c.ConfigurableHTTPProxy.api_url = os.environ["TERRA_DEV_PROXY_API"]
for service in c.JupyterHub.services:
    if "url" in service:
        service["url"] = f"http://{here}:8010"
