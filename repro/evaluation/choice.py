"""From what a user names to an evaluation: which network, by which rules, on which files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import zoo
from repro.data import own_dataset
from repro.data.annotations import told
from repro.data.layout import Source, find
from repro.errors import ReproError, unknown
from repro.evaluation import exported, exported_rules
from repro.evaluation.exported_rules import SettledRules
from repro.evaluation.request import (
    BY_PROTOCOL,
    FILES,
    GIVEN,
    PIXEL_RULES,
    READ,
    STRIDES,
    TRUTH,
    EvaluationRequest,
    Execution,
)
from repro.exported import metadata, side_file
from repro.exported.network_file import NetworkFile, open_file
from repro.exported.opening import is_network_file, kind_of
from repro.exported.side_file import SideFacts
from repro.papers import protocol_choice
from repro.papers.datasets import DATASETS, DatasetChoice
from repro.papers.protocol import COLOURS, COORDINATES, ROWS, Protocol, changed
from repro.papers.values import Options, Size
from repro.records.runs import NO_OPTIONS

LARGEST = 2048
"""pixels of an input's side"""


def requested(
    word: str,
    weights: Path | None = None,
    dataset: DatasetChoice | None = None,
    protocol: str | None = None,
    size: Size | None = None,
    options: Options = NO_OPTIONS,
    partial: bool = False,
    execution: Execution | None = None,
    rules: Mapping[str, object] = NO_OPTIONS,
    entry: str | None = None,
    facts: SideFacts | None = None,
    remember: bool = False,
) -> tuple[str, EvaluationRequest]:
    """The name of the protocol, and an evaluation by it, with `rules` instead of some of its own.

    `word` is a model, `truth`, or an exported file. Of a file `facts` are the user's head, layout
    and outputs; to `remember` them writes them beside it, with size and colours. A data set's name
    may be its file, too. ReproError for what does not go together.
    """
    model, path = model_of(word, weights)
    said = side_file.spelled(facts or SideFacts())
    rules = spelled(rules)
    if entry is not None and model in (*FILES, TRUTH):
        raise ReproError(f"`{word}` is no checkpoint that holds sets.", "Leave --entry out.")
    file = open_file(path, layout=said.layout or "") if model in FILES and path else None
    if file is None:
        _check_no_file(word, said, remember)
    dataset = own_dataset.found(dataset) if isinstance(dataset, str) else dataset
    settled = settled_rules(model, file, dataset, protocol, rules, said.head)
    request = EvaluationRequest(
        model,
        path,
        changed(settled.protocol, **rules),
        size,
        dict(options),
        partial=partial,
        entry=entry,
        execution=execution or Execution(),
        origins=settled.origins,
        remarks=settled.remarks,
    )
    if file is None:
        _check_decoding(request)
        return settled.name, replace(request, size=size_of(request))
    request = with_file(request, file, said, settled.head)
    if remember:
        given = remembered(said, size, dataset, rules)
        request = replace(request, remarks=(*request.remarks, side_file.remember(file.path, given)))
    return settled.name, request


def settled_rules(
    model: str,
    file: NetworkFile | None,
    dataset: DatasetChoice | None,
    protocol: str | None,
    given: Mapping[str, object],
    head: str | None = None,
) -> SettledRules:
    """The protocol of a model or an exported file, and whose its rules on colours are."""
    if file is not None:
        return exported_rules.settled(file, dataset, protocol, given, head)
    name, chosen = protocol_choice.chosen(model, dataset, protocol)
    origins = {rule: GIVEN if given.get(rule) else BY_PROTOCOL for rule in PIXEL_RULES}
    return SettledRules(name, chosen, origins, ())


