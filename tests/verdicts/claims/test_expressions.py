"""The language of the claims: what it means, where it stops, and what no text can do to it."""

import random
from fractions import Fraction

import pytest

from repro.errors import ReproError
from repro.verdicts.claims import outcome, quantities
from repro.verdicts.claims.cell_values import printed
from repro.verdicts.claims.outcome import ClaimOutcome
from repro.verdicts.claims.parser import parse
from repro.verdicts.claims.places import PaperNames
from repro.verdicts.claims.quantities import Quantity


def asked(expression: str, paper: str = "paper2") -> ClaimOutcome:
    """What an expression comes to with the printed cells."""
    book = PaperNames(paper)
    questions = [outcome.question(one, book) for one in parse(expression)]
    return outcome.together([outcome.of_question(one, printed, False) for one in questions])


@pytest.mark.parametrize(
    "expression",
    [
        "1 + 2 * 3 ^ 2 = 19",
        "(1 + 2) * 3 = 9 and -2 ^ 2 = -4 and 2 ^ -1 = 0.5",
        "10 - 4 - 3 = 3 and 12 / 2 / 3 = 2",
        "57k = 57000 and 7.4x = 7.4 and 35% = 0.35 and 5e-4 = 0.0005",
        "1 < 2 < 3 and 3 >= 3 > 2 and 2 <= 2",
        "1.34 ~ 1.3 and 1.39 ~ 1.3 and 1.36 ~ 1.4 and -0.06 ~ -0.06",
        "1.41 ~ 1.3 +- 0.12 and 1.5 ~ 1 / 2 + 1 ± 0.1",
        "max(1, 3, 2) = 3 and min(4, 2) = 2 and mean(1, 2, 6) = 3 and sum(1, 2) = 3",
        'table1[LPN-50].ap ~ 69.1 and table1[LPN-50].AP = table1["LPN-50"]."AP"',
        "table1[8-stage].params = 25.6M and table1[#1].params = 25.6M",
        "count(table1.ap50) = 11 and count(table1[LPN*].ap) = 3 and count(table1[!LPN*].ap) = 10",
        "count(table1[LPN*, HRNet*, !*152].ap) = 6",
        "count(paper4:table1[@Small*, !WLitePose*].ap) = 5",
        "rank(table1[HRNet-W48 384x288].ap) = 1 and rank(table1[LPN-50].params) = 1",
        "rank(table1[LPN-50].ap, table1[LPN*].ap) = 3 and best(table1[LPN*].ap) = 71.0",
        "best(table1.flops) = 1.0G and best(paper1:table5.fps_gpu) = 57.6FPS",
        "table5.beta_160 > table5.common and table5.beta_40 - table5.common < 0",
        'table1[LPN-50].input = "256×192" and recipes.paper.optimizer = "Adam"',
        "recipes.paper.milestones.2 = 120 and recipes.official[mpii].scale_factor = 0.25",
        'protocols."coco-val2017".flip = "true" and protocols."coco-val2017".nms = 0.9',
        "timings.cpu.batch = 1 and figure4[LPN-50].fps ~ 33FPS",
        'paper4:recipes.paper.loss.settings.tau = 0.01 and "N" = table1[LPN-50].pretrain',
        "table1[LPN-50].params / table1[LPN-101].params ~ 55%",
        'model[lpn_50]."*:ConvTranspose2d".count = 2 and model[lpn_50]."layer3".scale = 16',
        'datasets.coco.joints = 17 and datasets.coco."test-dev2017".images ~ 20k',
        'datasets.crowdpose.trained_on.1 = "trainval" and datasets.coco.measure = "OKS"',
        "metrics.AP.thresholds = 10 and metrics.AP50.threshold < metrics.AP75.threshold",
        "equation5.truth = 1 and 0 < equation5[d=3].truth < equation5[d=2, sigma=2].truth < 1",
        "paper4:equation4[P=H, H=1].weight = 0 and paper4:equation4[P=H, H=0.5].weight ~ 0.50",
        'printed.table3 = "a table" and printed.table9 = "no table"',
        'paper3:printed.table1.AR = "a column" and paper3:printed.table1.ar50 = "no column ar50"',
    ],
)
def test_what_holds(expression: str) -> None:
    found = asked(expression)
    assert (found.holds, found.rounding) == (True, False), found


