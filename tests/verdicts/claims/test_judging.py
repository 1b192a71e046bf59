"""The verdicts on claims, on tables made for the purpose."""

import json
import random
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import study
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.store import Store
from repro.verdicts.claims import claim, judging
from repro.verdicts.claims.cell_values import MeasuredCells
from repro.verdicts.claims.judging import Judged
from support.command_line import Run

STUDY = """
name = "paper7"
title = "[red]A[/] <b>paper</b>"
authors = ["A"]
year = 2020
hardware = "none"
[protocols.p]
dataset = "coco"
split = "val2017"
boxes = "ground truth"
colour = "RGB"
flip = true
shift = true
decode = "argmax"
evaluator = "pycocotools"
metric = "AP"
supply = "nothing"
source = "nowhere"
[timings.t]
hardware = "none"
procedure = "none"
batch = 1
supply = "none"
source = "nowhere"
"""
COLUMNS = {
    "params": ("params", "M"),
    "flops": ("macs", "G"),
    "ap": ("AP", "%"),
    "fps": ("fps", "FPS"),
}
MODELS = ("lpn_50", "lpn_101", "lpn_152", "hrnet_w32", "hrnet_w48", "litehrnet_18")


class Fake(Store):
    """A store that has a count of every network: its cost in units of a hundredth of G."""

    def __init__(self, folder: Path, costs: dict[str, dict[str, int]]) -> None:
        super().__init__(folder)
        self.costs = costs

    def find(self, spec: object) -> Record | None:
        cost = self.costs.get(getattr(spec, "model", ""))
        if cost is None or getattr(spec, "kind", "") != "count":
            return None
        macs = [Measurement("macs", each * 10**7, "MACs", name) for name, each in cost.items()]
        return Record("key", {}, (Measurement("params", 3_040_000, "parameters"), *macs), {})