def with_file(
    request: EvaluationRequest, file: NetworkFile, said: SideFacts, head: str
) -> EvaluationRequest:
    """The request for an exported file with the size of its input and what was assumed of it."""
    stated, outputs, layout = file.stated, said.output or "", said.layout or ""
    if "output" in stated.beside:
        outputs = outputs or stated.output
    if "layout" in stated.beside:
        layout = layout or stated.layout
    network, size, remarks = exported.network_of(file, request.protocol, outputs, request.size)
    _check_size(request, size)
    fixed = None not in (file.image.height, file.image.width) and network.file is file
    by_user = GIVEN if request.size is not None else exported_rules.origin(file, "size")
    by_layout = GIVEN if said.layout else exported_rules.origin(file, "layout")
    facts = {
        "head": head,
        "input": f"{size[0]}x{size[1]}, {READ if fixed else by_user}",
        "layout": f"{network.file.image.layout}, {by_layout}",
    }
    return replace(
        request,
        size=size,
        output=outputs,
        layout=layout,
        file_facts=facts,
        remarks=(*request.remarks, *remarks),
    )


def spelled(rules: Mapping[str, object]) -> dict[str, object]:
    """The rules with colours and normalisation as they are spelled here; ReproError for others."""
    colour, normalise = rules.get("colour"), rules.get("normalise")
    changes: dict[str, object] = {}
    if isinstance(colour, str):
        changes["colour"] = side_file.one_of("colour", colour, COLOURS)
    if isinstance(normalise, str):
        changes["normalise"] = metadata.named(normalise)
    return {**rules, **changes}


def remembered(
    said: SideFacts,
    size: Size | None,
    dataset: DatasetChoice | None,
    rules: Mapping[str, object],
) -> dict[str, str]:
    """What the user gave of a file, as its side file keeps it."""
    given = {
        "head": said.head,
        "colour": rules.get("colour"),
        "normalise": rules.get("normalise"),
        "input": None if size is None else f"{size[0]}x{size[1]}",
        "layout": said.layout,
        "output": said.output,
        "dataset": dataset if isinstance(dataset, str) else None,
    }
    return {name: str(value) for name, value in given.items() if value}


def _check_no_file(word: str, said: SideFacts, remember: bool) -> None:
    """Raise ReproError where something is said of a file, and there is none."""
    if said.output is not None:
        raise ReproError(f"`{word}` has no output to be named.", "Leave --output-name out.")
    for option in ("head", "layout"):
        if getattr(said, option) is not None:
            raise ReproError(
                f"`{word}` is no exported file, whose {option} could be named.",
                f"Leave --{option} out.",
            )
    if remember:
        raise ReproError(f"`{word}` is no exported file.", "Leave --remember out.")


def _check_decoding(request: EvaluationRequest) -> None:
    """Raise ReproError for what only exported files give."""
    if request.protocol.decode in (*COORDINATES, ROWS):
        raise ReproError(
            f"`{request.model}` does not give what {request.protocol.decode} reads.",
            "Exported files do. Leave --decode out.",
        )


def model_of(word: str, weights: Path | None) -> tuple[str, Path | None]:
    """The model that a user means, and its file: a name of the zoo, `truth`, or a kind of file."""
    if is_network_file(word):
        if weights is not None:
            raise ReproError("An exported file has its own weights.", "Leave --weights out.")
        return kind_of(Path(word)), Path(word)
    if word != TRUTH and word not in zoo.MODELS:
        raise unknown("model", word, (*zoo.MODELS, TRUTH))
    if word == TRUTH and weights is not None:
        raise ReproError("`truth` takes the annotations, not weights.", "Leave --weights out.")
    if word != TRUTH and weights is None:
        raise ReproError(
            f"`{word}` needs weights.", "Give a checkpoint: --weights FILE; see `repro weights`."
        )
    return word, weights


def size_of(request: EvaluationRequest) -> Size:
    """The size of the input; where persons need no boxes the short side of images, twice."""
    model, rules = request.model, request.protocol
    if model in FILES:
        file = open_file(request.file, layout=request.layout)
        _, size, _, _ = exported.sized(file, rules, request.size)
    elif model == TRUTH and rules.bottom_up:
        size = request.size or (512, 512)
    else:
        size = request.size or protocol_choice.size_of(model, rules.chosen)
    _check_size(request, size)
    return size


