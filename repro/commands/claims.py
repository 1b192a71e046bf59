"""Check what the papers say in words: claims."""

import typer

from repro.commands import options
from repro.commands.common import console, emit, names_of, warn
from repro.report.terminal.console import say


def claims(
    paper: options.PaperOrAll = "all",
    kind: options.ClaimKinds = "",
    about: options.ClaimWords = "",
    fail_on: options.FailOnClaim = "",
    networks: options.ClaimNetworks = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Check the papers' sentences against printed and measured cells.

    Example: repro claims paper4 --about "model will focus"
    """
    from repro.errors import ReproError, names_among
    from repro.papers import lookup, study
    from repro.records.store import Store
    from repro.verdicts.claims import claim, judging
    from repro.verdicts.claims.cell_values import MeasuredCells

    gates = names_among("verdict", names_of(fail_on), judging.VERDICTS)
    kinds = names_among("kind of claim", names_of(kind) or claim.KINDS, claim.KINDS)
    papers = study.study_names() if paper == "all" else [lookup.find_study(paper).name]
    if networks:
        from repro.authoring import claim_networks

        for name in papers:
            say(claim_networks.write(name))
    records = Store(store, say=say)
    judged = judging.judge_papers(papers, MeasuredCells(records), kinds)
    judged = [one for one in judged if one.claim.speaks_of(about)]
    if about and not judged:
        raise ReproError(f"No sentence has the words `{about:.80}`.", "See `repro claims`.")
    warn(records)
    code, why = judging.exit_code(judged, gates)
    if as_json:
        rows = [judging.described(one) for one in judged]
        emit("claims", claims=rows, summary=judging.summary(judged), exit=code)
    else:
        from repro.report.terminal import claim_table

        claim_table.judged(console(), judged)
    if why:
        say(why)
    raise typer.Exit(code)
