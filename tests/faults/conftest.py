"""The fault suite, `pytest -m faults`."""

from collections.abc import Iterator

import pytest

from support import fault_server
from support.faults.figures import Figures
from support.faults.kills import NAMES, Trial


@pytest.fixture(name="figures")
def _figures(request: pytest.FixtureRequest) -> Figures:
    """What a test counts."""
    return Figures(request)


@pytest.fixture(scope="module", params=NAMES)
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trial]:
    """A command that was run once undisturbed."""
    from support.faults import commands  # which imports much

    folder = tmp_path_factory.mktemp(request.param)
    (folder / "in").mkdir()
    if request.param == "fetch":
        with fault_server.serving() as server:
            yield Trial(commands.fetching(folder / "in", server), folder)
    else:
        yield Trial(commands.made(folder / "in")[request.param], folder)
