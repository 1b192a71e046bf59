"""The rules by which an exported file is evaluated: stated by it, given by the user, or assumed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from repro.data import own_joints
from repro.data.own_joints import GivenJoints
from repro.errors import ReproError
from repro.evaluation import exported_head
from repro.evaluation.request import ASSUMED, BY_PROTOCOL, GIVEN, READ
from repro.exported import leading, side_file
from repro.exported.form import ABOUT, WHOLE
from repro.exported.network_file import NetworkFile
from repro.papers import protocol_choice
from repro.papers.datasets import DATASETS, DatasetChoice, OwnDataset
from repro.papers.protocol import Protocol, changed
from repro.records.remarks import Remark

PIXELS = "0..255"
"""the normalisation of an input that takes pixels as they are"""


@dataclass(frozen=True)
class SettledRules:
    """The rules by which a file is evaluated, and whose its head and its colours are."""

    name: str
    """of the protocol"""
    protocol: Protocol
    origins: Mapping[str, str]
    remarks: tuple[Remark, ...]
    head: str = ""
    """of a file, and who says so: `simcc, given`"""


def settled(
    file: NetworkFile,
    dataset: DatasetChoice | None,
    protocol: str | None,
    given: Mapping[str, object],
    head: str | None = None,
) -> SettledRules:
    """The rules for a file: the user's, else the file's, else those of a protocol.

    `dataset`, `protocol`, `given` (rule -> value) and `head` are the user's. ReproError where the
    file contradicts itself or cannot be understood, and the user does not say.
    """
    stated, remarks = file.stated, []
    wanted, remark = _known_dataset(file, dataset)
    remarks += remark
    by, remark = _known_protocol(file, protocol)
    remarks += remark
    found = exported_head.chosen(file, head, given, by, origin(file, "head"))
    remarks += found.remarks
    name, rules = exported_head.protocol_for(found.head, file, wanted, by)
    if by is None:
        usual = {"colour": found.head.colour, "normalise": found.head.normalise}
        rules = changed(rules, **usual)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for rule, value, error in (
        ("colour", stated.colour, stated.colour_error),
        ("normalise", stated.normalise, stated.normalise_error),
    ):
        own = given.get(rule)
        if own is None and error is not None:
            raise error
        of_file = origin(file, rule) if value else BY_PROTOCOL if protocol else ASSUMED
        origins[rule] = GIVEN if own else of_file
        values[rule] = own or value
        if own and value and own != value:
            whose = side_file.path_of(file.path).name if rule in stated.beside else file.name
            text = f"`{whose}` states {value}; --{rule} {own} is taken instead."
            remarks.append(Remark(ABOUT, text))
    rules = changed(rules, **values)
    rules, remark = _within(file, rules, origins)
    remarks += [*remark, *_assumed(file, rules, origins), *_joints(file, rules)]
    if "initial" in stated.weights:
        text = f"`{file.name}` states that its values are initial ones, never trained."
        remarks.append(Remark(ABOUT, text))
    told = f"{found.head.name}, {found.origin}"
    return SettledRules(name, rules, origins, (*file.remarks, *remarks), told)


def origin(file: NetworkFile, fact: str) -> str:
    """Where a fact that a file states is read from: the file, or its side file."""
    if fact not in file.stated.beside:
        return READ
    return f"read from {side_file.path_of(file.path).name}"


def _known_dataset(
    file: NetworkFile, given: DatasetChoice | None
) -> tuple[DatasetChoice | None, list[Remark]]:
    """The data set of the user, else the file's: known, or of the joints that it names."""
    stated = file.stated.dataset
    name = given.name if isinstance(given, OwnDataset) else given
    if not stated or name == stated:
        return given, []
    if name is not None:
        text = f"`{file.name}` states the data set {stated}; --dataset {name} is taken instead."
        return given, [Remark(ABOUT, text)]
    if stated in DATASETS:
        return stated, []
    if not file.stated.joints:
        text = f"`{file.name}` states the data set {stated:.40}, unknown here: --dataset FILE."
        return None, [Remark(ABOUT, text)]
    text = f"`{file.name}` states the data set {stated:.40}; the joints are those that it names."
    return _own(file, stated), [Remark(ABOUT, text)]


