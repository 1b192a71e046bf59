"""What each setting scores, and how far it is from the base on the same pictures.

Every setting is scored by our own evaluator, whose figures are the official ones to the last bit;
the base, which becomes a record, by the official one too.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from repro.data.people import Floats, Ints, Poses
from repro.errors import RunError
from repro.evaluation import evaluator, inference, pipeline
from repro.evaluation.inference import Tell
from repro.evaluation.shared_crops import SharedCrops, reading_of
from repro.papers import settings
from repro.papers.metrics import MAIN
from repro.papers.protocol import Protocol
from repro.records.fingerprint import fingerprint
from repro.records.runs import EvaluationRun
from repro.records.setting_rows import SettingRow, SettingRows
from repro.scoring import official_evaluators, oks, pckh
from repro.scoring.confidence import RESAMPLES, Difference, Evaluation, paired
from repro.scoring.matches import Matches

SCORED_BY = "repro.evaluation.setting_scores"
"""the module from which the code of the rows is followed"""


@dataclass(frozen=True, eq=False)
class RememberedFigure:
    """The main figure of an evaluation that others are compared with, again and again."""

    whole: Evaluation
    name: str
    _known: dict[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def units(self) -> Ints:
        """See Evaluation."""
        return self.whole.units

    def metrics(self) -> dict[str, float | None]:
        """The figure of all units."""
        return {self.name: self.whole.metrics()[self.name]}

    def resampled(self, weights: Ints) -> dict[str, Floats]:
        """The figure of resamples, which are the same ones at every comparison."""
        drawn = hashlib.sha256(weights.tobytes()).hexdigest()
        if drawn not in self._known:
            self._known[drawn] = self.whole.resampled(weights)[self.name]
        return {self.name: self._known[drawn]}


def scored(
    groups: Sequence[SharedCrops],
    folder: Path,
    base: Protocol,
    target: float | None,
    tell: Tell,
    resamples: int = RESAMPLES,
) -> SettingRows:
    """What every setting of the groups scores, from the poses in a folder, the base first.

    Those that are told one by one have intervals; see `SettingRows.told`.
    """
    scale, made = base.entry.scale, dict[Protocol, SettingRow]()
    for group in groups:
        of_all = evaluator.run_of(group.prepared)
        for setting, evaluation in _evaluations([group], folder, base, None):
            known = {name: one for name, one in evaluation.metrics().items() if one is not None}
            metrics = {name: value * scale for name, value in known.items()}
            deviation, key = settings.deviation(base, setting), _alone(of_all, group, setting).key
            made[setting] = SettingRow(deviation, setting.described(), key, metrics, 0.0)
            tell(1)
    first = made[base]
    name = next((name for name in MAIN if name in first.metrics), None)
    if name is None:
        raise RunError("Nobody is to be found in these annotations, so there is nothing to score.")
    rows = [first, *(row for setting, row in made.items() if setting != base)]
    rows = [replace(row, change=row.metrics[name] - first.metrics[name]) for row in rows]
    pictures = evaluator.pictures_of(groups[0].prepared) or ""
    whole = SettingRows(name, fingerprint(SCORED_BY), pictures, tuple(rows))
    told = {row.key for row in whole.told(target)}
    wanted = [setting for setting, row in made.items() if row.key in told]
    found = _differences(groups, folder, base, name, wanted, resamples)
    changes = {made[setting].key: change for setting, change in found.items()}
    return replace(whole, rows=tuple(_with_interval(row, changes.get(row.key)) for row in rows))


def _alone(of_all: EvaluationRun, group: SharedCrops, setting: Protocol) -> EvaluationRun:
    """The evaluation that a setting is by itself."""
    instances = int((group.instances.scores >= setting.box_score).sum())
    return replace(
        of_all,
        protocol=setting.described(),
        evaluator=evaluator.evaluator(setting),
        data={**of_all.data, "instances": instances},
    )


def _with_interval(row: SettingRow, change: Difference | None) -> SettingRow:
    if change is None:
        return row
    return replace(row, low=change.low, high=change.high, chance=change.chance)


def _differences(
    groups: Sequence[SharedCrops],
    folder: Path,
    base: Protocol,
    name: str,
    wanted: Sequence[Protocol],
    resamples: int,
) -> dict[Protocol, Difference]:
    """How far settings are from the base in a figure, in points, on the same resamples."""
    scale, found = base.entry.scale, dict[Protocol, Difference]()
    _, first = next(_evaluations(groups, folder, base, [base]))
    before = RememberedFigure(_only(first, name), name)
    known: dict[Evaluation, Difference | None] = {}
    for setting, evaluation in _evaluations(groups, folder, base, wanted):
        if evaluation not in known:
            known[evaluation] = paired(before, _only(evaluation, name), resamples).get(name)
        change = known[evaluation]
        if change is not None:
            bounds = change.low * scale, change.high * scale
            found[setting] = Difference(change.value * scale, *bounds, change.chance)
    return found


def _only(evaluation: Evaluation, name: str) -> Evaluation:
    """An evaluation that is asked for one figure: it need not compute the others."""
    if not isinstance(evaluation, Matches):
        return evaluation
    figures = tuple(one for one in evaluation.rules.figures if one.name == name)
    return replace(evaluation, rules=replace(evaluation.rules, figures=figures))


def _evaluations(
    groups: Sequence[SharedCrops],
    folder: Path,
    base: Protocol,
    wanted: Collection[Protocol] | None,
) -> Iterator[tuple[Protocol, Evaluation]]:
    """The wanted settings, all if None, each with the evaluation of its persons."""
    for group in groups:
        readings: dict[Protocol, list[Protocol]] = {}
        for setting in group.settings:
            if wanted is None or setting in wanted:
                readings.setdefault(reading_of(setting), []).append(setting)
        for reading, alike in readings.items():
            poses = group.poses(reading, folder, base)
            known: dict[tuple[bytes, bytes], Evaluation] = {}
            for setting in alike:
                persons, places = _persons(group, poses, setting)
                key = places.tobytes(), persons.scores.tobytes()
                if key not in known:
                    known[key] = _evaluated(group, persons)
                if setting.tool != base.tool:
                    _check(group, persons, known[key], setting)
                yield setting, known[key]


def _persons(group: SharedCrops, poses: Poses, setting: Protocol) -> tuple[Poses, Ints]:
    """The persons that a setting makes of the poses, and in which boxes they are."""
    boxes = group.instances
    seen = np.flatnonzero(boxes.scores >= setting.box_score)
    chosen = replace(
        boxes,
        image=boxes.image[seen],
        boxes=boxes.boxes[seen],
        scores=boxes.scores[seen],
        person=boxes.person[seen],
    )
    persons, left = inference.persons(poses[seen], chosen, group.prepared.size, setting)
    return persons, seen[left]


def _evaluated(group: SharedCrops, persons: Poses) -> Evaluation:
    prepared = group.prepared
    annotations, rules = prepared.annotations, prepared.request.protocol
    truth = pipeline.truth_of(rules, prepared.source, annotations)
    if truth is None:
        return oks.evaluate(annotations, persons)
    points = pipeline.points_of(annotations, group.instances, persons)
    return pckh.evaluate(truth, points, annotations.people.image)


def _check(group: SharedCrops, persons: Poses, evaluation: Evaluation, setting: Protocol) -> None:
    """Raise a RunError unless another evaluator gives the same figures."""
    prepared = group.prepared
    path, annotations = prepared.source.annotations, prepared.annotations
    verdict = official_evaluators.evaluate(path, annotations, persons, tool=setting.tool)
    official_evaluators.agree(evaluation.metrics(), verdict.metrics)
