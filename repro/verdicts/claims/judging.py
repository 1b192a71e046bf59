"""The verdict on a claim: by the paper's own cells, by ours, and by every counting convention."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from repro.errors import ReproError, listed
from repro.papers import folders, study
from repro.papers.conventions import CONVENTIONS
from repro.verdicts import elsewhere
from repro.verdicts.claims import caveats, cell_values, facts, outcome
from repro.verdicts.claims.caveats import Caveat
from repro.verdicts.claims.cell_values import CellValues, MeasuredCells
from repro.verdicts.claims.claim import KINDS, Claim, load
from repro.verdicts.claims.outcome import ClaimOutcome, Question, of_question, together
from repro.verdicts.claims.parser import parse
from repro.verdicts.claims.places import PaperNames
from repro.verdicts.claims.syntax import Relation
from repro.verdicts.elsewhere import ElsewhereOrder


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """One verdict on a claim."""

    sign: str
    meaning: str
    colour: str
    """in the terminal"""
    hue: str
    """on the page, a variable of its style"""
    said: str
    """what claims of it do"""
    usual: bool = False
    """whether the page shows such claims only when asked"""


VERDICTS: Mapping[str, ClaimVerdict] = {
    "holds": ClaimVerdict(
        sign="✓",
        meaning="by the printed cells or by what is public, and by ours as far as measured",
        colour="green",
        hue="green",
        said="hold",
        usual=True,
    ),
    "rounding": ClaimVerdict(
        sign="≈",
        meaning="not by the printed digits, but by values that print so",
        colour="green",
        hue="amber",
        said="hold by rounding",
    ),
    "convention": ClaimVerdict(
        sign="c",
        meaning="under one counting convention, not under another",
        colour="cyan",
        hue="blue",
        said="hold under one counting convention only",
    ),
    "contradicted": ClaimVerdict(
        sign="✗",
        meaning="the paper's own numbers, or what is public, say otherwise",
        colour="red",
        hue="red",
        said="are contradicted by the paper’s own numbers or by what is public",
    ),
    "measured otherwise": ClaimVerdict(
        sign="≠",
        meaning="the paper's cells hold it or are silent, our cells or networks do not",
        colour="yellow",
        hue="violet",
        said="are measured otherwise",
    ),
    "unchecked": ClaimVerdict(
        sign="–",
        meaning="nothing at hand can check it",
        colour="dim",
        hue="faint",
        said="cannot be checked by anything at hand",
        usual=True,
    ),
}
"""in the order in which they are listed"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim and what became of it."""

    claim: Claim
    verdict: str
    """one of VERDICTS"""
    reason: str
    text: tuple[str, ...] = ()
    """the numbers that its words name"""
    cells: tuple[str, ...] = ()
    """the printed cells that it uses"""
    grounds: tuple[str, ...] = ()
    """what it is held against, of `repro.verdicts.claims.facts.GROUNDS`"""
    published: ClaimOutcome | None = None
    """by the print and what is public; None where it is of our networks alone"""
    own: ClaimOutcome | None = None
    """with our values, each under its cell's own convention, and with our networks"""
    rules: tuple[str, ...] = ()
    """the conventions of the cells"""
    others: Mapping[str, ClaimOutcome] = field(default_factory=dict)
    """another convention for all cells -> what our values then give, where it can matter"""
    elsewhere: tuple[ElsewhereOrder, ...] = ()
    """what others' times say of the order that it speaks of; they move no verdict"""
    caveats: tuple[Caveat, ...] = ()
    """what must be known of its cells and differences; they move no verdict"""


def judge_all(claims: Iterable[Claim], measured: MeasuredCells) -> list[Judged]:
    """The verdicts on some claims; raise ReproError naming the first that cannot be read."""
    books: dict[str, PaperNames] = {}
    return [
        judge(claim, measured, books.setdefault(claim.paper, PaperNames(claim.paper)))
        for claim in claims
    ]


def judge_papers(
    papers: Sequence[str], measured: MeasuredCells, kinds: Collection[str] = KINDS
) -> list[Judged]:
    """The verdicts on the claims of some papers, those of some kinds alone.

    Of several papers one of a user whose claims cannot be read is left out; of ours ReproError.
    """
    judged: list[Judged] = []
    for name in papers:
        try:
            chosen = [one for one in load(name) if one.kind in kinds]
            judged += judge_all(chosen, measured)
        except ReproError as error:
            if len(papers) == 1 or name in folders.trusted():
                raise
            said = f"The claims of `{name}` are left out: {error}"
            folders.leave_out(f"{name} claims", ReproError(said, error.hint))
    return judged


