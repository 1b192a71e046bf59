"""What is said on stderr cannot steer the terminal."""

import pytest

from repro.report.terminal.console import say


def test_signs_that_a_terminal_obeys_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    say("name \x1b[31mred\x1b]0;title\x07 é ☃\n\tsecond line")
    assert capsys.readouterr().err == (
        r"name \x1b[31mred\x1b]0;title\x07 é ☃\n\tsecond line" + "\n"
    )
