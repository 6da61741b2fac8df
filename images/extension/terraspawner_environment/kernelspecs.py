"""Kernels of the image first, the user's own after them: registered ones and virtual environments on the disk.

The server reads no configuration from HOME, and with it would go the kernels a user registered there
(`ipykernel install --user`); a kernel is no part of the server, so they are looked up where Jupyter puts them.
"""

from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from traitlets import Instance, List, Unicode, default

from terraspawner_environment.virtualenvs import VirtualEnvironment, VirtualEnvironments

NATIVE = "python3"


class EnvironmentKernelSpecs(KernelSpecManager):
    """The image's kernelspecs win over the user's of the same name."""

    ensure_native_kernel = False
    kernel_dirs = List(Unicode())
    virtual_environments = Instance(VirtualEnvironments)

    @default("kernel_dirs")
    def _kernel_dirs_default(self) -> list[str]:
        dirs: list[str] = super()._kernel_dirs_default()
        own = str(Path.home() / ".local/share/jupyter/kernels")
        return [*(folder for folder in dirs if folder != own), own]

    @default("virtual_environments")
    def _virtual_environments_default(self) -> VirtualEnvironments:
        return VirtualEnvironments(Path.home())

    def find_kernel_specs(self) -> dict[str, str]:
        """Kernel name -> folder of its logos."""
        specs: dict[str, str] = super().find_kernel_specs()
        on_disk = self.virtual_environments.look()
        if self.virtual_environments.left_out:
            self.log.warning("The home folder is large: not all of it was searched for virtual environments.")
        return {item.kernel_name: specs.get(NATIVE, "") for item in on_disk} | specs

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        for item in self.virtual_environments.look():
            if item.kernel_name == kernel_name:
                return self._spec_of(item)
        return super().get_kernel_spec(kernel_name)

    def _spec_of(self, item: VirtualEnvironment) -> KernelSpec:
        """As the image's own Python kernel, with another interpreter and its variables."""
        native = super().get_kernel_spec(NATIVE)
        return KernelSpec(
            argv=["/opt/terra/bin/expendable", item.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name=item.display_name,
            language="python",
            env={**native.env, **item.variables()},
            metadata={"debugger": True},
            resource_dir=native.resource_dir,
        )
