"""The fault suite, `pytest -m faults`, prints its figures last."""

import pytest

from support.faults import figures
from support.faults.figures import Figures


@pytest.fixture(name="figures")
def _figures(request: pytest.FixtureRequest) -> Figures:
    """What a test counts."""
    return Figures(request)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what all tests of the suite counted together."""
    found = figures.gathered(terminalreporter)
    if found:
        terminalreporter.section("faults")
        for line in figures.lines(found):
            terminalreporter.write_line(line)
