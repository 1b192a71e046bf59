"""Check what the papers say in words: claims."""

from typing import Annotated

import typer

from repro.commands.common import (
    RECORDS,
    Json,
    StoreDir,
    console,
    emit,
    names_of,
    say,
    warn,
)


def claims(
    paper: Annotated[str, typer.Argument(help="A paper, or all.")] = "all",
    kind: Annotated[str, typer.Option(help="Only these: result, cost, speed, recipe, unit.")] = "",
    fail_on: Annotated[
        str, typer.Option(help="Exit with 3 on these verdicts, as in `contradicted`.")
    ] = "",
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Check the papers' sentences against printed and measured cells.

    Example: repro claims paper2 --kind cost
    """
    from repro.papers import lookup, study
    from repro.records.store import Store
    from repro.verdicts.claims import claim, judging
    from repro.verdicts.claims.cell_values import MeasuredCells

    gates = judging.verdicts(names_of(fail_on))
    kinds = claim.kinds(names_of(kind))
    papers = study.study_names() if paper == "all" else [lookup.find_study(paper).name]
    chosen = [one for name in papers for one in claim.load(name) if one.kind in kinds]
    kept = Store(store)
    judged = judging.judge_all(chosen, MeasuredCells(kept))
    warn(kept)
    code, why = judging.exit_code(judged, gates)
    if as_json:
        rows = [judging.described(one) for one in judged]
        emit("claims", claims=rows, summary=judging.summary(judged), exit=code)
    else:
        from repro.report.terminal import claim_table as report

        report.judged(console(), judged)
    if why:
        say(why)
    raise typer.Exit(code)
