"""The kinds of heads that exported networks end in, and which outputs each is read from.

A head is named by the user, the file or what lies beside it; where nobody names it, it is told by
the shapes of the outputs, and said to be so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import ReproError, unknown
from repro.exported import form
from repro.exported.form import ABOUT, NCHW, NHWC, Port
from repro.papers.protocol import COORDINATES, GROUPINGS, ROWS
from repro.records.remarks import Remark

Sides = tuple[int | None, int | None]
"""height and width of the input; None where they are open"""
SIMCC, POINTS = COORDINATES
TAGS, OFFSETS, FIELDS = GROUPINGS
BOX, BOX_AND_CLASS = 5, 6
"""values of a row before its joints: a box with its score, and with a class too"""
MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class HeadOutput:
    """An output that a head is read from."""

    name: str
    layout: str = NCHW
    """of maps; NHWC has the channels last"""


Found = tuple[HeadOutput, ...] | None


@dataclass(frozen=True, slots=True)
class Head:
    """A kind of head, with all that differs between kinds."""

    name: str
    """what --head calls it"""
    decode: str
    """what a protocol calls it; empty for heatmaps, of which a protocol has several decodings"""
    also: tuple[str, ...]
    """other names"""
    takes: str
    """the shapes of its outputs, in words"""
    find: Callable[[Sequence[Port], int], Found]
    """its outputs, in the order in which they are read, among all those of a network of K joints"""
    colour: str | None = None
    normalise: str | None = None
    """what networks with such a head usually take; None: as the protocol has it"""


def _heatmaps(outputs: Sequence[Port], joints: int) -> Found:
    found = [one for one in outputs if _maps(one, joints)]
    return None if not found else (_layout(found[0], joints),)


def _simcc(outputs: Sequence[Port], joints: int) -> Found:
    flat = [one for one in outputs if len(one.shape) == 3 and one.shape[1] in (joints, None)]
    if len(flat) != 2 or any(one.shape[2] is not None and one.shape[2] < 8 for one in flat):
        return None
    return tuple(HeadOutput(one.name) for one in flat)


def _points(outputs: Sequence[Port], joints: int) -> Found:
    for one in outputs:
        if one.shape[1:] in ((1, joints, 3), (joints, 3)):
            return (HeadOutput(one.name),)
    return None


def _rows(outputs: Sequence[Port], joints: int) -> Found:
    widths = row_widths(joints)
    for one in outputs:
        if len(one.shape) == 3 and {one.shape[1], one.shape[2]} & set(widths):
            return (HeadOutput(one.name),)
    return None


def _tags(outputs: Sequence[Port], joints: int) -> Found:
    """2K maps, the last K of them tags; then, as a rule, K larger ones. SWAHR has K more each."""
    maps = [one for one in outputs if len(one.shape) == 4]
    for more in (0, joints):
        counts = [2 * joints + more, *[joints + more] * (len(maps) - 1)]
        if maps and all(map(_maps, maps, counts)):
            return tuple(map(_layout, maps, counts))
    return None


def _offsets(outputs: Sequence[Port], joints: int) -> Found:
    return _both(outputs, joints + 1, 2 * joints)


def _fields(outputs: Sequence[Port], joints: int) -> Found:
    """Of the last stage: as many maps as joints with a neck and a background, twice the fields."""
    return _both(outputs, joints + 2, 2 * (joints + 2))


def _both(outputs: Sequence[Port], first: int, second: int) -> Found:
    """The last output with so many maps, and the last with so many others."""
    pair = [[one for one in outputs if _maps(one, count)] for count in (first, second)]
    if not all(pair):
        return None
    return _layout(pair[0][-1], first), _layout(pair[1][-1], second)


HEADS: Mapping[str, Head] = {
    head.name: head
    for head in (
        Head("heatmaps", "", ("heatmap",), "maps of N x K x h x w", _heatmaps),
        Head("simcc", SIMCC, ("rtmpose",), "two of N x K x bins, of x and of y", _simcc),
        Head(
            "points",
            POINTS,
            ("movenet",),
            "N x 1 x K x 3: y, x in shares of the input, and a score",
            _points,
            "RGB",
            "0..255",
        ),
        Head(
            "rows",
            ROWS,
            ("yolo", "yolo-pose", "yolopose", ROWS),
            "N x (5 + 3K) x M: a box, its score, and x, y, score of each joint",
            _rows,
            "RGB",
            "0..1",
        ),
        Head(
            "fields",
            FIELDS,
            ("paf", "openpose", FIELDS),
            "maps of K + 2 and fields of 2 (K + 2)",
            _fields,
        ),
        Head("offsets", OFFSETS, ("dekr", OFFSETS), "maps of K + 1 and offsets of 2K", _offsets),
        Head("tags", TAGS, ("ae", TAGS), "maps and tags of 2K, as a rule maps of K too", _tags),
    )
}
"""what --head may be"""
GUESSED = ("simcc", "points", "rows", "fields", "offsets", "tags", "heatmaps")
"""the order in which heads are tried where nobody names one: what is rare in other files first"""


def row_widths(joints: int) -> tuple[int, int, int]:
    """How many values the row of a person may have: with a class, without, without joint scores."""
    return BOX_AND_CLASS + 3 * joints, BOX + 3 * joints, BOX + 2 * joints


def named(word: str) -> Head:
    """The head of that name, whatever its letters; ReproError where there is none."""
    spelled = word.strip().lower()
    for head in HEADS.values():
        if spelled in (head.name, *head.also):
            return head
    raise unknown("head", word, HEADS)


def of_decoding(decode: str) -> Head:
    """The head that a protocol's decoding reads."""
    return next((one for one in HEADS.values() if one.decode == decode), HEADS["heatmaps"])


