"""Take networks by themselves: count, parity."""

from pathlib import Path
from typing import Annotated

import typer

import zoo
from repro.commands.common import Json, console, emit, say


def count(
    models: Annotated[list[str], typer.Argument(help="Models, or patterns such as `lpn_*`.")],
    size: Annotated[str, typer.Option("--input", help="Height x width.")] = "256x192",
    convention: Annotated[str, typer.Option(help="A counting convention, or all.")] = "fvcore",
    keypoints: Annotated[int | None, typer.Option(help="17 COCO, 16 MPII, 14 CrowdPose.")] = None,
    depth: Annotated[int, typer.Option(min=0, help="Levels of the module tree.")] = 0,
    as_json: Json = False,
) -> None:
    """Count parameters and MACs of models.

    Example: repro count lpn_50 --input 256x192 --convention all --depth 1
    """
    from repro import run as running
    from repro.errors import RunError, unknown
    from repro.papers import conventions
    from repro.papers.lookup import parse_size
    from repro.plans import selection
    from repro.records.runs import count_run

    names = list(conventions.CONVENTIONS) if convention == "all" else [convention]
    if convention not in ("all", *conventions.CONVENTIONS):
        raise unknown("convention", convention, ("all", *conventions.CONVENTIONS))
    specs = [count_run(name, parse_size(size), keypoints) for name in selection.models(models)]
    from repro.report.terminal import (
        cost_tree,  # brings torch, which a wrong name or size need not wait for
    )

    results, failures = [], []
    for spec in specs:
        try:
            counted = running.counted(spec, tuple(names))
        except RunError as error:
            failures.append(error)
            say(f"error: {error}")
            continue
        results.append(cost_tree.described(spec, counted, depth))
        if not as_json:
            console().print(cost_tree.tree(spec, counted, depth))
    if as_json and results:
        emit("count", **(results[0] if len(specs) == 1 else {"results": results}))
    raise typer.Exit(6 if failures else 0)


def parity(
    models: Annotated[
        list[str] | None, typer.Argument(help="All with a golden by default.")
    ] = None,
    golden: Annotated[Path, typer.Option(help="Folder of goldens.")] = Path("tests/golden"),
    as_json: Json = False,
) -> None:
    """Compare models with the official code.

    Example: repro parity lpn_50 --golden tests/golden
    """
    from repro.counting import parity as comparing
    from repro.plans import selection

    wanted = selection.models(models) if models else None
    found = comparing.goldens(golden)
    known = {**zoo.MODELS, **zoo.BLOCKS}
    skipped = [one.model for one in found.values() if one.model not in known]
    results = []
    for path, one in found.items():
        if one.model in known and (wanted is None or one.model in wanted):
            result = comparing.run(one)
            results.append(result)
            if not as_json:
                error = result.max_relative_error
                shown = "" if error is None else f"  {error:.1e}"
                print(f"{'✓' if result.ok else '✗'} {one.model}{shown}")
            if not result.ok:
                say(f"{path}: {result.problem}")
    code = 4 if not results else 0 if all(result.ok for result in results) else 3
    if as_json:
        emit("parity", results=[comparing.described(one) for one in results], skipped=skipped)
    elif not results:
        say(f"nothing compared: {golden} has no golden of {', '.join(models or ['this zoo'])}")
    else:
        equal = sum(result.ok for result in results)
        print(f"{equal} of {len(results)} models equal their golden to {comparing.TOLERANCE:g}")
        if skipped and wanted is None:
            say(f"not in the zoo of this version: {', '.join(skipped)}")
    raise typer.Exit(code)
