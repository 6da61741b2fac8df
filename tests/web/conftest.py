"""A site for each test: the real app on a real SQLite file, a real HTTP Hub beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import certificates
from tests.web.sites import Site, opened


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def no_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing here speaks TLS, and each HTTP client reads the machine's certificate authorities: 20 ms. One that is
    nobody's is left, as this holds for the whole run, and the client of object stores does not start without any."""
    folder = tmp_path_factory.mktemp("authorities")
    chain, _ = certificates.make(tmp_path_factory.mktemp("site"), "nobody.test")
    (folder / "00000000.0").write_bytes(chain.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(folder))
        yield