def judge(claim: Claim, measured: MeasuredCells, book: PaperNames) -> Judged:
    """The verdict on one claim, from the printed cells and the records at hand."""
    orders = elsewhere.orders(measured.elsewhere, *claim.order) if claim.order else ()
    try:
        if claim.holds is None:
            judged = Judged(claim, "unchecked", claim.why or "")
        else:
            relations = parse(claim.holds)
            judged = _judged(claim, relations, measured, book)
            judged = replace(judged, caveats=caveats.of_claim(relations, book, measured.copied))
    except ReproError as error:
        raise ReproError(f"{claim}: {error}", error.hint) from error
    if not orders:
        return judged
    reason = f"{judged.reason} {elsewhere.sentence(orders)}"
    return replace(judged, reason=reason, elsewhere=orders)


def summary(judged: Iterable[Judged]) -> dict[str, int]:
    """How many claims got each verdict, in the order of VERDICTS."""
    counts = Counter(one.verdict for one in judged)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def exit_code(judged: Sequence[Judged], gates: set[str]) -> tuple[int, str]:
    """3 if a claim has a verdict of `gates`, 4 if they had nothing to judge; and why."""
    caught = sum(one.verdict in gates for one in judged)
    if caught:
        return 3, f"{caught} claims are {' or '.join(sorted(gates))}: exit 3"
    if not judged or (gates and all(one.verdict == "unchecked" for one in judged)):
        return 4, "no selected claim was judged: exit 4"
    return 0, ""


def _judged(
    claim: Claim, relations: tuple[Relation, ...], measured: MeasuredCells, book: PaperNames
) -> Judged:
    asked = [outcome.question(one, book) for one in relations]
    cells = {str(place): place for one in asked for place in one.used}
    rules = tuple(
        dict.fromkeys(
            study.convention(place.row, place.column)
            for place in cells.values()
            if place.column.metric == "macs"
        )
    )
    printed = [of_question(one, cell_values.printed, measured=False) for one in asked]
    answers = [of_question(one, measured.own, measured=True) for one in asked]
    ours = together(answers)
    others: dict[str, ClaimOutcome] = {}
    if ours.holds is not None and any(one.moves for one in asked):
        for name in (name for name in CONVENTIONS if rules != (name,)):
            counted = _counted(asked, answers, measured.under(name))
            others |= {} if counted.holds is None else {name: counted}
    told = _telling(list(zip(asked, printed, strict=True)))
    grounds = tuple(dict.fromkeys(ground for one, _ in told for ground in one.grounds))
    said = together([found for _, found in told])
    verdict, reason = _verdict(claim, grounds, said, ours, rules, others)
    timings = dict.fromkeys(measured.timing(place) for place in cells.values())
    reason += "".join(f" Timed on {one}." for one in timings if one and ours.holds is not None)
    sources = dict.fromkeys(text for one in relations for text in book.facts.sources(one))
    reason += "".join(f" Source: {text}." for text in sources)
    published, own = _theirs_and_ours(asked, printed, answers)
    return Judged(
        claim=claim,
        verdict=verdict,
        reason=reason,
        text=outcome.claimed(relations, claim.printed),
        cells=tuple(cells),
        grounds=tuple(dict.fromkeys(ground for one in asked for ground in one.grounds)),
        published=published,
        own=own,
        rules=rules,
        others=others,
    )


def _theirs_and_ours(
    asked: Sequence[Question], printed: Sequence[ClaimOutcome], answers: Sequence[ClaimOutcome]
) -> tuple[ClaimOutcome | None, ClaimOutcome]:
    """What is printed or public, if anything; and what we have, our readings of networks too."""
    readings = [facts.READING in one.grounds for one in asked]
    theirs = [found for found, reading in zip(printed, readings, strict=True) if not reading]
    ours = [
        found if reading and answer.holds is None else answer
        for found, answer, reading in zip(printed, answers, readings, strict=True)
    ]
    return together(theirs) if theirs else None, together(ours)


def _telling(
    found: Sequence[tuple[Question, ClaimOutcome]],
) -> Sequence[tuple[Question, ClaimOutcome]]:
    """The comparisons that decide: those that fail, of them those that are not of our reading."""
    failing = [(one, said) for one, said in found if said.holds is False]
    others = [(one, said) for one, said in failing if facts.READING not in one.grounds]
    return others or failing or found


