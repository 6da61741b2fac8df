"""The host service: power over this machine behind a unix socket; ids in, facts out. Also the network's guard."""
