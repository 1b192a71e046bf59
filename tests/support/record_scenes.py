"""Stores of records made from literals, and which record of them counts, told without the rule."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from repro.plans.planned import PlannedRun
from repro.records.measurement import Measurement
from repro.records.record import BY_BEHAVIOUR, CURRENT, STALE, MadeBy, Record
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted
from repro.records.runs import CountRun, EvaluationRun, network_name
from repro.records.store import Store
from support.command_line import Outcome

PROBE = {"pipeline": "as ever", "network": "as ever"}
"""what `probe.of` gives where a test says so"""
CONVENTIONS = ("mmcv", "hrnet", "torchstat")
FIGURES = ("AP", "AP50", "AP75", "APM", "APL", "AR")
TIMES = ("", "2001-01-01T00:00:00.000001", "2001-01-01T00:00:00.500000", "2001-03-01T09:00:00")
"""when records were made; none is the oldest, and some at once"""


def made(at: str) -> MadeBy | None:
    """The moment of a record, a second long."""
    return MadeBy(at, 1.0) if at else None


def counted(run: CountRun, number: int, key: str = "", at: str = "", commit: str = "c") -> Record:
    """A count whose figures tell its number."""
    value = 1_000_000 + 10_000 * number
    figures = [Measurement("params", value, "parameters")]
    figures += [Measurement("macs", 100 * value, "MACs", name) for name in CONVENTIONS]
    env = {"commit": commit}
    return Record(
        key or run.key, run.described(), tuple(figures), env, code=run.code, made=made(at)
    )


def evaluation(wanted: AccuracyRequirement, batch: int = 32, **data: object) -> EvaluationRun:
    """An evaluation that fills a printed cell, unless its data differ from the official ones."""
    facts = {"name": wanted.protocol.on, "dataset": wanted.protocol.dataset, "images": 5000}
    return EvaluationRun(
        wanted.model,
        wanted.input,
        wanted.keypoints,
        wanted.options,
        {"name": wanted.weights, "sha256": "5" * 64},
        {**facts, "official": True, **data},  # type: ignore[dict-item]
        wanted.protocol.described(),
        {"device": "cpu", "batch": batch, "precision": "float32"},
        "pycocotools 2",
    )


def evaluated(
    run: EvaluationRun,
    ap: float,
    code: str = "",
    probe: Mapping[str, str] | None = None,
    at: str = "",
    commit: str = "c",
) -> Record:
    """The record of an evaluation by the present code, or by code of another digest."""
    figures = tuple(Measurement(one, ap, "%", None, ap - 1, ap + 1) for one in FIGURES)
    key = run.key_of(code) if code else run.key
    return Record(
        *(key, run.described(), figures, {"commit": commit}),
        code=code or run.code,
        probe=PROBE if probe is None else probe,
        made=made(at),
    )


def timed(
    wanted: SpeedRequirement,
    ms: float,
    key: str,
    unstable: str = "",
    at: str = "",
    commit: str = "c",
    **spec: object,
) -> Record:
    """A timing of a column's networks, each held against the first, which is the fastest."""
    names = [network_name(one) for one in wanted.networks]
    took = {name: ms + place for place, name in enumerate(names)}
    figures = [Measurement("latency", took[one], "ms", None, of=one) for one in names]
    figures += [
        Measurement("ratio", ratio, "x", None, ratio - 0.001, ratio + 0.001, f"{a} / {b}")
        for a in names
        for b in names
        if a != b and names[0] in (a, b) and (ratio := took[a] / took[b])
    ]
    usual = {"kind": "speed", "networks": names, "backends": ["eager"] * len(names)}
    usual |= {"batch": wanted.batch, "precision": "fp32", "stage": "net", "flip": False}
    usual |= {"protocol": "repro", "device": "cpu", "machine": "a box", "threads": 1}
    notes = {"unstable": unstable} if unstable else {}
    return Record(
        *(key, {**usual, **spec}, tuple(figures), {"commit": commit}), notes=notes, made=made(at)
    )


def network(wanted: Wanted) -> object:
    """What tells the requirements of cells apart."""
    spec = wanted.spec
    if isinstance(spec, CountRun):
        return spec.key
    if isinstance(spec, AccuracyRequirement):
        return spec.weights, str(spec.protocol)
    return None if spec is None else "timing"


@dataclass
class Written:
    """A record file, as whoever wrote it knows it."""

    record: Record
    path: Path
    asked: object
    """the requirement that it satisfies, see `network`; None for none"""
    standing: str = CURRENT
    whole: bool = True

    @property
    def rank(self) -> tuple[object, ...]:
        """Where it stands among those that satisfy the same; the last counts."""
        number = self.path.name.split(".")[1]
        at = self.record.made.at if self.record.made else ""
        fresh = self.standing != STALE, not self.record.notes
        return (*fresh, at, int(number) if number != "json" else 1, self.record.key)


