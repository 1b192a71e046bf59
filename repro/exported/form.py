"""The inputs and outputs of an exported network: which is the image, and which are the heatmaps.

What a file fixes is taken, what it leaves open is decided by the one rule that is left and told,
and where there is no such rule it is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import ReproError, unknown
from repro.records.remarks import Remark

ABOUT = "network"
FLOATS = ("float", "float16", "double")
WHOLE = ("uint8", "int32")
TAKEN = (*FLOATS, *WHOLE)
"""kinds of numbers that an image can be given in"""
NCHW, NHWC = "NCHW", "NHWC"
LAYOUTS = (NCHW, NHWC)
OUTPUT_CURE = "Say which holds the heatmaps: --output-name NAME."


@dataclass(frozen=True, slots=True)
class Port:
    """An input or an output of a file."""

    name: str
    shape: tuple[int | None, ...]
    """None where the file leaves a side open"""
    kind: str
    """of its numbers: float, float16, uint8 ..."""

    def __str__(self) -> str:
        sides = "x".join("?" if side is None else str(side) for side in self.shape)
        return f"`{self.name}` ({sides or 'no shape'})"


@dataclass(frozen=True, slots=True)
class ImageInput:
    """How a file takes images."""

    name: str
    kind: str
    layout: str
    """NCHW or NHWC"""
    batch: int | None
    """None where the file leaves it open"""
    height: int | None
    width: int | None


@dataclass(frozen=True, slots=True)
class HeatmapOutput:
    """Which output holds the heatmaps."""

    name: str
    layout: str
    keypoints: int | None
    """None where the file leaves it open"""


def image_input(
    inputs: Sequence[Port], file: Path, layout: str = ""
) -> tuple[ImageInput, tuple[Remark, ...]]:
    """The input for images, and what of it was assumed; ReproError where there is no such one.

    `layout` is where its channels are, if somebody says it.
    """
    if len(inputs) != 1:
        taken = " and ".join(map(str, inputs)) or "nothing"
        raise ReproError(
            f"`{file}` takes {len(inputs)} inputs: {taken}.",
            "Networks here take one, an image. Export it with the others as constants.",
        )
    (one,) = inputs
    if len(one.shape) != 4 or one.kind not in TAKEN:
        raise ReproError(
            f"`{file}` takes {one} of {one.kind}.",
            f"An image is N x 3 x H x W or N x H x W x 3, in {', '.join(TAKEN)}.",
        )
    remarks = []
    batch, second, third, last = one.shape
    unclear = (second, last) in ((None, None), (3, 3))
    given, layout = layout, layout or (NHWC if last == 3 and second != 3 else NCHW)
    if unclear and not given:
        said = f"`{file.name}` does not say where the channels of {one} are: {NCHW} is "
        said += "assumed; --layout would say it."
        remarks.append(Remark(ABOUT, said))
    channels = last if layout == NHWC else second
    if channels not in (3, None):
        cure = f"Is its layout {layout}, as --layout or its side file says?" if given else ""
        raise ReproError(f"`{file}` takes {channels} channels.", cure or "A picture here has 3.")
    height, width = (second, third) if layout == NHWC else (third, last)
    if layout == NHWC and not given:
        remarks.append(Remark(ABOUT, f"`{file.name}` takes its channels last (N x H x W x 3)."))
    return ImageInput(one.name, one.kind, layout, batch, height, width), tuple(remarks)


def heatmap_output(
    outputs: Sequence[Port], keypoints: int | None, wanted: str, file: Path
) -> tuple[HeatmapOutput, tuple[Remark, ...]]:
    """The output that holds the heatmaps of so many joints, and what of it was assumed.

    `wanted` is its name where the user or the file says it, else empty. ReproError where none can
    be it, and where several can.
    """
    chosen = _maps_named(outputs, wanted, file) if wanted else _only(outputs, keypoints, file)
    _, second, _, last = chosen.shape or (None,) * 4
    layout = NHWC if last == keypoints is not None and second != keypoints else NCHW
    remarks = []
    if layout == NHWC:
        remarks.append(Remark(ABOUT, f"{chosen} of `{file.name}` has its joints last."))
    others = [str(other) for other in outputs if other.name != chosen.name]
    if others and not wanted:
        said = f"{chosen} is taken for the heatmaps of `{file.name}`, not {', '.join(others[:4])}."
        remarks.append(Remark(ABOUT, said))
    joints = last if layout == NHWC else second
    return HeatmapOutput(chosen.name, layout, joints), tuple(remarks)


def named(outputs: Sequence[Port], wanted: str, file: Path) -> Port:
    """The output of that name; ReproError where there is none."""
    names = [output.name for output in outputs]
    if wanted not in names:
        error = unknown("output", wanted, names)
        raise ReproError(f"`{file}`: {error}", error.hint)
    return outputs[names.index(wanted)]


def _maps_named(outputs: Sequence[Port], wanted: str, file: Path) -> Port:
    chosen = named(outputs, wanted, file)
    if len(chosen.shape) not in (0, 4):
        raise _no_heatmaps([chosen], file)
    return chosen


def _only(outputs: Sequence[Port], keypoints: int | None, file: Path) -> Port:
    maps = [output for output in outputs if len(output.shape) == 4]
    if not maps and [output.shape for output in outputs] == [()]:
        return outputs[0]  # what no shape is stated of is looked at when it is there
    if not maps:
        raise _no_heatmaps(outputs, file)
    if len(maps) == 1:
        return maps[0]
    fitting = [one for one in maps if keypoints is not None and keypoints in _channels(one)]
    if len(fitting) != 1:
        raise ReproError(
            f"`{file}` has {len(maps)} outputs that may be heatmaps: "
            f"{', '.join(map(str, maps[:6]))}.",
            OUTPUT_CURE,
        )
    return fitting[0]


def _channels(output: Port) -> tuple[int | None, int | None]:
    return output.shape[1], output.shape[3]


def _no_heatmaps(outputs: Sequence[Port], file: Path) -> ReproError:
    shown = ", ".join(map(str, outputs[:6])) or "nothing"
    return ReproError(
        f"`{file}` gives {shown}.",
        "Heatmaps are N x K x h x w; --head says what else it gives.",
    )
