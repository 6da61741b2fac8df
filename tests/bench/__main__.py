"""All measurements: ``make bench``. Prints the tables and writes them to RESULTS.md."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from deployment import deployed
from terraspawner.deploy import images
from tests.bench import report, sizes, stock_hub
from tests.bench.rounds import measure
from tests.bench.sides import OurSide, StockSide

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="counted rounds; one more warms up")
    rounds = parser.parse_args().rounds
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
        figures = measure(sides, rounds)
        size_tables = sizes.tables(deployment.docker, ours=images.PYTHON, stock=stock_image)
        text = report.page(deployment.docker.version(), rounds, figures, size_tables)
    RESULTS.write_text(text)
    print(text)


main()
