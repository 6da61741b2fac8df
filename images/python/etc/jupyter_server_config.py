"""Settings of the server in an environment. Root's file, read-only: the user's own configuration is not read."""

import os
from pathlib import Path

c = get_config()  # noqa: F821  (given by traitlets)

home = Path(os.environ.get("HOME", "/home/jupyter"))

c.ServerApp.root_dir = str(home)
c.ServerApp.default_url = "/lab"
c.ServerApp.open_browser = False
# The server remembers the Hub's word on a browser for so many seconds; stock is five minutes, in which a session that
# was ended by a new password would go on.
c.HubOAuth.cache_max_age = 10
c.ServerApp.contents_manager_class = "terraspawner_environment.recorded.RecordedContentsManager"
# What cells put out is kept while no browser shows it.
c.ServerApp.kernel_websocket_connection_class = "terraspawner_environment.connection.RecordedConnection"
c.ServerApp.kernel_spec_manager_class = "terraspawner_environment.kernelspecs.EnvironmentKernelSpecs"
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash", "-l"]}
c.ServerApp.max_body_size = 512 * 1024 * 1024
c.ServerApp.max_buffer_size = 512 * 1024 * 1024

# Nothing is asked of the world outside: no news, no update check, no package index for extensions.
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
# Lab's user settings and window layouts are the user's data, not configuration of the server.
c.LabServerApp.user_settings_dir = c.LabApp.user_settings_dir = str(home / ".jupyter/lab/user-settings")
c.LabServerApp.workspaces_dir = c.LabApp.workspaces_dir = str(home / ".jupyter/lab/workspaces")

# A container is stopped with 10 s of grace: the extension's last upload has 5 s, the kernels get the rest.
c.KernelManager.shutdown_wait_time = 2.0
