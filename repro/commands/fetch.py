"""Fetch official files, when asked: fetch, and `run --fetch`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro import env
from repro.commands import data_options, options
from repro.commands.common import complain, console, emit
from repro.errors import ReproError, RunError, listed
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.commands.run_request import RunRequest
    from repro.fetching.choice import Choice
    from repro.fetching.need import Need
    from repro.fetching.order import Fetched, FetchSettings
    from repro.plans.planned import Plan

ASKED_ABOVE = 10**9
"""bytes of a download that a user is asked about"""


def fetch(
    what: data_options.FetchedThings = None,
    listing: data_options.ListDownloads = False,
    data: options.DataDir = None,
    source: data_options.Mirrors = None,
    offline: data_options.Offline = False,
    yes: data_options.Yes = False,
    dry_run: options.DryRun = False,
    keep_archives: data_options.KeepArchives = False,
    as_json: options.Json = False,
) -> None:
    """Download official data and weights, check and unpack them; go on where it was cut.

    What has no public address is named with its page and the step by hand.

    Example: repro fetch coco val2017 --data DATA

    Example: repro fetch weights litehrnet_18 "td-hm_res50_*256x192*" --data DATA

    Example: repro fetch paper1 table1 --data DATA --dry-run
    """
    from repro.fetching import choice, need
    from repro.fetching.order import Fetched, FetchSettings

    if listing:
        list_all(data, as_json)
        return
    if not what:
        raise ReproError("What is to be fetched?", "As in `repro fetch coco val2017`; see --list.")
    chosen = choice.chosen(what, data or Path())
    if data is None:
        raise ReproError("Where to? No data folder is named.", "Give --data DIR or REPRO_DATA.")
    settings = FetchSettings(tuple(source or ()), offline, keep_archives)
    if dry_run:
        room = need.needed(chosen.files, settings, data)
        answer(chosen, room, Fetched(), settings, 0, as_json, dry_run=True)
        return
    outcome, room = carry_out(chosen, settings, data, yes, show=not as_json)
    code = 6 if outcome.failures else 0
    answer(chosen, room, outcome, settings, code, as_json)
    raise typer.Exit(code)


def carry_out(
    chosen: "Choice", settings: "FetchSettings", data: Path, yes: bool, show: bool
) -> "tuple[Fetched, Need]":
    """Show the order, see that there is room and consent, and fetch; failures are told."""
    from repro.fetching import need, order
    from repro.report.terminal import fetch_view
    from repro.report.terminal.download_progress import DownloadProgress

    lacking = chosen.lacking()
    coming = [one for one in lacking if order.sources(one, settings)]
    room = need.needed(chosen.files, settings, data)
    out_of_reach = [one for one in lacking if one.address and one not in coming]
    if out_of_reach:
        raise ReproError(
            f"Offline: no --from has {listed([f'`{one.name}`' for one in out_of_reach])}.",
            "Leave --offline (or REPRO_OFFLINE) out, or name another folder: --from DIR.",
        )
    if lacking and not any(one.here or one.address for one in chosen.files) and not coming:
        raise ReproError(
            "Nothing of this can be fetched from an address.",
            " ".join(one.cure for one in lacking),
        )
    if coming:
        for line in fetch_view.asked(coming, room) if show else ():
            say(line)
        room.check()
        consent(room.download, yes)
    order.tidy(chosen.files)
    with DownloadProgress(show) as tell:
        outcome = order.fetch(coming, settings, tell)
    for error in outcome.failures.values():
        complain(error)
    return outcome, room


def consent(bytes: int, yes: bool) -> None:
    """Ask before a large download; where nobody can be asked it must be said beforehand."""
    from repro.fetching import space

    if yes or bytes <= ASKED_ABOVE:
        return
    said = f"About {space.told(bytes)} would be downloaded"
    if sys.stdin is None or not sys.stdin.isatty():
        raise ReproError(f"{said}, and there is no terminal to ask at.", "Pass --yes.")
    if not typer.confirm(f"{said}. Go on?", err=True):
        raise ReproError("Nothing was fetched.", "Name less, or answer `y`.")


def answer(
    chosen: "Choice",
    room: "Need",
    outcome: "Fetched",
    settings: "FetchSettings",
    code: int,
    as_json: bool,
    dry_run: bool = False,
) -> None:
    """Print what became of an order, or would."""
    from repro.fetching import order
    from repro.papers import downloads
    from repro.report.terminal import fetch_view

    answers = downloads.catalogue().answers
    if as_json:
        files = fetch_view.described(chosen.files, outcome)
        facts = {"unpublished": list(chosen.unpublished), "answers": answers, "exit": code}
        emit("fetch", files=files, need=fetch_view.need_described(room), **facts)
        return
    lacking = chosen.lacking()
    by_hand = [one for one in lacking if not order.sources(one, settings)]
    if dry_run:
        console().print(fetch_view.listed(chosen.files, outcome))
        put(fetch_view.total(room))
        put(answers)
    for line in (*fetch_view.became(outcome), *fetch_view.left(chosen, by_hand)):
        put(line)
    if not lacking:
        put(f"all is there: {len(chosen.files)} of {len(chosen.files)}")


def list_all(data: Path | None, as_json: bool) -> None:
    """Print every file that is known."""
    from repro.fetching import choice
    from repro.fetching.order import Fetched
    from repro.papers import downloads
    from repro.report.terminal import fetch_view

    files, answers = choice.every(data or Path("DATA")), downloads.catalogue().answers
    if as_json:
        plain = fetch_view.described(files, Fetched())
        emit("fetch", files=plain, need=None, unpublished=[], answers=answers, exit=0)
        return
    console().print(fetch_view.listed(files, Fetched()))
    put(answers)


def offline_by_environment() -> bool:
    """Whether REPRO_OFFLINE is set, to anything but a word for no."""
    return (env.variable("REPRO_OFFLINE") or "0").lower() not in ("0", "false", "no", "off")


def of_plan(graph: "Plan", data: Path | None) -> "tuple[Choice, Need]":
    """What `run --fetch` would fetch for a plan, and what it takes."""
    from repro.fetching import choice, need
    from repro.fetching.order import FetchSettings

    folder = data or Path("DATA")
    chosen = choice.of_plan(graph, folder)
    return chosen, need.needed(chosen.files, FetchSettings(), folder)


def fetch_lacking(
    request: "RunRequest", sources: Sequence[str] | None, yes: bool, show: bool
) -> None:
    """Fetch what the impossible evaluations of a plan lack and is public; RunError if not all came.

    The data folder is made if it is not there.
    """
    from repro.fetching import choice, order
    from repro.fetching.order import FetchSettings
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report.terminal import fetch_view
    from repro.report.text import counted

    if request.data is None:
        raise ReproError("--fetch needs a folder to fetch to.", "Give --data DIR or REPRO_DATA.")
    settings = FetchSettings(tuple(sources or ()), offline_by_environment())
    request.data.mkdir(parents=True, exist_ok=True)
    wanted, run_settings = request.selected()
    chosen = choice.of_plan(planned(wanted, Store(request.store), run_settings), request.data)
    by_hand = [one for one in chosen.lacking() if not order.sources(one, settings)]
    coming = tuple(one for one in chosen.lacking() if one not in by_hand)
    outcome, _ = carry_out(choice.Choice(coming), settings, request.data, yes, show)
    for line in (*fetch_view.became(outcome), *fetch_view.left(chosen, by_hand)) if show else ():
        say(line)
    if outcome.failures:
        failed = counted(len(outcome.failures), "file")
        cure = "The same command goes on; without --fetch it makes do with what is there."
        raise RunError(f"{failed} did not come.", cure)