def guessed(outputs: Sequence[Port], joints: int) -> Head | None:
    """The head that outputs of a network of K joints look like; None where they look like none."""
    return next((HEADS[name] for name in GUESSED if HEADS[name].find(outputs, joints)), None)


def outputs_of(
    head: Head, outputs: Sequence[Port], joints: int, wanted: str, sides: Sides, file: Path
) -> tuple[tuple[HeadOutput, ...], tuple[Remark, ...]]:
    """The outputs that a head other than heatmaps is read from, and what was assumed of them.

    `wanted` names them where the user or the file does, in their order, with commas. ReproError
    where they are not there, or have other shapes.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    chosen = [form.named(outputs, name, file) for name in names] or list(outputs)
    found = head.find(chosen, joints)
    if found is None:
        shown = ", ".join(map(str, chosen[:MOST_SHOWN])) or "nothing"
        what = f"`{head.name}`" + (f" ({head.decode})" if head.decode in GROUPINGS else "")
        raise ReproError(
            f"`{file}` gives {shown}, which is no head {what} of {joints} joints.",
            f"That is {head.takes}. Say what it is: --head {' or '.join(HEADS)}.",
        )
    if head.decode == SIMCC and not names:
        return _across_first(found, outputs, sides, file)
    return found, ()


def _across_first(
    found: tuple[HeadOutput, ...], outputs: Sequence[Port], sides: Sides, file: Path
) -> tuple[tuple[HeadOutput, ...], tuple[Remark, ...]]:
    """The output of x and that of y: told by their lengths, else their names, else their order."""
    first, second = found
    lengths = {one.name: one.shape[2] for one in outputs if len(one.shape) == 3}
    long, short = lengths[first.name], lengths[second.name]
    height, width = sides
    if None not in (long, short, height, width) and (long != short or height != width):
        for one, other in ((first, second), (second, first)):
            across, down = lengths[one.name] or 0, lengths[other.name] or 0
            if across * (height or 0) == down * (width or 0):
                return (one, other), ()
        raise ReproError(
            f"`{file}` gives {long} and {short} bins for an input of {height}x{width}.",
            "SimCC has as many bins for each pixel of the height as of the width.",
        )
    ends = [one.name.lower().partition(":")[0][-1:] for one in found]
    if ends == ["y", "x"]:
        return (second, first), ()
    if ends == ["x", "y"]:
        return found, ()
    said = f"`{first.name}` of `{file.name}` is taken for x and `{second.name}` for y, by their "
    said += "order; --output-name X,Y would say it."
    return found, (Remark(ABOUT, said),)


def _maps(output: Port, channels: int) -> bool:
    return len(output.shape) == 4 and channels in (output.shape[1], output.shape[3])


def _layout(output: Port, channels: int) -> HeadOutput:
    """Maps with so many channels, which may be the last side."""
    last = output.shape[1] != channels and output.shape[3] == channels
    return HeadOutput(output.name, NHWC if last else NCHW)