@pytest.mark.parametrize(
    "expression",
    [
        "1.41 ~ 1.3",
        "1.29 ~ 1.3 +- 0.001",
        "1 < 3 < 2",
        "2 = 2 and 1 = 2",
        "table5.beta_80 > table5.common",
        'table1[LPN-50].pretrain = "Y"',
        "rank(table1[LPN-50].ap) = 1",
    ],
)
def test_what_does_not_hold(expression: str) -> None:
    assert asked(expression).holds is False


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "Column 1: A number or a cell is missing before `the end`"),
        ("1 + 2", "Column 6: A comparison is missing"),
        ("1 = 2 3", "Column 7: `3` does not belong here"),
        ("(1 = 2", "Column 4: `)` is missing"),
        ("1 == 2", "Column 4: A number or a cell is missing before `=`"),
        ("1 ~ 2 / 3", "Column 7: The right side of `~`"),
        ("1 = 2 +- 1", "Column 7: A tolerance is a number after `~`"),
        ("1 = 2foo", "Column 5: There is no unit `foo`"),
        ("mx(1) = 1", "Column 1: There is no function `mx`"),
        ("1 = tabel1.ap", "Column 5: `tabel1` is no table"),
        ("table9.ap = 1", "Column 1: There is no table in paper2, `table9`"),
        ("1 < table1[LPN-5O].ap", "Column 5: There is no row in paper2 table1 like `LPN-5O`"),
        ("table1[LPN].ap = 1", "Column 1: `LPN` means 3 rows"),
        ("table1[#14].ap = 1", "Column 1: paper2 table1 has 13 rows, no row #14"),
        ("table1[@Big].ap = 1", "Column 1: paper2 table1 has no group like `Big`"),
        ("table1[LPN-50].app = 1", "Column 1: There is no column"),
        ("table1[CPN].ar = 1", "Column 1: Nothing is printed there"),
        ("paper9:table1.ap = 1", "Column 1: There is no study `paper9`"),
        ("table1[LPN-50].method = 1", "Column 1: paper2 table1[LPN-50].method holds no number"),
        ("recipes.paper.lrr = 1", "Column 1: There is no field"),
        ("recipes.paper.milestones = 1", "is no number: it is a list of 2"),
        ("recipes.paper.milestones.3 = 1", "has no item `3`"),
        ("recipes.paper[synth].lr = 1", "There is no case `synth`"),
        ("protocols.coco.flip = 1", "There is no protocol of paper2, `coco`"),
        ("recipes.paper.optimizer = 1", 'is no number: it is "Adam"'),
        ('recipes.paper.lr = "x"', "Text can only be compared"),
        ('"a" < table1[LPN-50].method', "Text takes `=`"),
        ('"a" + 1 = 2', "Text can only be compared"),
        ('max("a") = 1', "`max` takes no text"),
        ("rank(table1.ap) = 1", "`rank` takes one cell"),
        ("best(1) = 1", "`best` takes cells alone"),
        ("table1[LPN-50].ap < 35%", "points and ratio do not go together"),
        ("table1[LPN-50].flops < 3M", "G and M do not go together"),
        ("table1[LPN-50].flops * table1[LPN-50].params < 3", "G times M has no meaning"),
        ("table1[LPN*].ap < table1[HRNet*].ap", "3 cells and 4 cells do not go row by row"),
        ("1 / (1 - 1) = 1", "Column 3: This divides by zero"),
        ("1 / (table4[#2].gain_lpn_50 - table4[#2].gain_lpn_50) = 1", "divides by zero"),
        ("2 ^ 9 = 1", "An exponent is a whole number"),
        ("2 ^ 0.5 = 1", "An exponent is a whole number"),
        ("table1[].ap = 1", "A row's label is missing"),
        ("table1[LPN.ap = 1", "Column 7: These rows have no closing"),
        ('1 = "x', "Column 5: This text has no closing"),
        ("1 = 1; import os", "Column 6: `;` means nothing here"),
        ("__import__('os').system('x') = 1", "Column 12: `'` means nothing here"),
        ("__import__(1) = 1", "Column 1: There is no function `__import__`"),
        ("recipes.__class__.x = 1", "There is no recipe of paper2, `__class__`"),
        ("protocols.__dict__.flip = 1", "There is no protocol of paper2, `__dict__`"),
        ('protocols."coco-val2017".__class__.x = 1', "There is no field"),
        ("paper2:../../etc = 1", "Column 8: A table is missing"),
        ("model.lpn_50.params = 1", "Column 6: A network is missing"),
        ("model[lpn_50] = 1", "Column 15: `.` is missing after `model[lpn_50]`"),
        ("model[lpn_50].sides = 1", "There is no question on a network, `sides`"),
        ("model[lpn_50 deep].params = 1", "`deep` is no option of `lpn_50`"),
        ("1 = model[lpn_9].params", "Column 5: `model[lpn_9].params` is not in paper2/networks"),
        ("paper1:model[lpn_50].params = 1", "A network belongs to no paper"),
        ("datasets.coc.joints = 17", "There is no data set `coc`"),
        ("datasets.coco.train2018.images = 1", "There is no field in datasets.coco, `train2018`"),
        ("datasets.coco.trained_on = 1", "is no number: it is a list of 1"),
        ("datasets.__class__.joints = 1", "There is no data set `__class__`"),
        ("metrics.AP99.threshold = 1", "There is no stated metric `AP99`"),
        ("equation99.truth = 1", "There is no fact of an equation of paper2"),
        ("equation5[d=x].truth = 1", "`d` of an equation is `x`"),
        ("equation5[colour=1].truth = 1", "There is no argument of equation5 truth, `colour`"),
        ("equation5 = 1", "Column 11: `.` is missing after `equation5`"),
        ("equation5.truth.x = 1", "Nothing in equation5 is below `truth`"),
        ("printed.table1 = 1", 'is no number: it is "a table"'),
        ("1234567890 = 1", "has too many digits"),
        ("1e999 = 1", "has too many digits"),
        ("(" * 30 + "1" + ")" * 30 + " = 1", "nested deeper than"),
        ("-" * 300 + "1 = 1", "missing before `-`"),
        ("1 " + "+ 1" * 250 + " = 1", "at most 200 parts"),
        ("1 = " + "1" * 1000, "at most 1000 characters"),
        ("((((9^8)^8)^8)^8)^8 = 1", "grows too long"),
        ("(((2^8)^8)^8)^3 > 1", "grows too long"),
        ("1 / (((2^8)^8)^8)^2 > 1", "grows too long"),
    ],
)
def test_a_mistake_is_named_with_its_column(expression: str, message: str) -> None:
    with pytest.raises(ReproError) as error:
        asked(expression)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_no_text_does_worse_than_a_sentence() -> None:
    """Splinters of the language in any order end in an answer or a ReproError."""
    splinters = ["table1", "[LPN*]", '["', "]", ".ap", ".", "paper2", ":", "1", "2.5G", "35%"]
    splinters += ["^", "-", "+", "*", "/", "(", ")", "~", "+-", "<", "=", " and ", "max(", ","]
    splinters += ["model[", "lpn_50", "equation5", "datasets.", "printed."]
    splinters += ["recipes.paper.", "lr", "'", "\\", "\x00", "é", "{}", "[#1]", "[!a]", "count("]
    draw = random.Random(7)
    for _ in range(3000):
        text = "".join(draw.choices(splinters, k=draw.randint(1, 12)))
        try:
            asked(text)
        except ReproError as error:
            assert "Column " in str(error)


