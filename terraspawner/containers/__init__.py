"""Containers: the pure plan of one, and the Engine's door for what is not the spawner's."""