def _own(file: NetworkFile, name: str) -> OwnDataset:
    """A data set of the joints that a file names, with what it says of them."""
    stated = file.stated
    own_joints.check_names(file.path, stated.joints)
    pairs, limbs, sigmas = stated.flip_pairs, stated.limbs, stated.sigmas
    given = GivenJoints(stated.joints, pairs, limbs, sigmas)
    skeleton = own_joints.skeleton(file.path, name, given)
    return OwnDataset(name, name, skeleton, told=tuple(given.told))


def _known_protocol(file: NetworkFile, given: str | None) -> tuple[str | None, list[Remark]]:
    """The protocol of the user, else the file's if there is such a one."""
    stated = file.stated.protocol
    if given is not None or not stated:
        return given, []
    try:
        protocol_choice.named(stated)
    except ReproError:
        text = f"`{file.name}` states the protocol {stated:.40}, unknown here."
        return None, [Remark(ABOUT, text)]
    return stated, []


def _within(
    file: NetworkFile, rules: Protocol, origins: dict[str, str]
) -> tuple[Protocol, list[Remark]]:
    """The rules for a file that takes pixels or normalises by itself, and what there is to say.

    `origins` says then that the normalisation is the file's.
    """
    said, free = f"`{file.name}`", origins["normalise"] in (ASSUMED, BY_PROTOCOL)
    unknown: list[Remark] = []
    unseen = False
    try:
        inside = leading.normalisation_of(file.runtime.first_steps())
    except ReproError as error:
        inside, unseen = None, True
        text = f"Whether {said} normalises by itself is not known: {error}."
        unknown = [Remark(ABOUT, text)] if free else []
    if file.image.kind in WHOLE:
        if origins["normalise"] == GIVEN and rules.normalise != PIXELS:
            raise ReproError(
                f"{said} takes whole numbers ({file.image.kind}), which are not normalised by "
                f"{rules.normalise}.",
                f"Leave --normalise out: its pixels are {PIXELS}.",
            )
        origins["normalise"] = READ if origins["normalise"] != GIVEN else GIVEN
        text = f"{said} takes {file.image.kind}: it is given pixels of 0 to 255, not normalised"
        if inside is None and not unseen:
            text += ", and no normalisation was found in its graph"
        text += "."
        return replace(rules, normalise=PIXELS), [Remark(ABOUT, text), *unknown]
    if inside is None:
        return rules, unknown
    pixels, numbers = inside
    text = f"{said} normalises by itself ({numbers})"
    if free:
        origins["normalise"] = READ
        text += f": it is given pixels of {pixels.replace('..', ' to ')}."
        return replace(rules, normalise=pixels), [Remark(ABOUT, text)]
    if rules.normalise == pixels:
        return rules, []
    return rules, [Remark(ABOUT, f"{text}, and {rules.normalise} comes before that.")]


def _assumed(file: NetworkFile, rules: Protocol, origins: Mapping[str, str]) -> list[Remark]:
    words = {"colour": "colour order", "normalise": "normalisation"}
    open_rules = [rule for rule in words if origins[rule] == ASSUMED]
    if not open_rules:
        return []
    what = " and ".join(words[rule] for rule in open_rules)
    values = " and ".join(str(getattr(rules, rule)) for rule in open_rules)
    options = " and ".join(f"--{rule}" for rule in open_rules)
    text = f"`{file.name}` does not state its {what}: {values} assumed; {options} would say it."
    return [Remark(ABOUT, text)]


def _joints(file: NetworkFile, rules: Protocol) -> list[Remark]:
    """What there is to say of the joints that a file names; ReproError for another order."""
    theirs = [_plain(name) for name in file.stated.joints]
    ours = [_plain(name) for name in rules.skeleton.joints]
    if not theirs or theirs == ours or len(theirs) != len(ours):
        return []
    if sorted(theirs) == sorted(ours):
        place = next(n for n, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b)
        raise ReproError(
            f"`{file.path}` has the joints of {rules.on} in another order: joint {place} is "
            f"`{theirs[place]}`, not `{ours[place]}`.",
            "Export it with its joints in the order of the data set.",
        )
    other = next(a for a, b in zip(theirs, ours, strict=True) if a != b)
    text = f"`{file.name}` has joints of other names (first: `{other}`), taken in their order."
    return [Remark(ABOUT, text)]


def _plain(name: str) -> str:
    return name.lower().replace("_", " ").replace("-", " ").strip()