def test_digits_that_allow_a_statement_never_contradict_it() -> None:
    """Cells and a stated number, all printed from true values, hold or hold by rounding."""
    draw = random.Random(11)
    signs = {
        "+": quantities.add,
        "-": quantities.subtract,
        "*": quantities.multiply,
        "/": quantities.divide,
    }
    step = Fraction(1, 10)
    by_rounding = 0
    for _ in range(3000):
        true = [Fraction(draw.randint(1_000, 90_000), 997) for _ in range(3)]
        cells = []
        for value in true:
            text = round(value / step) * step
            cells.append(Quantity(text, text - step / 2, text + step / 2, "", step))
        first, second = draw.choice(list(signs)), draw.choice("+-")
        computed = signs[second](signs[first](cells[0], cells[1]), cells[2])
        exact = {"+": true[0] + true[1], "-": true[0] - true[1]} | {
            "*": true[0] * true[1],
            "/": true[0] / true[1],
        }
        truth = exact[first] + (true[2] if second == "+" else -true[2])
        stated = round(truth / step) * step
        found = quantities.compare(computed, "~", quantities.exact(stated, "", step), None)
        assert found != "fails"
        by_rounding += found == "rounding"
        far = computed.high - computed.low + 3 * step
        assert (
            quantities.compare(computed, "~", quantities.exact(stated + far, "", step), None)
            == "fails"
        )
        order = ("<", ">")[truth > 50]
        assert quantities.compare(computed, order, quantities.exact(Fraction(50)), None) != "fails"
    assert 100 < by_rounding < 2900


