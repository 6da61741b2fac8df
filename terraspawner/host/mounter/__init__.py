"""The mounter: mounts what environments see, views of drives and disks. `__main__` says how it stands."""
