"""The server that all tests of fetching ask."""

from collections.abc import Iterator

import pytest

from support import fault_server
from support.fault_server import FaultServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A server on the loopback, which is asked directly."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("repro.fetching.download.CHUNK", 512)
    with fault_server.serving() as state:
        yield state