def _counted(
    asked: Sequence[Question], answers: Sequence[ClaimOutcome], cells: CellValues
) -> ClaimOutcome:
    """Our outcome where all costs are counted by one convention."""
    return together(
        [
            of_question(one, cells, measured=True) if one.moves else answer
            for one, answer in zip(asked, answers, strict=True)
        ]
    )


def _verdict(
    claim: Claim,
    grounds: Sequence[str],
    published: ClaimOutcome,
    own: ClaimOutcome,
    rules: Sequence[str],
    others: Mapping[str, ClaimOutcome],
) -> tuple[str, str]:
    names = " and ".join(f"`{name}`" for name in rules)
    holding = _listed(others, lambda one: one.holds is True)
    failing = _listed(others, lambda one: one.holds is False)
    ours = f" Ours holds: {own.brief}." if own.holds else ""
    gaps = _gaps(own, alone=tuple(grounds) == (facts.PRINTED,))
    said = f"{_begun(claim, grounds, published.holds is True)} {published.brief}."
    if not published.holds:
        if own.holds is False and holding:
            ours = f" Ours holds only under {holding}."
        return "measured otherwise" if facts.READING in grounds else "contradicted", f"{said}{ours}"
    if own.holds is False and holding:
        return "convention", f"Ours is {own.brief} under {names}; it holds under {holding}."
    if own.holds is False:
        return "measured otherwise", f"Ours is {own.brief}, the print has {published.brief}."
    if failing:
        reason = f"Holds under {names} ({own.brief}), not under {failing}."
        return "convention", reason
    if published.rounding:
        reason = f"The printed digits give {published.brief}, the values may still be so."
        return "rounding", f"{reason}{ours}{gaps}"
    return "holds", f"{said}{ours}{gaps}"


def _begun(claim: Claim, grounds: Sequence[str], holds: bool) -> str:
    """How the sentence begins that names the numbers, by what they are of."""
    if grounds == (facts.READING,) and holds and claim.kind == "recipe":
        return "Our network, built from this sentence, has"
    nouns = listed([facts.GROUNDS[ground].noun for ground in grounds])
    verb = "give" if len(grounds) > 1 else facts.GROUNDS[grounds[0]].verb
    return f"{nouns[0].upper()}{nouns[1:]} {verb}"


def _listed(others: Mapping[str, ClaimOutcome], wanted: Callable[[ClaimOutcome], bool]) -> str:
    return ", ".join(f"`{name}` ({one.brief})" for name, one in others.items() if wanted(one))


def _gaps(ours: ClaimOutcome, alone: bool) -> str:
    """Which cells were not measured, in a sentence; why none was if the print stands `alone`."""
    names = [name for name, _ in ours.missing if name]
    if not names:
        alone = alone and ours.holds is None and bool(ours.missing)
        return f" {ours.missing[0][1]}" if alone else ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f" Not measured here: {', '.join(names[:3])}{more}."


def described(judged: Judged) -> dict[str, object]:
    """A judged claim as plain data."""
    claim = judged.claim
    return {
        "study": claim.paper,
        "number": claim.number,
        "where": claim.where,
        "printed": claim.printed,
        "says": claim.says,
        "kind": claim.kind,
        "holds": claim.holds,
        "note": claim.note,
        "text": list(judged.text),
        "cells": list(judged.cells),
        "grounds": list(judged.grounds),
        "rules": list(judged.rules),
        "published": _plain(judged.published),
        "measured": _plain(judged.own),
        "conventions": {name: _plain(one) for name, one in judged.others.items()},
        "verdict": {"kind": judged.verdict, "reason": _whole_reason(judged)},
        "caveats": [asdict(one) for one in judged.caveats],
        "elsewhere": [asdict(one) | {"call": one.call} for one in judged.elsewhere],
    }


def _whole_reason(judged: Judged) -> str:
    return " ".join((judged.reason, *(one.sentence for one in judged.caveats)))


def _plain(outcome: ClaimOutcome | None) -> dict[str, object] | None:
    return (
        None
        if outcome is None
        else {
            "holds": outcome.holds,
            "rounding": outcome.rounding,
            "shown": list(outcome.shown),
            "missing": [{"cell": name or None, "why": why} for name, why in outcome.missing],
        }
    )