def _check_size(request: EvaluationRequest, size: Size) -> None:
    model = request.model
    coarse = STRIDES[0] if model == TRUTH else 1
    known = model in zoo.MODELS  # whose sizes are checked where they are built
    if not known and any(not 0 < side <= LARGEST or side % coarse for side in size):
        legal = f"multiples of {coarse}, " if coarse > 1 else ""
        raise ReproError(
            f"`{model}` cannot take an input of {size[0]}x{size[1]}.",
            f"Both sides must be {legal}at most {LARGEST}; sizes are height x width.",
        )
    if request.protocol.bottom_up and size[0] != size[1] and model not in FILES:
        raise ReproError(
            f"`{model}` takes whole images, not inputs of {size[0]}x{size[1]}.",
            f"Name the short side of the images, twice: --input {size[0]}x{size[0]}.",
        )


def dataset_of(
    word: str | None, protocol: str | None, annotations: Path | None
) -> DatasetChoice | None:
    """The data set that is evaluated on: as it is named, else that of an annotation file.

    A file whose joints no known data set has is a data set of its own. None leaves it to the model.
    """
    if word is not None:
        return own_dataset.found(word)
    if protocol is not None or annotations is None or not annotations.is_file():
        return None
    if any(annotations.name in names for names in _official_names().values()):
        return None
    return told(annotations).chosen


def split_of(protocol: Protocol, annotations: Path) -> str:
    """What an annotation file that is named is called: its official split, else by its name.

    Nothing for the file that is the data set.
    """
    if protocol.own is not None:
        return "" if annotations.name == protocol.own.title else annotations.name
    names = _official_names()
    fitting = [split for dataset, split in names if dataset == protocol.dataset]
    named = [split for split in fitting if annotations.name in names[protocol.dataset, split]]
    return (
        protocol.split
        if protocol.split in named or not annotations.suffix
        else (named[0] if named else annotations.name)
    )


def on_files(
    protocol: str, request: EvaluationRequest, files: Source
) -> tuple[str, EvaluationRequest]:
    """The name of the protocol and the request, as they are on files that may be other ones."""
    rules = request.protocol
    if files.split == rules.split:
        return protocol, request
    if rules.own is None and files.annotations.name == files.split:
        protocol = f"{protocol}, on {files.split}"
    return protocol, replace(request, protocol=changed(rules, split=files.split))


def _official_names() -> Mapping[tuple[str, str], set[str]]:
    """Data set and split -> what its annotation file may be called."""
    return {
        (name, split): {Path(path).name for path in files.annotations.paths}
        for name, entry in DATASETS.items()
        for split, files in entry.splits.items()
    }


def source(protocol: Protocol, data: Path | None, named: Mapping[str, Path | None]) -> Source:
    """The files of an evaluation: those named, the others from the data folder.

    `named` may have annotations, images, boxes and truth.
    """
    given = {name: path for name, path in named.items() if path is not None}
    for name, path in given.items():
        if not (path.is_dir() if name == "images" else path.is_file()):
            what = "folder" if name == "images" else "file"
            raise ReproError(f"There is no {what} `{path}`.", f"It was given with --{name}.")
    if {"annotations", "images"} <= set(given):
        return Source(protocol.dataset, split_of(protocol, given["annotations"]), **given)
    if protocol.own is not None:
        lacking = "--images DIR" if "annotations" in given else "--annotations FILE, --images DIR"
        raise ReproError(
            f"Nothing says where the {lacking.split()[0][2:]} of {protocol.entry.title} are.",
            f"Give {lacking}.",
        )
    if data is None:
        cure = "Give --data DIR or REPRO_DATA; `repro data synth DIR` makes one to try things on."
        images = "Give the folder of the images: --images DIR."
        raise ReproError("No data folder is named.", images if "annotations" in given else cure)
    try:
        files = find(data, protocol.dataset, protocol.split, images="images" not in given)
    except ReproError as error:
        if "annotations" not in given:
            raise
        raise ReproError(
            f"The images of `{given['annotations']}` are not found: {error}",
            "Give their folder: --images DIR.",
        ) from error
    return Source(
        files.dataset,
        split_of(protocol, given["annotations"]) if "annotations" in given else files.split,
        given.get("annotations", files.annotations),
        given.get("images", files.images),
        given.get("boxes", files.boxes),
        given.get("truth", files.truth),
    )
