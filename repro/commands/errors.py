"""What kind of errors poses have: errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import data_options, error_options, evaluating, options, score_options
from repro.commands.common import console, emit, size_of, tell, warn
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.data.layout import Source
    from repro.diagnosis.cases import ErrorCase
    from repro.diagnosis.diagnose import Diagnosis
    from repro.records.remarks import Remark
    from repro.records.store import Store


@dataclass(frozen=True, slots=True)
class EvaluationWords:
    """By what a model is evaluated before its poses are diagnosed."""

    data: Path | None
    dataset: str | None
    annotations: Path | None
    images: Path | None
    protocol: str | None
    boxes: str | None
    size: str | None
    device: str


def errors(
    a: error_options.DiagnosedA,
    b: error_options.DiagnosedB = None,
    annotations: score_options.ComparedAnnotations = None,
    images: options.Images = None,
    dataset: error_options.DiagnosedDataset = None,
    zero_based: score_options.ZeroBasedPoses = False,
    weights: error_options.WeightsOfEach = None,
    data: options.DataDir = None,
    protocol: options.Protocol = None,
    boxes: options.Boxes = None,
    size: options.SizeOrUsual = None,
    device: options.Device = "cpu",
    pictures: error_options.ErrorPictures = None,
    worst: error_options.WorstOfEach = 3,
    html: error_options.ErrorPage = None,
    resamples: score_options.Resamples = 1000,
    store: options.StoreDir = options.RECORDS,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Tell the kinds of errors of poses, how often each is, and what mending it would give.

    Of joints miss, swap, inversion and jitter; errors of scores, false positives and negatives
    (Ronchi and Perona, ICCV 2017). A model is first evaluated by its usual protocol; for other
    rules evaluate it with `eval` and give the key of the record.

    Example: repro errors poses.json --annotations person_keypoints_val2017.json

    Example: repro errors a.json b.json --annotations val.json --images val2017 --html errors.html
    """
    from repro.diagnosis import diagnose
    from repro.errors import ReproError
    from repro.records.store import Store

    records = Store(store)
    by = EvaluationWords(data, dataset, annotations, images, protocol, boxes, size, device)
    named = [a] if b is None else [a, b]
    words, source, remarks = evaluated(named, weights or [], by, records, as_json)
    if source is not None:
        annotations, images = annotations or source.annotations, images or source.images
    if annotations is None:
        raise ReproError("The annotations are not named.", "Give them: --annotations FILE.")
    if pictures is not None and images is None:
        raise ReproError("The images are not named.", "Give their folder: --images DIR.")
    if images is not None and not images.is_dir():
        raise ReproError(f"The folder `{images}` does not exist.", "Correct --images.")
    wanted = diagnose.expected(annotations, dataset)
    sides = [diagnose.diagnose(word, records, wanted, zero_based) for word in words]
    folder = images if pictures is not None or html is not None else None
    tell_errors(sides, remarks, folder, worst, pictures, html, resamples, as_json)
    warn(records)


def evaluated(
    words: Sequence[str],
    weights: Sequence[Path],
    by: EvaluationWords,
    records: "Store",
    as_json: bool,
) -> "tuple[list[str], Source | None, list[Remark]]":
    """The words with keys of records for models, the files of those, and what to know of them.

    ReproError where a model has no weights, or weights no model.
    """
    from repro.errors import ReproError
    from repro.evaluation.request import TRUTH
    from repro.exported.opening import is_network_file

    left, keys, source = list(weights), [], None
    remarks: list[Remark] = []
    for word in words:
        if not means_model(word):
            keys.append(word)
            continue
        whole = word == TRUTH or is_network_file(word)
        checkpoint = None if whole or not left else left.pop(0)
        key, source, told = evaluate(word, checkpoint, by, records, as_json)
        keys.append(key)
        remarks += told
    if left:
        raise ReproError(
            f"Nothing takes the weights `{left[0]}`.", "Name as many models as --weights."
        )
    return keys, source, remarks


