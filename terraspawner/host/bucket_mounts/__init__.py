"""Mounts the buckets of object stores and drives from outside, as files. `__main__` says how it stands."""
