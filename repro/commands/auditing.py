"""Check the tables against themselves and each other: audit."""

from typing import Annotated

import typer

from repro.commands.common import RECORDS, Json, StoreDir, console, emit, names_of, say, warn


def audit(
    paper: Annotated[str, typer.Argument(help="A paper, or all.")] = "all",
    everything: Annotated[bool, typer.Option("--all", help="Also what is consistent.")] = False,
    rule: Annotated[str, typer.Option(help="Only these, as in `area,sums`.")] = "",
    fail_on: Annotated[
        str, typer.Option(help="Exit with 3 on these: contradiction, implausible, note.")
    ] = "",
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Check the printed tables against themselves and each other, by rules.

    Example: repro audit paper4 --rule sums,weights
    """
    from repro.papers import lookup
    from repro.plans import selection
    from repro.records.store import Store
    from repro.report import audit_lines as report
    from repro.verdicts.audit import check, evidence, rules

    gates = check.severities(names_of(fail_on))
    chosen = rules.named(names_of(rule))
    name = "" if paper == "all" else lookup.find_study(paper).name
    kept = Store(store)
    found = rules.run(evidence.gather(selection.tables(), kept.current), chosen, name)
    warn(kept)
    code, why = check.exit_code(found, gates)
    shown = found if everything else [one for one in found if one.finding]
    if as_json:
        rows = [report.described(one) for one in shown]
        emit("audit", rules=chosen, checks=rows, summary=check.summary(found), exit=code)
    else:
        console().print(report.shown(shown, found))
    if why:
        say(why)
    raise typer.Exit(code)
