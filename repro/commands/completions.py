"""What a shell completes: papers, tables, rows, columns, models, protocols. Never an error."""

import functools
from collections.abc import Callable, Iterable

from typer import Context

Finder = Callable[[Context], Iterable[str]]
Completion = Callable[[Context, str], list[str]]


def _completion(find: Finder) -> Completion:
    """The found names that begin as what is typed; nothing where nothing can be found."""

    @functools.wraps(find)
    def complete(ctx: Context, incomplete: str) -> list[str]:
        try:
            return [name for name in find(ctx) if name.startswith(incomplete)]
        except Exception:
            return []  # a shell is no place for messages

    complete.__annotations__ = {"ctx": Context, "incomplete": str, "return": list[str]}
    del complete.__wrapped__
    return complete


@_completion
def papers(ctx: Context) -> Iterable[str]:
    from repro.papers import study

    return study.study_names()


@_completion
def papers_or_all(ctx: Context) -> Iterable[str]:
    from repro.papers import study

    return [*study.study_names(), "all"]


@_completion
def tables(ctx: Context) -> Iterable[str]:
    from repro.papers import lookup, study

    return study.table_names(lookup.find_study(ctx.params["paper"]).name)


@_completion
def rows(ctx: Context) -> Iterable[str]:
    from repro.papers import lookup

    found = lookup.find_study(ctx.params["paper"])
    return [row.label for row in lookup.find_table(found, ctx.params["table"]).rows]


@_completion
def columns(ctx: Context) -> Iterable[str]:
    from repro.papers import lookup

    found = lookup.find_study(ctx.params["paper"])
    return [column.key for column in lookup.find_table(found, ctx.params["table"]).columns]


@_completion
def models(ctx: Context) -> Iterable[str]:
    import zoo

    return zoo.MODELS


@_completion
def protocols(ctx: Context) -> Iterable[str]:
    from repro.papers import study

    return [
        f"{paper}/{name}"
        for paper in study.study_names()
        for name in study.load_study(paper).protocols
    ]
