"""The command `readings`: what it shows and answers, and what it refuses."""

import pytest

from support.command_line import Run, parsed
from support.evaluation_scenes import refused

FIXED = ("order=between", "expansion=7", "strided=pw1", "mixing=matrix", "norms=1", "second=false")
FIXED += ("reduction=32", "middle=9", "head=104+32")


def test_the_named_readings_are_shown_with_what_they_break(repro: Run) -> None:
    shown = repro("readings", "wlitepose").out
    assert "cells of 49" in shown and "distinct of 30" in shown
    (text,) = [line for line in shown.splitlines() if line.startswith("text ")]
    assert text.split()[1:] == ["ptflops", "0", "0", "29.7", "%", "nothing"]
    assert "proves nothing" not in shown


def test_the_answer_has_every_figure(repro: Run) -> None:
    answer = parsed(repro("readings", "paper4", "--json").out)
    by_name = {one["name"]: one for one in answer["readings"]}  # type: ignore[attr-defined, index]
    assert answer["tried"] == len(by_name) == 9 and answer["front"] is answer["warning"] is None
    assert (answer["cells"], answer["distinct"]) == (49, 30)
    fit = by_name["fit"]
    assert (fit["cells"], fit["distinct"], round(fit["mean_error"], 3)) == (19, 10, 0.066)
    assert set(fit["breaks"]) < answer["sentences"].keys()  # type: ignore[attr-defined]
    assert len(fit["figures"]) == 30 and fit["options"]["expansion"] == 6


def test_a_search_gives_a_front_and_says_what_it_is_worth(repro: Run) -> None:
    fixed = [word for one in FIXED for word in ("--fix", one)]
    outcome = repro("readings", "paper4", "--search", *fixed, "--json")
    answer = parsed(outcome.out)
    assert answer["tried"] == 2 * 2 * 2 * 4  # weighs, pooled, firsts; four ways of counting
    front = answer["front"]
    assert isinstance(front, list) and isinstance(answer["warning"], str)
    assert max(one["cells"] for one in front) == 39
    assert "32 readings prints is a maximum" in answer["warning"]
    reached = answer["reached"]
    assert isinstance(reached, list) and len(reached) == 30
    assert {one["printed"] for one in reached if not one["readings"]} >= {"4.6G", "5.7G"}
    shown = repro("readings", "paper4", "--search", *fixed).out
    assert "proves nothing about what was built" in shown and "head 104+32" in shown
    assert "No reading prints: " in shown and "4.6G (table10 move up 7x7 macs)" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("paper2",), "`paper2` has no readings.toml"),
        (("paper4", "--fix", "order=first"), "--fix and --limit are of a search"),
        (("paper4", "--search", "--fix", "ordr=first"), "no dimension `ordr`"),
        (("paper4", "--search", "--fix", "head=31+32"), "no value of `head` `31+32`"),
        (("paper4", "--search", "--fix", "head"), "`head` is no option"),
    ],
)
def test_what_is_wrong_is_one_sentence(repro: Run, words: tuple[str, ...], said: str) -> None:
    refused(repro("readings", *words), said)
