"""Starts, pauses, resumes and stops beside the stock spawner, memory of an idle server, sizes of the images."""

from __future__ import annotations

import os

from deployment import deployed
from terraspawner.deploy import images
from tests.bench import report, sections, sizes, stock_hub
from tests.bench.rounds import measure
from tests.bench.sides import OurSide, StockSide

ROUNDS = 8


def section(rounds: int | None) -> str:
    """One more round warms up."""
    circumstances, count = sections.Circumstances(), rounds or ROUNDS
    stock_image = stock_hub.ensure_image(os.environ)
    plain = stock_hub.StockHub("tsp-stock-a", stock_image, images.HUB, command=stock_hub.OWN_COMMAND)
    on_ours = stock_hub.StockHub("tsp-stock-b", images.PYTHON, images.HUB, command=stock_hub.OUR_COMMAND)
    with deployed("tsp-bench", 160) as deployment, plain.running() as plain_hub, on_ours.running() as our_image_hub:
        ana = deployment.person("ana")
        sides = [
            StockSide(report.STOCK, plain, plain_hub),
            StockSide(report.STOCK_ON_OURS, on_ours, our_image_hub),
            OurSide(report.OURS, ana),
        ]
        figures = measure(sides, count)
        size_tables = sizes.tables(deployment.docker, ours=images.PYTHON, stock=stock_image)
        return report.section(circumstances, deployment.docker.version(), count, figures, size_tables)
