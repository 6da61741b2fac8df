"""Mounts the buckets of object stores, so that environments have their data as files. `__main__` says how it stands."""
