"""Check the tables against themselves and each other: audit."""

import typer

from repro.commands import options
from repro.commands.common import console, emit, names_of, warn
from repro.report.terminal.console import say


def audit(
    paper: options.PaperOrAll = "all",
    everything: options.Consistent = False,
    rule: options.AuditRules = "",
    fail_on: options.FailOnFinding = "",
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Check the printed tables against themselves and each other, by rules.

    Example: repro audit paper4 --rule sums,weights
    """
    from repro.errors import names_among
    from repro.papers import lookup
    from repro.plans import selection
    from repro.records.store import Store
    from repro.report import audit_lines
    from repro.verdicts.audit import check, evidence, rules

    gates = names_among("severity", names_of(fail_on), check.SEVERITIES)
    chosen = rules.named(names_of(rule))
    name = "" if paper == "all" else lookup.find_study(paper).name
    records = Store(store, say=say)
    checks = rules.run(evidence.gather(selection.tables(), records.current), chosen, name)
    warn(records)
    code, why = check.exit_code(checks, gates)
    listed = checks if everything else [one for one in checks if one.finding]
    if as_json:
        rows = [audit_lines.described(one) for one in listed]
        emit("audit", rules=chosen, checks=rows, summary=check.audit_summary(checks), exit=code)
    else:
        console().print(audit_lines.shown(listed, checks))
    if why:
        say(why)
    raise typer.Exit(code)
