"""The page of one training, beside its weights: one HTML file that needs nothing else.

It is made of what the training keeps in its folder, so that one that was interrupted has its page
too, and one that goes on gets another.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from repro.env import __version__
from repro.errors import StoreError
from repro.files import write_whole
from repro.papers.recipe_sources import UNSAID, shown
from repro.records.store import PAGE
from repro.report.html import curves
from repro.report.html.assets import STYLES, environment, joined, policy
from repro.training import course
from repro.training.course import TrainingCourse
from repro.training.sheet import Sheet, sheet

WRITTEN = re.compile(r"(\w+) .* \(the recipe: (.*)\)", re.DOTALL)
"""a deviation in words: its field, and the value as the recipe is written down"""


@dataclass(frozen=True, slots=True)
class RecipeField:
    """A row of the recipe."""

    name: str
    value: str
    written: str | None
    """as the recipe is written down, where that is another"""
    source: str


def write(folder: Path) -> Path | None:
    """Write the page of the training in a folder; None where none has begun.

    A StoreError where it cannot be written.
    """
    known = course.read(folder)
    if known is None:
        return None
    path = folder / PAGE
    try:
        write_whole(path, render(known, sheet(folder)))
    except OSError as error:
        raise StoreError(
            f"`{path}` cannot be written: {error.strerror}.", "Make room, or train with --out."
        ) from error
    return path


def render(known: TrainingCourse, pictures: Sheet | None) -> str:
    """The page of a training, with what was found on pictures beside the truth."""
    style = joined((*STYLES, "training.css", "media.css"))
    recipe = known.part("recipe")
    fields = list(_fields(recipe))
    templates = environment()
    templates.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return templates.get_template("training.html").render(
        name=str(known.run.get("name", "training")),
        lead=_lead(known),
        facts=list(_facts(known)),
        remarks=[str(text) for text in _remarks(known)],
        charts=curves.charts(known),
        sheet=pictures,
        evaluated=bool(known.part("evaluated")),
        recipe=str(recipe.get("name", "the recipe")),
        deviations=sum(one.written is not None for one in fields),
        fields=fields,
        circumstances=list(_circumstances(known)),
        style=Markup(style),  # our own files
        policy=policy(style),
        version=__version__,
    )


def _lead(known: TrainingCourse) -> str:
    """What is trained on what, and how far it came."""
    trained = known.part("train")
    on = Path(str(trained.get("annotations", "its data"))).name
    done = f"{known.step:,} of {known.total:,} steps are done"
    ended = "It came to its end" if known.step >= known.total else "It is not at its end"
    recipe = known.part("recipe").get("name", "a recipe")
    return f"{known.run.get('model')} by {recipe} on {on}. {ended}: {done}."


def _facts(known: TrainingCourse) -> Iterator[str]:
    """The best evaluation, and the last loss."""
    best = known.best
    if best is not None:
        ends = "" if best.low is None or best.high is None else f" ({best.low:.1f}–{best.high:.1f})"
        yield (
            f"Best {best.metric} {best.value:.1f} %{ends} after epoch {best.epoch:,}, "
            f"step {best.step:,}."
        )
    elif not known.part("evaluated"):
        yield "Nothing was evaluated on the way: the last weights count as the best."
    if known.epochs:
        last = known.epochs[-1]
        yield f"Mean loss {last.loss:.4g} in the last whole epoch, of {len(known.epochs):,}."


def _remarks(known: TrainingCourse) -> Iterator[object]:
    remarks = known.run.get("remarks")
    for remark in remarks if isinstance(remarks, list) else ():
        if isinstance(remark, Mapping):
            yield remark.get("text", "")


def _fields(recipe: Mapping[str, object]) -> Iterator[RecipeField]:
    """What is at work of the recipe; what deviates first."""
    values, sources, deviations = (recipe.get(name) for name in ("fields", "sources", "deviations"))
    values = values if isinstance(values, Mapping) else {}
    sources = sources if isinstance(sources, Mapping) else {}
    found = (WRITTEN.fullmatch(str(one)) for one in deviations or ())  # type: ignore[attr-defined]
    written = {match[1]: match[2] for match in found if match}
    for name in sorted(values, key=lambda one: one not in written):
        value, source = values[name], str(sources.get(name, ""))
        if name in written or not (source == UNSAID and not value):
            told = tuple(value) if isinstance(value, list) else value
            yield RecipeField(name, shown(told), written.get(name), source)


def _circumstances(known: TrainingCourse) -> Iterator[tuple[str, str]]:
    """Data, machine and rules, as names and values."""
    for title in ("train", "evaluated", "identity", "machine", "protocol", "environment"):
        for name, value in known.part(title).items():
            repeated = title == "identity" and name in known.part("recipe").get("fields", ())  # type: ignore[operator]
            if not repeated and value not in (None, "", [], {}):
                yield f"{title}: {name}", str(value)
