"""All measurements: ``make bench``. Each prints its table and writes it to RESULTS.md."""

from tests.bench import spawners

spawners.main()
