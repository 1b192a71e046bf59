"""A recipe, and what became of a training, for a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from repro.papers import study
from repro.papers.recipe import Recipe
from repro.papers.recipe_sources import UNSAID, Resolved, shown
from repro.training.schedule import rate_spans

PERSONS = (
    "half_body",
    "scale_factor",
    "rotation_factor",
    "rotation_chance",
    "centre_shift",
    "centre_chance",
    "centre",
    "cut",
)
IMAGES = ("scale", "rotation", "translation")


def recipe(resolved: Resolved) -> Table:
    """Field, value and source of all that is at work."""
    table = Table(title=f"recipe {resolved.name}", title_justify="left", box=None)
    table.add_column("field")
    table.add_column("value")
    table.add_column("from")
    idle = (*(PERSONS if resolved.recipe.whole else IMAGES), "whole")
    for name in resolved.sources:
        value, source = getattr(resolved.recipe, name), resolved.sources[name]
        if name not in idle and not (source == UNSAID and not value):
            table.add_row(name, shown(value), source)
    return table


def rates(recipe: Recipe) -> list[str]:
    """The course of the learning rate in lines, one for each stage that differs from the last."""
    stages: dict[str, list[int]] = {}
    for stage in range(recipe.stages):
        spans = [one for one in rate_spans(recipe) if one.stage == stage]
        course = ", ".join(f"{one.rate:g} to epoch {one.last:,}" for one in spans)
        begin = f", from epoch {spans[0].first:,}" if spans[0].first else ""
        stages.setdefault(f"{begin}: {course}", []).append(stage + 1)
    lines = []
    for course, numbers in stages.items():
        which = f"s {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f" {numbers[0]}"
        lines.append(f"learning rate{f', stage{which}' if recipe.stages > 1 else ''}{course}")
    if recipe.warmup_iterations:
        share = f"{recipe.warmup_ratio:g} of it, over {recipe.warmup_iterations:,} steps"
        lines.append(f"the first rate is reached in a straight line from {share}")
    return lines


def differences(apart: Mapping[str, tuple[object, object]]) -> list[str]:
    """Where the official configuration is another than what the paper prints, in a line."""
    fields = ", ".join(f"{name} {shown(value)}" for name, (_, value) in apart.items())
    return [f"the official configuration differs: {fields}"] if apart else []


def deviations(resolved: Resolved) -> list[str]:
    """What is not as the recipe has it, a line each."""
    if not resolved.deviations:
        return ["no deviations from the recipe"]
    return [f"deviation: {one}, by {resolved.sources[one.field]}" for one in resolved.deviations]


def outcome(training: Mapping[str, object]) -> list[str]:
    """What became of a training, in lines."""
    best, smoke, loss = training["best"], training.get("smoke"), training["loss"]
    lines = [f"{training['step']:,} of {training['steps']:,} steps are done"]
    if isinstance(loss, float):
        lines[0] += f", the last epoch's loss is {loss:.4g}"
    if isinstance(smoke, dict):
        lines.append(
            f"smoke: the loss of one batch fell from {smoke['before']:.4g} to {smoke['after']:.4g}"
        )
    elif isinstance(best, dict) and best["metric"]:
        lines.append(f"best {best['metric']} {best['value']:.1f} % after step {best['step']:,}")
    lines.append(f"{training['weights']} has the weights for `repro eval --weights`")
    if training.get("page"):
        lines.append(f"{training['page']} shows how it went")
    return lines


def ablation(rows: Sequence[Mapping[str, object]]) -> Table:
    """Rows trained on generated figures: AP by seed, and the difference to the first row."""
    title = "AP on generated figures, not the data set of the paper"
    table = Table(title=title, title_justify="left", box=None)
    for name in ("row", "printed AP", "generated AP", "printed Δ", "generated Δ", "the sign"):
        table.add_column(name, justify="left" if name in ("row", "the sign") else "right")
    for row in rows:
        values, change = row["trained"], row.get("difference")
        assert isinstance(values, list)
        cells = [str(row["label"]), _figure(row["printed"]), " ".join(map(_figure, values))]
        if isinstance(change, float):
            ends = row["interval"]
            interval = f" ({ends[0]:+.1f} to {ends[1]:+.1f})" if isinstance(ends, list) else ""
            printed = row["printed_difference"]
            cells += [
                f"{printed:+.2f}" if isinstance(printed, float) else "-",
                f"{change:+.1f}{interval}",
                str(row["verdict"]),
            ]
        table.add_row(*cells)
    return table


def ablation_words(
    title: str, rows: Sequence[Mapping[str, object]], seeds: int, epochs: int, data: str
) -> list[str]:
    """What an ablation on generated figures tells, and what not."""
    verdicts = Counter(str(row["verdict"]) for row in rows if "verdict" in row)
    counts = ", ".join(f"{verdict} in {count}" for verdict, count in verdicts.items())
    spread = (
        "Δ: mean over the seeds of the difference to the first row, with its 95 % interval "
        "(Student's t)."
        if seeds > 1
        else "Δ: the difference to the first row; one seed gives no interval, so no sign is told."
    )
    return [
        f"{title}, trained on generated figures ({data}) under a small budget: "
        f"{epochs} epoch{'s' * (epochs > 1)}, {seeds} seed{'s' * (seeds > 1)} a row; "
        "AP on generated pictures that were held out.",
        spread,
        f"The sign of the paper's difference, of {sum(verdicts.values())}: {counts}.",
        "This tells whether an effect shows at this scale, and reproduces no printed figure.",
    ]


def networks(table: study.Table, rows: Sequence[Mapping[str, object]], mode: str) -> RenderableType:
    """What the trained networks of a table reach, beside what is printed."""
    after = {"smoke": "a short training", "paper": "training by the paper's recipe"}
    what = f"after {after.get(mode, 'training by the official recipe')}"
    title = f"{table.study} Table {table.number}: accuracy {what} | as printed"
    grid = Table(box=None)
    grid.add_column("row")
    grid.add_column("network")
    keys = [
        one.key for one in table.columns if any(one.key in _table(row["printed"]) for row in rows)
    ]
    for key in keys:
        grid.add_column(Text(table.column(key).heading), justify="right")
    apart = any(row["best"] and not row["reached"] for row in rows)
    if apart:
        grid.add_column("here", justify="right")
    for row in rows:
        reached, printed, best = _table(row["reached"]), _table(row["printed"]), row["best"]
        cells = [_label(row, rows), str(row["network"] or row["model"] or "-")]
        for key in keys:
            value = _figure(_table(reached.get(key, {})).get("value"))
            cells.append(f"{value} | {printed[key]}" if key in printed else "")
        if apart and isinstance(best, Mapping):
            cells.append(f"{best['metric']} {_figure(best['value'])}")
        grid.add_row(*map(Text, cells))
    return Group(Text(title), grid)


def networks_words(rows: Sequence[Mapping[str, object]], mode: str, printed: str) -> list[str]:
    """Of which data the figures are, and why some are not there."""
    on = dict.fromkeys(_on(_table(row["on"])) for row in rows if row["on"])
    words = [
        f"Before the stroke: {', '.join(on) or 'nothing was evaluated'}; "
        f"behind it: printed, of {printed}. Neither is judged by the other."
    ]
    if mode == "smoke":
        words.append("Trained for a few steps with small inputs: that it learns, and no more.")
    reasons: dict[str, list[str]] = {}
    for row in rows:
        differing = row["deviations"] if mode != "smoke" else None
        if isinstance(differing, list) and differing:
            reason = f"not as the recipe: {'; '.join(differing)}"
            reasons.setdefault(reason, []).append(_label(row, rows))
        if row["why"]:
            reasons.setdefault(f"no figure: {row['why']}", []).append(_label(row, rows))
    return words + [f"{', '.join(labels)}: {reason}" for reason, labels in reasons.items()]


def _label(row: Mapping[str, object], rows: Sequence[Mapping[str, object]]) -> str:
    """What a row is called, with its seed where there are several."""
    label = str(row["label"])
    return f"{label}, seed {row['seed']}" if any(one["seed"] for one in rows) else label


def _on(data: Mapping[str, object]) -> str:
    whole = "" if data["official"] else ", not an official set"
    return f"{data['name']}, {data['images']:,} images{whole}"


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _figure(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else "-"