def means_model(word: str) -> bool:
    """Whether a word is a model, and no results file and no key; ReproError where it is neither."""
    import zoo
    from repro.comparing.kept_poses import KEY
    from repro.errors import unknown
    from repro.evaluation.request import TRUTH
    from repro.exported.opening import is_network_file

    known = (*zoo.MODELS, TRUTH)
    if is_network_file(word) or word in known:
        return True
    if Path(word).is_file() or KEY.fullmatch(word):
        return False
    raise unknown("results file or model", word, known)


def evaluate(
    word: str, weights: Path | None, by: EvaluationWords, records: "Store", as_json: bool
) -> "tuple[str, Source, tuple[Remark, ...]]":
    """The key of a model's evaluation, which `eval` would make too, its files, and remarks."""
    from repro.data import own_dataset
    from repro.evaluation import choice, evaluator, preparing
    from repro.evaluation.request import Execution

    annotations = by.annotations or own_dataset.annotations_of(by.dataset)
    data_set = choice.dataset_of(by.dataset, by.protocol, annotations)
    of_truth = by.boxes in ("gt", "ground truth")
    detector = None if by.boxes is None or of_truth else Path(by.boxes)
    rules = {"boxes": "ground truth" if of_truth else detector and detector.name}
    name, request = choice.requested(
        word,
        weights,
        data_set,
        by.protocol,
        size_of(by.size),
        execution=Execution(by.device),
        rules=rules,
    )
    named = {"annotations": annotations, "images": by.images, "boxes": detector}
    files = choice.source(request.protocol, by.data, named)
    name, request = choice.on_files(name, request, files)
    prepared, show = preparing.prepare(request, files), not as_json
    if show:
        say(f"{evaluator.run_of(prepared)}")
        say(f"protocol {name}: {request.rules}")
    record, remarks = evaluating.evaluated(request, files, prepared, None, False, records, show)
    return record.key, files, remarks


def drawn_cases(
    sides: "Sequence[Diagnosis]",
    cases: "Sequence[tuple[int, ErrorCase]]",
    images: Path | None,
    folder: Path | None,
) -> "tuple[Sequence[bytes | None], Sequence[Path | None], Sequence[Remark]]":
    """The pictures of cases as JPEG, where there are images, and their files."""
    none = [None] * len(cases)
    if images is None:
        return none, none, ()
    from repro.diagnosis import pictures

    drawn, remarks = pictures.draw(sides, cases, images)
    paths = none if folder is None else pictures.write(sides, cases, drawn, folder)
    content = [None if one is None else pictures.encoded(one, ".jpg") for one in drawn]
    return content, paths, remarks


def tell_errors(
    sides: "Sequence[Diagnosis]",
    before: "Sequence[Remark]",
    images: Path | None,
    worst: int,
    pictures: Path | None,
    html: Path | None,
    resamples: int,
    as_json: bool,
) -> None:
    """Print the findings on one evaluation or two; write what was asked for beside them."""
    from repro.diagnosis import cases
    from repro.diagnosis.findings import findings
    from repro.report.html import errors_page
    from repro.report.terminal import errors_table

    found = findings(sides, resamples)
    chosen = [
        (side, case)
        for side, one in enumerate(sides)
        for case in cases.worst(one.persons, one.placement, one.joints, worst)
    ]
    drawn, paths, of_pictures = drawn_cases(sides, chosen, images, pictures)
    persons = sides[0].persons
    told = [
        cases.described(persons, side, case, path)
        for (side, case), path in zip(chosen, paths, strict=True)
    ]
    of_sides = [one for side in sides for one in side.remarks]
    remarks = tuple(dict.fromkeys((*before, *of_sides, *of_pictures)))
    if html is not None:
        errors_page.write(html, found, list(zip(told, drawn, strict=True)), remarks)
    tell(remarks)
    if as_json:
        page = None if html is None else str(html)
        annotations = persons.annotations
        data = {"dataset": annotations.dataset, "annotations": annotations.sha256}
        answer = errors_table.described(found)
        emit("errors", **data, **answer, cases=told, page=page, remarks=remarks)
        return
    console().print(errors_table.shown(found))
    if pictures is not None:
        say(f"{sum(path is not None for path in paths)} pictures of the worst cases in {pictures}")
    if html is not None:
        say(f"{html} has all of it")
