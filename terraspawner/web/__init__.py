"""The `workspaces` service: pages and REST. A door: it translates and decides nothing."""
