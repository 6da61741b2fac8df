"""terraspawner: notebook environments for research groups, one JupyterHub deployment."""

__version__ = "0.1.0"
