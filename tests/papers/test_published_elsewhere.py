"""The list of figures that others have published, and what a wrong one is told."""

from pathlib import Path

import pytest

from repro.authoring import paper_flaws
from repro.errors import ReproError
from repro.papers import folders, published_elsewhere
from repro.papers.published_elsewhere import ElsewhereFigure, ElsewhereSource
from support.command_line import Run

TOO_LITTLE = (
    '[[sources]]\nsource = "a page"\nfigures = [{ network = "a", metric = "AP", value = "1" }]\n'
)
GOOD = TOO_LITTLE.replace("figures", 'on = "COCO val2017"\nfigures')


def test_a_pattern_means_a_network_whatever_its_head() -> None:
    figure = ElsewhereFigure("litepose_s_*", "latency", "76")
    assert figure.fits("litepose_s_coco", "latency")
    assert not figure.fits("litepose_xs_coco", "latency")
    assert not figure.fits("litepose_s_coco", "AP")


@pytest.mark.parametrize(
    ("metric", "value", "said"),
    [
        ("params", "2.7", "There is no accuracy or speed `params`"),
        ("AP", "forty", "`forty` is no AP"),
        ("AP_gain", "0.1", "There is no accuracy or speed `AP_gain`"),
    ],
)
def test_a_figure_is_an_accuracy_or_a_speed(metric: str, value: str, said: str) -> None:
    with pytest.raises(ReproError, match=said):
        ElsewhereFigure("a", metric, value)


@pytest.mark.parametrize(("metric", "lacking"), [("AP", "`on`"), ("latency", "`device`")])
def test_a_source_says_what_its_figures_are_of(metric: str, lacking: str) -> None:
    figure = ElsewhereFigure("a", metric, "40")
    whole = ElsewhereSource("a page", (figure,), on="COCO val2017", device="a phone")
    assert whole.figures == (figure,)
    with pytest.raises(ReproError, match=f"no {lacking}"):
        ElsewhereSource("a page", (figure,))


def test_a_user_adds_sources_and_a_wrong_file_is_left_out(
    papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = published_elsewhere.sources()
    assert {one.source for one in ours} >= {"LitePose repository, README"}
    monkeypatch.setenv(folders.VARIABLE, str(tmp_path))
    file = tmp_path / published_elsewhere.FILE
    file.write_text(GOOD, encoding="utf-8")
    assert [one.source for one in published_elsewhere.sources()[len(ours) :]] == ["a page"]
    file.write_text(TOO_LITTLE, encoding="utf-8")
    folders.forget_left_out()
    assert published_elsewhere.sources() == ours
    assert any("no `on`" in str(error) for error in folders.left_out())
    folders.forget_left_out()


def test_what_is_wrong_in_ours_is_an_error(own_tables: Path, repro: Run) -> None:
    (own_tables / published_elsewhere.FILE).write_text(TOO_LITTLE, encoding="utf-8")
    outcome = repro("audit", "--rule", "elsewhere")
    assert outcome.code == 2
    assert "published_elsewhere.toml" in outcome.err and "no `on`" in outcome.err


def test_a_folder_that_is_looked_over_is_told_of_it(tmp_path: Path) -> None:
    (tmp_path / published_elsewhere.FILE).write_text(TOO_LITTLE, encoding="utf-8")
    (flaw,) = paper_flaws.catalogues(tmp_path)
    assert "no `on`" in str(flaw)
