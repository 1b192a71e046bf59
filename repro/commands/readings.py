"""Hold the readings of an under-specified network against the print: readings."""

from repro.commands import options
from repro.commands.common import console, emit


def readings(
    paper: options.Paper,
    search: options.SearchReadings = False,
    fix: options.FixedValues = None,
    limit: options.MostReadings = None,
    as_json: options.Json = False,
) -> None:
    """Hold each reading of a network that its paper under-specifies against the printed costs.

    Example: repro readings paper4 --search --fix head=litepose
    """
    from dataclasses import asdict

    from repro.errors import ReproError
    from repro.papers import lookup
    from repro.papers.readings import load_readings
    from repro.readings import grid_search
    from repro.readings.figures import figures
    from repro.readings.outcome import outcome
    from repro.readings.pricing import Prices
    from repro.report.terminal import readings_table
    from repro.report.terminal.progress import Steps

    if (fix or limit) and not search:
        raise ReproError("--fix and --limit are of a search.", "Add --search.")
    known = load_readings(lookup.find_study(paper).name)
    fixed = lookup.parse_options(fix or [])
    total = grid_search.size(known, fixed)
    printed, prices = figures(known), Prices()
    named = [outcome(known, reading, printed, prices) for reading in known.named]
    tried, front, reached = len(named), None, None
    if search:
        with Steps(min(total, limit or total), "readings", show=True) as steps:
            result = grid_search.search(
                known, printed, prices, fixed=fixed, limit=limit, tell=steps
            )
        tried, front, reached = result.tried, result.front, result.reached
    if as_json:
        emit(
            "readings",
            study=known.study,
            readings=list(map(readings_table.described, named)),
            tried=tried,
            cells=sum(len(one.cells) for one in printed),
            distinct=len(printed),
            sentences={key: asdict(one) for key, one in known.sentences.items()},
            front=None if front is None else list(map(readings_table.described, front)),
            warning=None if front is None else readings_table.warning(tried),
            reached=None if reached is None else readings_table.reach(printed, reached),
            notes=known.notes,
        )
        return
    console().print(readings_table.listed(known, named))
    if front is not None and reached is not None:
        console().print(readings_table.front(known, front, tried))
        console().print(readings_table.seldom(printed, reached))