def test_one_cell_and_one_digit_apart_is_a_contradiction() -> None:
    assert asked("table5[Ours].fps_gpu ~ 55.2FPS", "paper1").holds
    assert asked("table5[Ours].fps_gpu ~ 55.3FPS", "paper1").holds is False
    assert asked("table1[Lite-HRNet-30 256x192].ap - table1[Ours 256x192].ap ~ 1.3", "paper1") == (
        ClaimOutcome(True, True, ("1.4",))
    )


def test_speeds_of_another_machine_are_compared_as_ratios_and_order() -> None:
    def measured(ours: str, theirs: str, expression: str) -> bool | None:
        own = {"Ours": ours, "Lite-HRNet30": theirs}
        (question,) = [outcome.question(one, PaperNames("paper1")) for one in parse(expression)]
        return outcome.of_question(
            question, lambda place: quantities.exact(Fraction(own[place.row.label]), "FPS"), True
        ).holds

    ratio = "table5[Ours].fps_gpu / table5[Lite-HRNet30].fps_gpu ~ 7.4"
    assert asked(ratio, "paper1").holds
    assert measured("60", "10", ratio) is True
    assert measured("50", "10", ratio) is False
    order = "table5[Ours].fps_gpu > table5[Lite-HRNet30].fps_gpu"
    assert measured("50", "10", order) is True and measured("1", "10", order) is False
    assert measured("55.2", "7.5", "table5[Ours].fps_gpu ~ 55.2FPS") is None


def test_the_numbers_shown_have_one_digit_more_than_the_statement() -> None:
    assert asked("table1[LPN-50].flops / table1[SimpleBaseline-50*].flops ~ 11%").shown == (
        "11.2%",
    )
    assert asked("table1[LPN-50].flops ~ 2.0G").shown == ("1.0G",)
    assert asked("table1[LPN*].ap > 70").shown == ("69.1 < 70",)
    assert asked("1 / 3 < 0.3").shown == ("0.3333 > 0.3",)
    assert asked("(3 * 100000) < 2").shown == ("300000 > 2",)
    assert asked("56599 ~ 57k").shown == ("56599",)
