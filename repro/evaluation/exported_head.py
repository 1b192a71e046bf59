"""Which head an exported file ends in, and the protocol that such a network is evaluated by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from repro.errors import ReproError
from repro.evaluation.request import BY_PROTOCOL, GIVEN, TOLD
from repro.exported import heads
from repro.exported.form import ABOUT
from repro.exported.heads import HEADS, Head
from repro.exported.network_file import NetworkFile
from repro.papers import protocol_choice
from repro.papers.datasets import DatasetChoice, find_dataset
from repro.papers.protocol import COORDINATES, GROUPINGS, NO_BOXES, ROWS, Protocol
from repro.records.remarks import Remark

USUAL_JOINTS = 17
"""of a network whose data set nobody names"""
HEATMAPS = "heatmaps"


@dataclass(frozen=True)
class ChosenHead:
    """The head of a file, and who says that it is this one."""

    head: Head
    origin: str
    remarks: tuple[Remark, ...] = ()


def chosen(
    file: NetworkFile,
    word: str | None,
    given: Mapping[str, object],
    protocol: str | None,
    read: str,
) -> ChosenHead:
    """The head that the user names, else the file, else the protocol; else told by the outputs.

    `given` are the user's rules, whose decoding may say it too; `read` is what a fact of the file
    is called. ReproError for rules that the head does not go with.
    """
    found = _chosen(file, word, given, protocol, read)
    decode = given.get("decode")
    if decode and heads.of_decoding(_plain(str(decode))) is not found.head:
        raise ReproError(
            f"`{file.path}` ends in a head `{found.head.name}` ({found.origin}), which "
            f"`{decode}` does not read.",
            f"Leave --decode out, or say --head {heads.of_decoding(_plain(str(decode))).name}.",
        )
    for rule, readers in (("flip", (HEATMAPS, "simcc", *GROUPINGS)), ("shift", (HEATMAPS,))):
        if given.get(rule) and found.head.name not in readers and found.head.decode not in readers:
            raise ReproError(
                f"A head `{found.head.name}` has no --{rule}.",
                f"Leave --{rule} out: mirrored outputs of this kind are not averaged so.",
            )
    return found


def _chosen(
    file: NetworkFile,
    word: str | None,
    given: Mapping[str, object],
    protocol: str | None,
    read: str,
) -> ChosenHead:
    decode = _plain(str(given.get("decode") or ""))
    stated, remarks = _stated(file)
    if word is not None:
        head = heads.named(word)
        if stated is not None and stated is not head:
            text = f"`{file.name}` states a head `{stated.name}`; --head {head.name} is taken."
            remarks = (*remarks, Remark(ABOUT, text))
        return ChosenHead(head, GIVEN, remarks)
    if decode in (*GROUPINGS, *COORDINATES, ROWS):
        return ChosenHead(heads.of_decoding(decode), GIVEN, remarks)
    if stated is not None:
        return ChosenHead(stated, read, remarks)
    if protocol is not None:
        head = heads.of_decoding(protocol_choice.named(protocol).decode)
        if head.decode:
            return ChosenHead(head, BY_PROTOCOL, remarks)
    if decode:
        return ChosenHead(HEADS[HEATMAPS], GIVEN, remarks)
    told = heads.guessed(file.outputs, file.stated.keypoints or USUAL_JOINTS)
    if told is not None and told.decode:
        shown = " and ".join(map(str, file.outputs[:4]))
        text = f"The outputs of `{file.name}`, {shown}, are taken for a head `{told.name}`: "
        text += f"{told.takes}; --head would say it."
        remarks = (*remarks, Remark(ABOUT, text))
    return ChosenHead(told or HEADS[HEATMAPS], TOLD, remarks)


def _stated(file: NetworkFile) -> tuple[Head | None, tuple[Remark, ...]]:
    """The head that a file states, or that it states one which nobody knows."""
    if not file.stated.head:
        return None, ()
    try:
        return heads.named(file.stated.head), ()
    except ReproError:
        text = f"`{file.name}` states a head `{file.stated.head:.40}`, unknown here."
        return None, (Remark(ABOUT, text),)


def _plain(decode: str) -> str:
    return decode.partition("(")[0]


def protocol_for(
    head: Head, file: NetworkFile, dataset: DatasetChoice | None, name: str | None
) -> tuple[str, Protocol]:
    """The protocol for a network with such a head, and what it is called.

    That of `name`, else the first of the same kind. Heads that no paper here has take the rules of
    a top-down network, or those of nothing but the data set. ReproError where the named one is of
    another kind.
    """
    grouping = head.decode if head.decode in GROUPINGS else ""
    name, rules = protocol_choice.chosen("onnx", dataset, name, grouping)
    if grouping and rules.decode == grouping:
        return name, rules
    if grouping or rules.bottom_up:
        raise ReproError(
            f"`{file.path}` ends in a head `{head.name}`; the protocol {name} is decoded by "
            f"{rules.decode}.",
            "Leave --protocol out, or say --head.",
        )
    if head.decode in COORDINATES:
        flip = rules.flip and head.name == "simcc"
        return f"{name}, read as {head.name}", replace(
            rules, decode=head.decode, flip=flip, shift=False
        )
    if head.decode == ROWS:
        plain = replace(rules, decode=ROWS, boxes=NO_BOXES, flip=False, shift=False, nms=None)
        split = find_dataset(rules.chosen).compared_on
        plain = replace(plain, padding=1.25, udp=False, plain_back=False, split=split)
        return f"{name}, read as {head.name}", plain
    return name, rules
