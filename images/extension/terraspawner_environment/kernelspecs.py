"""Kernels of the image first, the user's own (`ipykernel install --user`) after them.

The server reads no configuration from HOME, and with it would go the kernels a user registered there; a kernel is
no part of the server, so they are looked up where Jupyter puts them.
"""

from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import List, Unicode, default


class EnvironmentKernelSpecs(KernelSpecManager):
    """The image's kernelspecs win over the user's of the same name."""

    ensure_native_kernel = False
    kernel_dirs = List(Unicode())

    @default("kernel_dirs")
    def _kernel_dirs_default(self) -> list[str]:
        dirs: list[str] = super()._kernel_dirs_default()
        own = str(Path.home() / ".local/share/jupyter/kernels")
        return [*(folder for folder in dirs if folder != own), own]
