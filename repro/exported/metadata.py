"""What the metadata of an exported network state, in the spellings of this and other exporters.

Metadata are pairs of texts. Where two of them, or one and the user, disagree, it is said; what
cannot be understood is an error, unless the user gave the fact.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers.protocol import COLOURS, NORMALISATIONS, ROWS, normalisation
from repro.papers.values import Size

COLOUR_KEYS = (
    *("colour", "color", "colour_order", "color_order", "channel_order"),
    *("colour_space", "color_space", "colour_format", "color_format", "input_color"),
)
"""whose value must be a colour order"""
LOOSE_COLOUR_KEYS = ("channels", "channel_format", "image_format", "input_format", "format")
"""whose value may be one"""
SWITCHES = ("to_rgb", "bgr_to_rgb", "swap_rb", "swaprb", "is_rgb", "rgb")
"""true for RGB, false for BGR: pictures are read as BGR by most programs"""
NORMALISE_KEYS = ("normalise", "normalize", "normalisation", "normalization")
MEAN_KEYS = ("mean", "means", "mean_values", *(f"{one}_mean" for one in ("image", "img", "pixel")))
MEAN_KEYS = (*MEAN_KEYS, "norm_mean", "input_mean", "mean_rgb", "mean_bgr")
DEVIATION_KEYS = (
    *("std", "stds", "std_values", "stdev", "deviation", "scale_values"),
    *(f"{one}_std" for one in ("image", "img", "pixel", "norm", "input")),
)
SCALE_KEYS = ("rescale_factor", "scale_factor", "input_scale", "scale")
SIZE_KEYS = ("input", "input_size", "image_size", "imgsz", "input_shape")
NORMALISE_WORDS: Mapping[str, str] = {
    **{name.lower(): name for name in NORMALISATIONS},
    **dict.fromkeys(("0-1", "[0,1]", "0,1", "unit", "1/255", "/255"), "0..1"),
    **dict.fromkeys(("-1-1", "[-1,1]", "-1,1"), "-1..1"),
    **dict.fromkeys(("none", "raw", "0-255", "[0,255]", "false", "identity"), "0..255"),
}
"""what a normalisation may be called -> one of NORMALISATIONS"""
_COLOUR = re.compile(r"(?:s?)(rgb|bgr)(?:8|24|888)?")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
CURE = "Say which: --normalise."
CLOSE = 2e-3
"""of a pixel value's deviation, by which a stated mean may differ from a named one's"""


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """What a file says of itself; None or empty where it says nothing."""

    colour: str | None = None
    normalise: str | None = None
    size: Size | None = None
    keypoints: int | None = None
    joints: tuple[str, ...] = ()
    flip_pairs: tuple[tuple[int, int], ...] | None = None
    """joints that change places in a mirrored image"""
    limbs: tuple[tuple[int, int], ...] = ()
    sigmas: tuple[float, ...] | None = None
    """OKS constants"""
    head: str = ""
    """one of repro.exported.heads, by any of its names"""
    layout: str = ""
    """of the input: NCHW or NHWC"""
    output: str = ""
    """which output holds the heatmaps, or which ones the head is read from, with commas"""
    dataset: str = ""
    protocol: str = ""
    weights: str = ""
    colour_error: ReproError | None = None
    """why the colour order cannot be told from what is said of it"""
    normalise_error: ReproError | None = None
    beside: frozenset[str] = frozenset()
    """the facts that are not the file's own, but those of its side file"""


def stated(metadata: Mapping[str, str], file: str) -> StatedFacts:
    """The facts in the metadata of a file, which errors call `file`.

    What is said of colours and normalisation and cannot be understood is kept as an error, for the
    user may give either. ReproError for anything else.
    """
    known = {re.sub(r"[\s-]+", "_", key.strip().lower()): text for key, text in metadata.items()}
    colour, colour_error = _or_error(lambda: _colour(known), file)
    normalise, normalise_error = _or_error(lambda: _normalise(known), file)
    joints = _names(known.get("joints", ""))
    keypoints = known.get("keypoints", "") or _first(known.get("kpt_shape", ""))
    return StatedFacts(
        colour,
        normalise,
        _size(known),
        int(keypoints) if keypoints.isdecimal() and len(keypoints) < 6 else len(joints) or None,
        joints,
        _pairs(known.get("flip_pairs", ""), len(joints)),
        _pairs(known.get("limbs", ""), len(joints)) or (),
        _constants(known.get("sigmas", ""), len(joints)),
        known.get("head", "") or (ROWS if known.get("task") == "pose" else ""),
        "",
        known.get("output", ""),
        known.get("dataset", ""),
        known.get("protocol", ""),
        known.get("weights", ""),
        colour_error,
        normalise_error,
    )


def _pairs(text: str, joints: int) -> tuple[tuple[int, int], ...] | None:
    """Pairs of numbers of joints; None for anything else."""
    pairs = _listed(text)
    if pairs is None or not all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(one) is int and 0 <= one < joints for one in pair)
        for pair in pairs
    ):
        return None
    return tuple((first, second) for first, second in pairs)


def _constants(text: str, joints: int) -> tuple[float, ...] | None:
    """A number above 0 for each joint; None for anything else."""
    numbers = _listed(text)
    if numbers is None or len(numbers) != joints or not joints:
        return None
    if not all(type(one) in (int, float) and 0 < one < 10 for one in numbers):
        return None
    return tuple(map(float, numbers))