@dataclass
class RandomStore:
    """Records for the cells of some tables, of every kind of worth."""

    folder: Path
    seed: int
    wanted: list[Wanted]
    written: list[Written] = field(default_factory=list)

    def fill(self, halfway: Callable[[], None] = lambda: None) -> None:
        """Write records in any order, and tear some of their files."""
        dice = random.Random(self.seed)
        asked = {network(one): one for one in self.wanted if one.spec is not None}
        drafts = [
            draft
            for one in [*dice.sample(list(asked.values()), 7), asked["timing"]]
            for _ in range(dice.randrange(4))
            for draft in [self._draft(one, dice)]
        ]
        dice.shuffle(drafts)
        for place, one in enumerate(drafts):
            if 2 * place in (len(drafts), len(drafts) + 1):
                halfway()
            again = dice.random() < 0.7
            path = Store(self.folder).add(one.record, again=again)
            there = next((each for each in self.written if each.path == path), None)
            if there is None or there.record.spec != one.record.spec:
                self.written = [each for each in self.written if each is not there]
                self.written.append(replace(one, path=path))
        for one in dice.sample(self.written, min(len(self.written), dice.randrange(3))):
            one.whole = False
            text = one.path.read_text()
            torn = text[: len(text) // 2], text.replace('"commit": "', '"commit": "x'), ""
            one.path.write_text(dice.choice(torn))

    def _draft(self, wanted: Wanted, dice: random.Random) -> Written:
        spec, number = wanted.spec, dice.randrange(1, 90)
        told = {"at": dice.choice(TIMES), "commit": f"commit{dice.randrange(10**6)}"}
        code, key = _digest(dice), _digest(dice)
        other = dice.random() < 0.2
        if isinstance(spec, CountRun):
            if other:  # under the name of the run that it is not of
                record = counted(replace(spec, keypoints=3), number, spec.key, **told)
                return Written(record, Path(), None, STALE)
            older = dice.random() < 0.5
            record = counted(spec, number, key if older else "", **told)
            return Written(record, Path(), network(wanted), STALE if older else CURRENT)
        if isinstance(spec, SpeedRequirement):
            noisy = "Too noisy." if dice.random() < 0.4 else ""
            wrong = dice.choice([{"batch": 7}, {"flip": True}, {"interrupted": True}])
            record = timed(spec, number, key, noisy, **told, **(wrong if other else {}))
            return Written(record, Path(), None if other else network(wanted))
        assert isinstance(spec, AccuracyRequirement)
        run = evaluation(spec, batch=dice.choice((1, 32)), **({"official": False} if other else {}))
        by = dice.choice((CURRENT, BY_BEHAVIOUR, STALE, STALE))
        probe = dice.choice([{}, {**PROBE, "network": "changed"}]) if by == STALE else PROBE
        record = evaluated(run, number + 0.37, "" if by == CURRENT else code, probe, **told)
        return Written(record, Path(), None if other else network(wanted), by)

    def ran(self, made_now: Mapping[str, Record]) -> None:
        """Learn of the counts that `run` made, whose files take the place of what is no such."""
        for key, record in made_now.items():
            path = self.folder / key[:2] / f"{key}.json"
            self.written = [one for one in self.written if one.path != path]
            self.written.append(Written(replace(record, made=made("9")), path, key))

    def chosen(self, wanted: Wanted) -> Written | None:
        """The file that counts for a cell."""
        own = [one for one in self.written if one.whole and one.asked == network(wanted)]
        return max(own, key=lambda one: one.rank) if own and wanted.spec is not None else None


def _digest(dice: random.Random) -> str:
    return f"{dice.getrandbits(256):064x}"


@dataclass
class FakeCounting:
    """Counts by an executor that takes no time, and what it made."""

    records: dict[str, Record] = field(default_factory=dict)

    def __call__(self, one: PlannedRun, course: object) -> Record:
        assert isinstance(one.run, CountRun)
        number = 100 + int(one.run.key[:3], 16)
        self.records[one.run.key] = counted(one.run, number, commit=f"made{number}")
        return self.records[one.run.key]


def parsed(outcome: Outcome, code: int = 0) -> dict[str, object]:
    assert outcome.code == code, outcome.err
    data = json.loads(outcome.out)
    assert isinstance(data, dict)
    return data


def cells_of(data: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The cells of an output of --json, by their places."""
    cells = data["cells"]
    assert isinstance(cells, list)
    return {f"{one['study']} {one['table']} {one['row']} {one['column']}": one for one in cells}
