"""What a user wrote down of an exported file, in a small TOML file beside it.

`net.onnx.toml` is read wherever `net.onnx` is. It wins over what the file states of itself, and
what the command line says wins over it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from repro import schema
from repro.errors import ReproError, unknown
from repro.exported import heads, metadata
from repro.exported.form import ABOUT, LAYOUTS
from repro.exported.metadata import StatedFacts
from repro.files import write_whole
from repro.papers.lookup import parse_size
from repro.papers.protocol import COLOURS
from repro.records.remarks import Remark

SUFFIX = ".toml"
TITLES = {"size": "input"}
"""facts whose key in the side file is another word than in StatedFacts"""


@dataclass(frozen=True, slots=True)
class SideFacts:
    """The keys of a side file; what it does not say is None. Words are spelled as --help does."""

    head: str | None = None
    colour: str | None = None
    normalise: str | None = None
    input: str | None = None
    """height x width, as 256x192"""
    layout: str | None = None
    """of the input: NCHW or NHWC"""
    output: str | None = None
    """names of the outputs that the head is read from, with commas"""
    dataset: str | None = None
    protocol: str | None = None
    joints: tuple[str, ...] | None = None
    flip_pairs: tuple[tuple[int, int], ...] | None = None
    limbs: tuple[tuple[int, int], ...] | None = None
    sigmas: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.input is not None:
            parse_size(self.input)
        count = len(self.joints or ())
        for name in ("flip_pairs", "limbs"):
            for pair in getattr(self, name) or ():
                if not all(0 <= place < count for place in pair):
                    raise ReproError(
                        f"`{name}` has {list(pair)}, but there are {count} joints.",
                        "Joints are counted from 0, in the order of `joints`.",
                    )
        if self.sigmas is not None and (
            len(self.sigmas) != count or not all(0 < one < 10 for one in self.sigmas)
        ):
            raise ReproError(
                f"`sigmas` are {len(self.sigmas)}, of {count} joints.",
                "One for each of `joints`, above 0 and below 10.",
            )


def path_of(file: Path) -> Path:
    """Where the side file of an exported file is."""
    return file.with_name(file.name + SUFFIX)


def read(file: Path) -> SideFacts:
    """What lies beside an exported file, well spelled; ReproError where it cannot be understood."""
    path = path_of(file)
    if not path.exists():
        return SideFacts()
    said = f"`{path}`"
    try:
        return spelled(schema.read(SideFacts, schema.toml(path, said), said))
    except ReproError as error:
        message = str(error) if said in str(error) else f"{said}: {error}"
        raise ReproError(message, error.hint or "Correct it, or remove it.") from error


def spelled(facts: SideFacts) -> SideFacts:
    """The same with head, colours, normalisation and layout as they are spelled here."""
    changes: dict[str, str] = {}
    if facts.head is not None:
        changes["head"] = heads.named(facts.head).name
    if facts.colour is not None:
        changes["colour"] = one_of("colour", facts.colour, COLOURS)
    if facts.normalise is not None:
        changes["normalise"] = metadata.named(facts.normalise)
    if facts.layout is not None:
        changes["layout"] = one_of("layout", facts.layout, LAYOUTS)
    return replace(facts, **changes)  # type: ignore[arg-type]


def one_of(what: str, word: str, valid: tuple[str, ...]) -> str:
    """A word as it is spelled among others in capitals; ReproError where it is none of them."""
    if word.strip().upper() not in valid:
        raise unknown(what, word, valid)
    return word.strip().upper()


def merged(
    stated: StatedFacts, beside: SideFacts, file: Path
) -> tuple[StatedFacts, tuple[Remark, ...]]:
    """What a file and its side file say, the side file first, and where the two disagree."""
    known = {name: value for name, value in _as_facts(beside).items() if value is not None}
    remarks = []
    for name, value in known.items():
        own = getattr(stated, name)
        if own and own != value:
            text = f"`{file.name}` states {_text(own)}; "
            text += f"`{path_of(file).name}` says {_text(value)}, which is taken."
            remarks.append(Remark(ABOUT, text))
    errors = {f"{rule}_error": None for rule in ("colour", "normalise") if rule in known}
    changed = replace(stated, **known, **errors, beside=frozenset(known))  # type: ignore[arg-type]
    return changed, tuple(remarks)


def _as_facts(beside: SideFacts) -> dict[str, object]:
    facts = {field.name: getattr(beside, field.name) for field in fields(beside)}
    size = facts.pop("input")
    facts["size"] = None if size is None else parse_size(size)
    facts["keypoints"] = None if beside.joints is None else len(beside.joints)
    return facts


def _text(value: object) -> str:
    if isinstance(value, tuple):
        size = len(value) == 2 and all(isinstance(one, int) for one in value)
        return "x".join(map(str, value)) if size else f"{len(value)} values"
    return str(value)


def remember(file: Path, given: Mapping[str, str]) -> Remark:
    """Write what a user gave into the side file, over what it says already; told in a remark.

    ReproError where nothing was given, or the file cannot be written.
    """
    path = path_of(file)
    if not given:
        raise ReproError(
            "There is nothing to remember.",
            "Say it of the file: --head, --colour, --normalise, --input, --layout, --output-name.",
        )
    facts = spelled(replace(read(file), **given))  # type: ignore[arg-type]
    lines = [f"# what {_toml(file.name)} does not say of itself, or says wrongly"]
    for field in fields(facts):
        value = getattr(facts, field.name)
        if value is not None:
            lines.append(f"{field.name} = {_toml(value)}")
    try:
        write_whole(path, "\n".join(lines) + "\n")
    except OSError as error:
        raise ReproError(
            f"`{path}` cannot be written: {error.strerror}.", "Leave --remember out."
        ) from error
    said = ", ".join(f"{name} {value}" for name, value in given.items())
    return Remark("memory", f"`{path.name}` beside the file keeps for next time: {said}.")


def _toml(value: object) -> str:
    """A value as TOML has it, which is JSON for texts, numbers and lists of them."""
    import json

    return json.dumps(value, ensure_ascii=False)
