"""How the service is served to the proxy, which keeps its connections for the next request."""

from __future__ import annotations

from fastapi import FastAPI

from terraspawner.web.__main__ import config_of

AS_THE_HUB = 3600
"""Seconds that Tornado, which serves the Hub and JupyterLab, leaves a connection that rests."""


def test_a_connection_that_rests_is_not_closed_under_a_request() -> None:
    assert config_of(FastAPI()).timeout_keep_alive >= AS_THE_HUB
