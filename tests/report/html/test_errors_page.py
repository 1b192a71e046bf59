"""The page of errors: every table, curve and picture in one file that asks for nothing."""

import re
from pathlib import Path

import numpy as np
import pytest

from repro.diagnosis.cases import FoundCase
from repro.diagnosis.findings import ErrorFindings, findings
from repro.records.remarks import Remark
from repro.report.html import errors_page
from support.error_scenes import annotated, body, diagnosed, found, moved

HOSTILE = "</title><script>alert(1)</script>"


@pytest.fixture
def two(tmp_path: Path) -> ErrorFindings:
    people = [annotated(one, body(200), image_id=one) for one in range(1, 9)]
    good = [found(body(200), image=one) for one in range(1, 9)]
    bad = [found(moved(body(200), 9, 0.2), image=one) for one in range(1, 8)]
    return findings([diagnosed(tmp_path, people, poses, 8) for poses in (good, bad)], 100)


def case(picture: str | None) -> FoundCase:
    return FoundCase(1, "miss", HOSTILE, HOSTILE, 3, (0,), ("left wrist",), "1 of 17", picture)


def test_two_evaluations_stand_beside_each_other(two: ErrorFindings, tmp_path: Path) -> None:
    path = tmp_path / "page" / "errors.html"
    remark = Remark("results", f"1 of 8 `images`. {HOSTILE}")
    errors_page.write(path, two, [(case(None), b"jpeg"), (case(None), None)], [remark])
    page = path.read_text()
    assert page.count("<img ") == 1 and page.count("<figure>") == 2
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "A: found.json" in page and "B: found.json" in page and "left wrist" in page
    for title in ("By joint", "By size of the person", "By other persons beside", "wrist, %"):
        assert title in page
    assert "By crowding" not in page
    assert len(re.findall(r'<svg class="plot"', page)) == 18  # nine parts, by two measures
    places = re.findall(r'points="([^"]*)"', page)
    numbers = np.array([float(one) for text in places for one in re.split("[ ,]", text)])
    assert len(places) == 2 * 2 * 17 and np.isfinite(numbers).all() and (numbers >= 0).all()
    difference = two.share("miss", "joint", "left wrist")
    assert difference is not None and difference.difference is not None
    assert difference.difference.value == 100 and "+100.0" in page


def test_one_evaluation_without_cases(two: ErrorFindings, tmp_path: Path) -> None:
    one = findings([diagnosed(tmp_path, [annotated(1, body(200))], [])], 100)
    page = errors_page.render(one, [], [])
    assert "There are none." in page and "B − A" not in page and "nan" not in page.lower()