def _listed(text: str) -> list[Any] | None:
    try:
        value = schema.json_value(text)
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def _or_error(
    read: Callable[[], Iterator[tuple[str, str]]], file: str
) -> tuple[str | None, ReproError | None]:
    """The one value that all of some facts give, or why there is none."""
    try:
        values = dict(read())
    except ReproError as error:
        return None, ReproError(f"The metadata of `{file}`: {error}", error.hint)
    if len(set(values.values())) > 1:
        said = ", ".join(f"`{key}` says {value}" for key, value in values.items())
        message = f"The metadata of `{file}` contradict themselves: {said}."
        return None, ReproError(message, "Say which: --colour or --normalise.")
    return next(iter(values.values()), None), None


def _colour(known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each fact on the colour order, with the order that it means."""
    for key in (*COLOUR_KEYS, *LOOSE_COLOUR_KEYS):
        if key not in known:
            continue
        match = _COLOUR.fullmatch(known[key].strip().lower())
        if match:
            yield key, match[1].upper()
        elif key in COLOUR_KEYS:
            error = unknown("colour", known[key], COLOURS)
            raise ReproError(str(error), f"{error.hint} Say which: --colour.")
    for key in SWITCHES:
        value = known.get(key, "").strip().lower()
        if value in ("true", "1", "yes", "false", "0", "no"):
            yield key, "RGB" if value in ("true", "1", "yes") else "BGR"


def _normalise(known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each fact on the normalisation, as a protocol words it."""
    for key in NORMALISE_KEYS:
        if key in known:
            word = known[key].strip()
            yield key, named(word)
    mean, deviation = (_numbers(known, keys) for keys in (MEAN_KEYS, DEVIATION_KEYS))
    if mean is None and deviation is None:
        scale = _numbers(known, SCALE_KEYS)
        if scale is not None and abs(255 * scale[0] - 1) < 1e-3:
            yield "scale", "0..1"
        return
    if mean is None or deviation is None:
        lacking = "mean" if mean is None else "deviation"
        raise ReproError(f"they state no {lacking} of the normalisation.", CURE)
    yield "mean and deviation", _of_numbers(mean, deviation, _numbers(known, SCALE_KEYS))


def named(word: str) -> str:
    """A normalisation as a protocol words it, whatever somebody calls it; ReproError for others."""
    spelled = NORMALISE_WORDS.get(word.replace(" ", "").lower(), word)
    try:
        normalisation(spelled)
    except ReproError as error:
        raise ReproError(str(error), f"{error.hint} {CURE}") from error
    return spelled


def _of_numbers(
    mean: tuple[float, ...], deviation: tuple[float, ...], scale: tuple[float, ...] | None
) -> str:
    """Means and deviations of pixels from 0 to 255, or of those divided by 255, in words."""
    unit = [max(map(abs, part)) <= 1 for part in (mean, deviation)]
    scaled = scale is not None and abs(255 * scale[0] - 1) < 1e-3
    fraction = max(deviation) < 1
    unclear = (not unit[0] and fraction) or (unit[0] and any(mean) and not unit[1])
    if not scaled and (unclear or (not any(mean) and set(deviation) == {1.0})):
        raise ReproError(
            f"a mean of {_text(mean)} and a deviation of {_text(deviation)} do not tell whether "
            "pixels are from 0 to 255 or from 0 to 1.",
            CURE,
        )
    if scaled or all(unit):
        mean, deviation = (tuple(255 * value for value in part) for part in (mean, deviation))
    if min(deviation) <= 0:
        raise ReproError(f"a deviation of {_text(deviation)} is none.", CURE)
    for name, (usual, spread) in NORMALISATIONS.items():
        apart = [abs(a - b) for a, b in zip((*mean, *deviation), (*usual, *spread), strict=True)]
        if max(apart) <= CLOSE * max(spread):
            return name
    return named(f"{_text(mean)}/{_text(deviation)}")


def _text(numbers: tuple[float, ...]) -> str:
    return ",".join(f"{number:g}" for number in numbers)


def _numbers(known: Mapping[str, str], keys: tuple[str, ...]) -> tuple[float, ...] | None:
    """The three numbers that the first of some facts gives; one stands for all three channels."""
    key = next((key for key in keys if key in known), None)
    if key is None:
        return None
    numbers = tuple(float(text) for text in _NUMBER.findall(known[key])[:4])
    if len(numbers) not in (1, 3):
        said = f"`{key}` is `{known[key]:.60}`"
        raise ReproError(f"{said}, which is no number for each channel.", CURE)
    return numbers * 3 if len(numbers) == 1 else numbers


def _size(known: Mapping[str, str]) -> Size | None:
    """Height and width of the input; of four numbers the last two, or the middle two before a 3."""
    for key in SIZE_KEYS:
        numbers = [int(word) for word in re.findall(r"\d{1,5}", known.get(key, ""))]
        if len(numbers) == 4:
            numbers = numbers[1:3] if numbers[3] == 3 else numbers[2:]
        if len(numbers) == 2 and all(numbers):
            return numbers[0], numbers[1]
    return None


def _first(text: str) -> str:
    """The first number of `[17, 3]`, which is what Ultralytics calls the shape of its joints."""
    return next(iter(re.findall(r"\d{1,5}", text)), "")


def _names(text: str) -> tuple[str, ...]:
    """A list of names, in JSON or with commas."""
    try:
        names = schema.json_value(text)
    except ValueError:
        names = [name.strip() for name in text.split(",")]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ()
    return tuple(name for name in names if name)
