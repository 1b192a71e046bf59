"""The official files, and what becomes of them, for a reader and as plain data."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import Group, RenderableType
from rich.text import Text

from repro.fetching import space
from repro.fetching.choice import Choice
from repro.fetching.need import Need
from repro.fetching.order import Fetched
from repro.fetching.wanted_file import WantedFile
from repro.report.printed_table import new_grid
from repro.report.text import counted

SIGNS = {"here": "✓", "fetched": "✓", "to_fetch": "↓", "by_hand": "–", "failed": "✗"}


def described(files: Sequence[WantedFile], outcome: Fetched) -> list[dict[str, object]]:
    """For --json."""
    return [_plain(wanted, outcome) for wanted in files]


def _plain(wanted: WantedFile, outcome: Fetched) -> dict[str, object]:
    done = next((one for one in outcome.done if one.wanted == wanted), None)
    error = outcome.failures.get(wanted.name)
    return {
        "name": wanted.name,
        "what": wanted.what,
        "state": state(wanted, outcome),
        "path": str(wanted.folder if wanted.archive else wanted.path),
        "address": wanted.address,
        "page": wanted.page,
        "by_hand": wanted.by_hand or None,
        "bytes": wanted.about,
        "sha256": wanted.sha256,
        "licence": wanted.licence or None,
        "feeds": list(wanted.feeds),
        "note": wanted.note or None,
        "source": done.source if done else None,
        "shown": done.shown if done else None,
        "why": str(error) if error else None,
    }


def state(wanted: WantedFile, outcome: Fetched) -> str:
    """One of SIGNS."""
    if any(one.wanted == wanted for one in outcome.done):
        return "fetched"
    if wanted.name in outcome.failures:
        return "failed"
    if wanted.here:
        return "here"
    return "to_fetch" if wanted.address else "by_hand"


def listed(files: Sequence[WantedFile], outcome: Fetched) -> RenderableType:
    """A line a file: whether it is here, what it is, how large, under what licence, from where.

    What is uncertain about some of them follows.
    """
    grid = new_grid()
    for heading in ("", "file", "what", "feeds", "size", "licence", "from"):
        grid.add_column(heading, overflow="fold")
    for wanted in files:
        grid.add_row(
            SIGNS[state(wanted, outcome)],
            Text(wanted.name),
            Text(wanted.what),
            Text(", ".join(wanted.feeds)),
            "not stated" if wanted.about is None else _size(wanted),
            Text(wanted.licence or "see the page"),
            Text(wanted.address or f"by hand: {wanted.page}"),
        )
    notes: dict[str, list[str]] = {}
    for wanted in files:
        if wanted.note:
            notes.setdefault(wanted.note, []).append(wanted.name)
    named = {
        note: names[0] if len(names) == 1 else counted(len(names), "file")
        for note, names in notes.items()
    }
    return Group(grid, *(Text(f"note  {names}: {note}") for note, names in named.items()))


def _size(wanted: WantedFile) -> str:
    """Exact, or `about` where it is rounded."""
    assert wanted.about is not None
    return f"{'' if wanted.size else 'about '}{space.told(wanted.about)}"


def asked(files: Sequence[WantedFile], need: Need) -> Iterator[str]:
    """What is about to be fetched, and what room there is for it."""
    for wanted in files:
        size = "size not stated" if wanted.about is None else _size(wanted)
        note = f" · {wanted.note}" if wanted.note else ""
        place = wanted.folder if wanted.archive else wanted.path
        yield f"  {wanted.name} · {wanted.what} · {size} · to {place}{note}"
    yield total(need)


def total(need: Need) -> str:
    """`about 1.2 GB to download · at least as much again unpacked · 70 GB free`."""
    parts = [f"about {space.told(need.download)} to download"] if need.download else []
    if need.unstated:
        parts.append(f"{counted(need.unstated, 'file')} of which no size is stated")
    if need.unpacked:
        parts.append(f"at least {space.told(need.unpacked)} when unpacked")
    return " · ".join([*parts, f"{space.told(need.free)} free"])


def left(choice: Choice, by_hand: Sequence[WantedFile]) -> Iterator[str]:
    """What is not fetched, and how it is come by."""
    for wanted in by_hand:
        yield f"by hand: {wanted.name} ({wanted.what}) · {wanted.cure}"
    if choice.unpublished:
        names = ", ".join(choice.unpublished)
        yield f"nobody publishes {names}: `repro run ... --train paper` trains them"


def became(outcome: Fetched) -> Iterator[str]:
    """A line for each file that came."""
    for one in outcome.done:
        place = one.wanted.folder if one.wanted.archive else one.wanted.path
        yield f"✓ {one.wanted.name} · {one.shown} · {place}"


def of_plan(choice: Choice, need: Need) -> Iterator[str]:
    """What `run --fetch` would fetch for a plan; nothing where there is nothing."""
    public = [one for one in choice.lacking() if one.address]
    by_hand = [one for one in choice.lacking() if not one.address]
    if public:
        yield f"--fetch would fetch {counted(len(public), 'file')}: {total(need)}"
    if by_hand:
        names = ", ".join(dict.fromkeys(wanted.what for wanted in by_hand[:4]))
        more = f" and {len(by_hand) - 4} more" if len(by_hand) > 4 else ""
        yield f"by hand: {names}{more}; `repro fetch --list` has the pages"


def need_described(need: Need) -> dict[str, object]:
    """For --json."""
    return asdict(need)