@pytest.fixture
def folder(papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of tables with one paper, the only one, which `write` fills."""
    monkeypatch.setenv("REPRO_TABLES", str(tmp_path / "tables"))
    monkeypatch.setenv("REPRO_TABLES_ONLY", "1")
    (tmp_path / "tables" / "paper7").mkdir(parents=True)
    return tmp_path / "tables" / "paper7"


def write(folder: Path, cells: dict[str, dict[str, str]], claims: list[dict[str, str]]) -> None:
    """A paper with one table, of a row for each entry, and its claims."""
    lines = ['number = "I"', 'caption = "c"', 'where = "w"', 'protocol = "p"', 'timing = "t"']
    for key, (metric, unit) in COLUMNS.items():
        lines += ["[[columns]]", f'key = "{key}"', f'label = "{key}"']
        lines += [f'metric = "{metric}"', f'unit = "{unit}"']
        lines += ['convention = "hrnet"', "giga = 1000000000"] * (metric == "macs")
        lines += ['device = "cpu"'] * (metric == "fps")
    for model, (label, texts) in zip(MODELS, cells.items(), strict=False):
        lines += ["[[rows]]", f"label = {json.dumps(label)}", f'model = "{model}"']
        lines += ["input = [256, 192]", "[rows.cells]"]
        lines += [f"{key} = {json.dumps(text)}" for key, text in texts.items()]
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "table1.toml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "claims.toml").write_text(
        "\n".join(
            line
            for one in claims
            for line in ("[[claims]]", *(f"{key} = {json.dumps(one[key])}" for key in one))
        ),
        encoding="utf-8",
    )
    study.load_study.cache_clear()
    study.load_table.cache_clear()


def stated(holds: str, **more: str) -> dict[str, str]:
    """A claim with an expression."""
    fixed = {"where": "Section 1", "printed": "some words", "says": "It is so.", "kind": "cost"}
    return {**fixed, **({"holds": holds} if holds else {}), **more}


def judged(folder: Path, store: Store | None = None) -> list[Judged]:
    """The verdicts on the paper's claims."""
    return judging.judge_all(claim.load("paper7"), MeasuredCells(store or Store(folder / "none")))


def test_a_changed_cell_flips_exactly_the_claims_that_use_it(folder: Path) -> None:
    draw = random.Random(3)
    labels = [f"row {number}" for number in range(5)]
    keys = ("params", "flops", "ap")
    cells = {label: {key: f"{draw.randint(200, 900) / 10:.1f}" for key in keys} for label in labels}
    claims, users = [], []
    for _ in range(40):
        key, few = draw.choice(keys), draw.sample(labels, draw.randint(1, 3))
        first, *rest = (float(cells[label][key]) for label in few)
        total = f"{first - sum(rest):.1f}"
        terms = " - ".join(f"table1[{label}].{key}" for label in few)
        claims.append(stated(f"{terms} ~ {total}"))
        users.append({(label, key) for label in few})
    write(folder, cells, claims)
    assert all(one.published and one.published.holds for one in judged(folder))
    for label in labels:
        for key in keys:
            changed = {name: dict(texts) for name, texts in cells.items()}
            changed[label][key] = f"{float(cells[label][key]) + 777:.1f}"
            write(folder, changed, claims)
            flipped = [
                number
                for number, one in enumerate(judged(folder))
                if one.published is None or not one.published.holds
            ]
            assert flipped == [number for number, used in enumerate(users) if (label, key) in used]


def test_every_verdict(folder: Path) -> None:
    cells = {
        "A": {"params": "3.0", "flops": "1.00", "ap": "60.0", "fps": "30"},
        "B": {"params": "6.0", "flops": "4.00", "ap": "61.4", "fps": "10"},
    }
    costs = {"lpn_50": {"hrnet": 100, "conv": 100}, "lpn_101": {"hrnet": 400, "conv": 200}}
    write(
        folder,
        cells,
        [
            stated("table1[A].flops / table1[B].flops ~ 25%"),
            stated("table1[A].flops ~ 1.0G and table1[B].flops ~ 4.0G"),
            stated("table1[B].ap - table1[A].ap ~ 1.5"),
            stated("table1[B].ap - table1[A].ap ~ 1.6"),
            stated("table1[A].params ~ 3.0M and table1[B].params ~ 6.0M"),
            stated("table1[A].fps / table1[B].fps ~ 3.0 and table1[A].fps ~ 30FPS"),
            stated("table1[A].flops < table1[B].flops"),
            stated("", why="Nobody says."),
        ],
    )
    found = judged(folder, Fake(folder / "none", costs))
    assert [one.verdict for one in found] == [
        "convention",
        "holds",
        "rounding",
        "contradicted",
        "measured otherwise",
        "holds",
        "holds",
        "unchecked",
    ]
    ratio, absolute, _, against, size, speed, order, silent = found
    assert ratio.reason == "Holds under `hrnet` (25%), not under `conv` (50%)."
    assert not absolute.others, "a number of operations is by its convention"
    assert against.reason.startswith("The printed numbers give 1.4.")
    assert size.reason == "Ours is 3.04M, the print has 3.0M, 6.0M."
    assert speed.own and speed.own.holds is None
    assert {why for _, why in speed.own.missing} >= {
        "An absolute speed belongs to the authors' machine."
    }
    assert list(order.others) == ["conv"] and order.others["conv"].holds
    assert silent.reason == "Nobody says."
    costs["lpn_101"]["hrnet"] = 300
    ratio = judged(folder, Fake(folder / "none", {**costs, "lpn_50": {"hrnet": 100, "conv": 50}}))[
        0
    ]
    assert ratio.verdict == "convention"
    assert ratio.reason == "Ours is 33.3% under `hrnet`; it holds under `conv` (25%)."
    bare = judged(folder)[0]
    assert bare.verdict == "holds" and "Not measured here: paper7 table1[A].flops" in bare.reason


def test_what_a_network_shows_depends_on_whose_it_is(folder: Path) -> None:
    parts = {"head": {"kernel": 4}, "": {"params": 12}}
    answers = {"networks": {"lpn_50": parts, "lpn_101": parts}}
    (folder / "networks.json").write_text(json.dumps(answers), encoding="utf-8")
    write(
        folder,
        {"A": {"params": "3.0"}},
        [
            stated("model[lpn_50].head.kernel = 4"),
            stated("model[lpn_50].head.kernel = 3"),
            stated("model[lpn_101].head.kernel = 4", kind="recipe"),
            stated("model[lpn_101].head.kernel = 3", kind="recipe"),
            stated("model[lpn_101].params / model[lpn_50].params < 2"),
            stated("model[lpn_101].head.kernel = 3 and table1[A].params ~ 4.0M"),
            stated("datasets.coco.joints = 17 and datasets.coco.joints < 16"),
            stated("model[lpn_50].params / 1000000 < table1[A].params"),
        ],
    )
    path = folder / "study.toml"
    path.write_text('own = ["lpn_101"]\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    found = judged(folder)
    assert [(one.verdict, one.reason) for one in found] == [
        ("holds", "The public network has 4."),
        ("contradicted", "The public network has 4."),
        ("holds", "Our network, built from this sentence, has 4."),
        ("measured otherwise", "Our reading of the network has 4."),
        ("holds", "Our reading of the network and the public network give 1 < 2."),
        ("contradicted", "The printed numbers give 3.0M."),
        ("contradicted", "The public figures are 17 > 16."),
        (
            "holds",
            "The public network and the printed numbers give 1.2e-05 < 3.0M. "
            "Not measured here: paper7 table1[A].params.",
        ),
    ]
    assert found[4].grounds == ("reading", "network")
    held = [(one.published and one.published.holds, one.own and one.own.holds) for one in found]
    assert held[:4] == [(True, None), (False, None), (None, True), (None, False)]
    assert held[4:] == [(None, True), (False, False), (False, None), (True, None)]


def test_who_states_a_public_figure_is_named(folder: Path) -> None:
    write(folder, {"A": {"params": "3.0"}}, [stated("metrics.AP50.threshold = 0.5")])
    (one,) = judged(folder)
    assert one.reason.startswith("The public figures are 0.5. Source: cocodataset.org")


def test_labels_from_strangers_stay_text(folder: Path, repro: Run, tmp_path: Path) -> None:
    hostile = '[red]"x", ]![/] <script>alert(1)</script> * ../../etc $(id) {0}'
    write(
        folder,
        {hostile: {"ap": "60.0"}, "B": {"ap": "61.0"}},
        [
            stated("table1[#1].ap ~ 60.0", printed="[bold]60.0[/] <img src=x>"),
            stated("table1[B].ap > table1[!B].ap", says="[link=file:///etc]x[/]"),
        ],
    )
    done = repro("claims")
    assert done.code == 0 and "[bold]60.0[/]" in done.out and "[red]A[/]" in done.out
    assert "2 holds" in done.out
    plain = json.loads(repro("claims", "paper7", "--json").out)
    assert plain["claims"][0]["cells"] == [f"paper7 table1[{hostile}].ap"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"holds": "table1[A].ap ~ "}, "paper7, claim 1 (`some words`): Column 16: A number"),
        ({"holds": "table1[Z].ap ~ 1"}, "claim 1 (`some words`): Column 1: There is no row"),
        ({"kind": "opinion"}, "There is no kind `opinion`"),
        ({"why": "No."}, "needs either `holds` or `why`"),
        ({"printed": " "}, "`printed` needs 1 to 1000 characters"),
        ({"printed": "\x1b[31m60.0"}, "`printed` holds the control character '\\x1b'"),
        ({"says": "x" * 1001}, "`says` needs 1 to 1000 characters"),
        ({"exec": "rm"}, "There is no key `claims[0].exec`"),
    ],
)
def test_a_broken_claim_is_named(folder: Path, change: dict[str, str], message: str) -> None:
    write(folder, {"A": {"ap": "60.0"}}, [stated("table1[A].ap ~ 60.0") | change])
    with pytest.raises(ReproError) as error:
        judged(folder)
    assert message in str(error.value)


def test_a_file_that_is_no_list_of_claims_is_refused(folder: Path) -> None:
    write(folder, {"A": {"ap": "60.0"}}, [])
    assert claim.load("paper7") == () if not (folder / "claims.toml").unlink() else None
    for text, message in (
        ("claims = 3", "`claims` should be a list"),
        ("[[claims]]\nwhere = 3", "`claims[0].where` should be a string"),
        ("[" * 3000, "no TOML"),
        (
            "claims = [\n" + '{where="a",printed="a",says="a",kind="cost",why="a"},\n' * 1001 + "]",
            "1001",
        ),
    ):
        (folder / "claims.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ReproError, match=message.replace("[", r"\[")):
            claim.load("paper7")
