"""Many settings of one evaluation at a time: eval --protocol all."""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands.common import console, emit, tell, warn
from repro.commands.evaluating import evaluated
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.commands.evaluating import Asked
    from repro.data.layout import Source
    from repro.evaluation.preparing import PreparedEvaluation
    from repro.papers.protocol import Protocol
    from repro.records.record import Record
    from repro.records.remarks import Remark
    from repro.records.setting_rows import SettingRows
    from repro.records.store import Store

SAME = 1e-7
"""per cent that the figures of two evaluators may be apart"""


def tried(
    asked: "Asked", files: "Source", fixed: "Collection[str] | None"
) -> "tuple[Protocol, ...]":
    """The settings: those of the protocols that are named, else all but for the `fixed` rules."""
    from repro.papers import settings
    from repro.papers.protocol import GROUND_TRUTH
    from repro.records.fingerprint import digest

    rules = [request.protocol for _, request in asked]
    if fixed is None:
        settings.comparable(rules)
        different: dict[str, Protocol] = {}
        for one in rules:
            different.setdefault(digest(one.described()), one)
        return tuple(different.values())
    given = "boxes" in fixed and rules[0].boxes == GROUND_TRUTH
    detector = None if given or files.boxes is None else files.boxes.name
    return settings.every(rules[0], fixed, detector)


def alike(asked: "Asked", tried: "Sequence[Protocol]") -> "tuple[Remark, ...]":
    """The remark on protocols that are named, and have the rules of others that are."""
    from repro.records.remarks import counted

    same = len(asked) - len(tried)
    if same < 1:
        return ()
    return (counted("protocols", same, len(asked), "protocols have the same rules here as others"),)


def apart(kept: "SettingRows", record: "Record") -> "tuple[Remark, ...]":
    """The remark on a record of the base that was made elsewhere, and gives another figure."""
    from repro.records.remarks import Remark

    base, measured = kept.value(kept.rows[0]), record.value(kept.metric)
    if measured is None or abs(base - measured) < SAME:
        return ()
    text = f"The base's record says {kept.metric} {measured:.4f}, and it gives {base:.4f} here."
    return (Remark("settings", text),)


def try_and_tell(
    asked: "Asked",
    files: "Source",
    tried: "Sequence[Protocol]",
    target: str | None,
    output: Path | None,
    fresh: bool,
    store: Path,
    as_json: bool,
) -> None:
    """Score every setting, keep the base's record and the rows beside it, and print them."""
    from repro.comparing import targets
    from repro.evaluation import evaluator, preparing
    from repro.evaluation.shared_crops import FOLDER
    from repro.records import setting_rows
    from repro.records.store import Store
    from repro.report.terminal import accuracy_table, settings_table
    from repro.report.text import counted

    wanted = None if target is None else targets.value_of(target)
    (protocol, request), records = asked[0], Store(store)
    prepared = preparing.prepare(request, files)
    run = evaluator.run_of(prepared)
    if not as_json:
        say(f"{run}, {counted(len(tried), 'setting')}")
        say(f"base {protocol}: {request.rules}")
    folder = records.artifacts(run.key)
    kept = None if fresh else setting_rows.read(folder)
    if kept is None or lacking(kept, prepared, tried):
        kept = scored(prepared, files, tried, records, wanted, fresh, show=not as_json)
    words = prepared, output, fresh, records, not as_json
    record, remarks = evaluated(request, files, *words)
    remarks = (*remarks, *alike(asked, tried), *apart(kept, record))
    setting_rows.keep(folder, kept)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    warn(records)
    tell(remarks)
    chosen = only(kept, tried)
    fitting = None if target is None else targets.fit(target, chosen)
    if as_json:
        facts = accuracy_table.described(record, protocol)
        said = {"pixels": request.pixels, "file": request.file_facts, "remarks": remarks}
        many = settings_table.described(chosen, fitting)
        emit("eval", **facts, **said, **many, records=[record])
    else:
        console().print(settings_table.shown(chosen, fitting, record))


def only(kept: "SettingRows", tried: "Sequence[Protocol]") -> "SettingRows":
    """The rows of the settings that are asked for now, of those that were kept."""
    from repro.records.fingerprint import digest

    wanted = {digest(setting.described()) for setting in tried}
    rows = tuple(row for row in kept.rows if digest(row.protocol) in wanted)
    return replace(kept, rows=rows)


def lacking(
    kept: "SettingRows", prepared: "PreparedEvaluation", tried: "Sequence[Protocol]"
) -> bool:
    """Whether kept rows are of other code or pictures, or not of all settings."""
    from repro.evaluation import evaluator
    from repro.evaluation.setting_scores import SCORED_BY
    from repro.records.fingerprint import digest, fingerprint

    known = {digest(row.protocol) for row in kept.rows}
    return (
        kept.code != fingerprint(SCORED_BY)
        or kept.pictures != evaluator.pictures_of(prepared)
        or not known.issuperset(digest(setting.described()) for setting in tried)
    )


def scored(
    prepared: "PreparedEvaluation",
    files: "Source",
    tried: "Sequence[Protocol]",
    records: "Store",
    target: float | None,
    fresh: bool,
    show: bool,
) -> "SettingRows":
    """Read every crop in all ways and score the poses; goes on where it was interrupted."""
    from repro.evaluation import evaluator, pipeline, setting_scores, shared_crops
    from repro.report.terminal.progress import Steps

    groups = shared_crops.shared(prepared.request, files, tried)
    for group in groups:
        group.prepared.check_images()
    records.check()
    run = evaluator.run_of(prepared)
    folder, known = records.artifacts(run.key), records.find(run)
    fresh = fresh or (known is not None and bool(evaluator.other_pictures(known, prepared)))
    for name in (pipeline.SHARDS, shared_crops.FOLDER) if fresh else ():
        shutil.rmtree(folder / name, ignore_errors=True)
    records.begin(run)
    with Steps(sum(group.prepared.total for group in groups), "crops", show) as crops:
        for group in groups:
            group.read(folder, tried[0], crops)
    with Steps(sum(len(group.settings) for group in groups), "settings", show) as settings:
        return setting_scores.scored(groups, folder, tried[0], target, settings)
