"""On a narrow terminal words, numbers and bars stay whole, and columns go whole."""

import io

import pytest
from rich.console import ConsoleDimensions
from rich.text import Text

from repro.report.fitted_table import FittedTable
from repro.report.terminal.progress import RunBar
from repro.report.terminal.screen import Screen
from support.command_line import Run


def lines(shown: object, width: int) -> list[str]:
    screen = Screen()
    screen.size = (width, 40)  # type: ignore[assignment]
    screen.file = io.StringIO()
    screen.print(shown)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def table(*droppable: str) -> FittedTable:
    grid = FittedTable(droppable)
    grid.add_column("Method", overflow="fold")
    grid.add_column("Backbone", overflow="fold")
    for heading in ("AP", "AR"):
        grid.add_column(heading, justify="right", overflow="fold")
    grid.add_row("SimpleBaseline of others [6]", Text("MobileNetV2"), "64.6", "70.7")
    grid.add_row("Ours", "a long name of a backbone", "65.8", "72.1")
    return grid


@pytest.mark.parametrize("width", [*range(36, 80, 3), 200])
def test_no_word_is_broken_where_the_longest_words_have_room(width: int) -> None:
    shown = lines(table(), width)
    words = {word for line in shown for word in line.split()}
    assert {"SimpleBaseline", "MobileNetV2", "64.6", "70.7", "72.1", "backbone"} <= words
    assert all(len(line) <= width for line in shown)
    assert "not shown" not in " ".join(shown)
    assert len(shown) == 3 or width < 70


def test_columns_go_in_their_order_and_are_named() -> None:
    narrow = " ".join(lines(table("AR", "AP"), 32))
    assert "not shown at this width: AR; --json has all" in narrow
    assert "70.7" not in narrow and "64.6" in narrow
    narrower = " ".join(lines(table("AR", "AP"), 27))
    assert "AR, AP" in narrower and "64.6" not in narrower and "SimpleBaseline" in narrower
    assert "AR" in " ".join(lines(table("AR", "AP"), 60)[:1])


def test_where_not_even_words_have_room_cells_follow_each_other() -> None:
    shown = lines(table(), 24)
    assert all(len(line) <= 24 for line in shown)
    words = " ".join(shown)
    assert "Method SimpleBaseline of others [6] · Backbone MobileNetV2 · AP 64.6 · AR 70.7" in words
    assert all(len(line) <= 9 for line in lines(table(), 9))


def test_no_digit_of_a_count_is_cut(repro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Screen, "size", ConsoleDimensions(80, 40))
    out = " ".join(repro("count", "lpn_50", "--convention", "all").out.split())
    assert "params 2,911,153" in out and "fvcore MACs 1,086,0" in out and "…" not in out


@pytest.mark.parametrize("width", [50, 80, 120])
@pytest.mark.parametrize("title", ["counts", "hwl_mobilenetv3 256x192 on COCO val2017"])
def test_a_bar_and_its_times_are_whole(width: int, title: str) -> None:
    screen = Screen(stderr=True)
    screen.size = (width, 40)  # type: ignore[assignment]
    bar = RunBar(title, 104125, screen)
    bar.update(bar.task_ids[0], completed=52062, description="HRNet-W48 384x288 17 keypoints")
    shown = lines(bar.get_renderable(), width)
    assert "52062/104125" in shown[0] and shown[0].endswith("left -:--:--")
    assert title in " ".join(shown) and "HRNet-W48 384x288 17 keypoints" in " ".join(shown)
    assert all(len(line) <= width and "…" not in line for line in shown)
