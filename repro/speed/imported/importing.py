"""A log as a record: of its device alone, told apart from all that is measured here.

A record of this kind satisfies no printed cell and is held against nothing that decides: it is
shown beside what it bears on, as imported.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import zoo
from repro import env
from repro.data.json_rows import content
from repro.errors import ReproError, listed, unknown
from repro.papers.values import Size
from repro.records.measurement import Measurement
from repro.records.record import MadeBy, Record
from repro.records.remarks import Remark
from repro.records.runs import ImportedTiming, count_run, network_name
from repro.speed.imported import logs
from repro.speed.imported.logs import LoggedNetwork, TimingLog
from repro.speed.results import percentiles

USUAL = (256, 192)
"""height and width of our network's input where nobody says"""
LONGEST = 100
"""letters of a device's name"""
ALONE = (
    "`{}` inferences ran at a time, so that each waited for others; `-hint latency -nireq 1` "
    "times one alone."
)


@dataclass(frozen=True, slots=True)
class TakenNetwork:
    """A network of a log under the name that it gets here."""

    name: str
    logged: LoggedNetwork


def imported(path: Path, device: str, words: Sequence[str], size: Size | None) -> Record:
    """The record of a log; a ReproError for a file that is none, and for wrong names.

    `words` say which networks are taken: `litehrnet_18=lite18` that which the log calls lite18, as
    ours if the zoo has it; `litehrnet_18` alone the only one of a log. Without words all are taken
    as they are called. `size` is the input of ours.
    """
    device = " ".join(device.split())
    if not device or len(device) > LONGEST or not device.isprintable():
        raise ReproError(
            f"`{device:.40}` is no name of a device.", f"Use 1 to {LONGEST} printable letters."
        )
    log = logs.read(path)
    remarks: list[Remark] = []
    taken = list(_taken(log, path, words, size, remarks))
    statistics = dict.fromkeys(one.logged.statistic for one in taken)
    run = ImportedTiming(
        networks=tuple(one.name for one in taken),
        device=device,
        tool=log.tool,
        statistic=" or ".join(statistics),
        file=path.name,
        sha256=sha256(content(path, "log", logs.LIMIT)).hexdigest(),
        facts=log.facts,
    )
    measured = [one for each in taken for one in _measurements(each, remarks)]
    requests, batch = log.facts.get("requests"), log.facts.get("batch")
    if isinstance(requests, int) and requests > 1:
        remarks.append(Remark("timing", ALONE.format(requests)))
    if isinstance(batch, int) and batch > 1:
        remarks.append(Remark("timing", f"A time is of a batch of {batch} images."))
    return Record(
        run.key,
        run.plain,
        tuple(measured),
        {"commit": env.revision() or "unknown"},
        remarks=tuple(remarks),
        made=MadeBy(env.now()),
    )


def _taken(
    log: TimingLog, path: Path, words: Sequence[str], size: Size | None, remarks: list[Remark]
) -> Iterator[TakenNetwork]:
    known = {network.name or path.stem: network for network in log.networks}
    if not words:
        yield from (TakenNetwork(name, network) for name, network in known.items())
        return
    names: dict[str, str] = {}
    for word in words:
        ours, equals, theirs = word.partition("=")
        if not equals and len(known) > 1:
            raise ReproError(
                f"`{path}` has {len(known)} networks, and `{word}` does not say which is meant.",
                f"Say `{word}=NAME`, where NAME is {_some(list(known))}.",
            )
        chosen = theirs if equals else next(iter(known))
        if chosen not in known:
            raise unknown(f"network in `{path}`", chosen, known)
        name = _named(ours, size, remarks)
        if name in names:
            raise ReproError(f"`{name}` is named twice.", "Name each network once.")
        names[name] = chosen
        yield TakenNetwork(name, replace(known[chosen], name=chosen))
    if len(names) < len(known):
        text = f"{len(names)} of {len(known)} networks of the log are taken."
        remarks.append(Remark("timing", text, len(names), len(known)))


def _named(word: str, size: Size | None, remarks: list[Remark]) -> str:
    """`litehrnet_18 256x192` of ours, anything else as it is."""
    if not word.strip() or len(word) > LONGEST or not word.isprintable():
        raise ReproError(f"`{word:.40}` is no name of a network.", "Say NAME or NAME=THEIRS.")
    if word not in zoo.MODELS:
        text = f"`{word}` is no network of the zoo: it stands by itself, beside nothing printed."
        remarks.append(Remark("timing", text))
        return word
    given = size or zoo.MODELS[word].size or USUAL
    if size is None and zoo.MODELS[word].size is None:
        shown = f"{given[0]}x{given[1]}"
        text = f"The log tells no input of `{word}`, which is taken as {shown}: --input."
        remarks.append(Remark("timing", text))
    return network_name(count_run(word, given))


def _measurements(network: TakenNetwork, remarks: list[Remark]) -> Iterator[Measurement]:
    """The time, what else is told of it, and the percentiles that its calls carry."""
    logged, name = network.logged, network.name
    yield Measurement("latency", logged.ms[logged.statistic], "ms", of=name)
    tails: Mapping[int, Measurement | None] = dict(_tails(logged, name))
    for statistic, ms in logged.ms.items():
        if statistic != logged.statistic and not statistic.startswith("p"):
            yield Measurement(f"latency_{statistic}", ms, "ms", of=name)
    yield from filter(None, tails.values())
    few = [percent for percent, figure in tails.items() if figure is None]
    if few:
        shown = listed([f"{one}th" for one in few])
        asked = max(map(percentiles.needed, few))
        text = (
            f"No {shown} percentile of `{name}`: {logged.calls or 0} calls have no upper end for "
            f"it, {asked} are needed."
        )
        remarks.append(Remark("timing", text))
    if logged.memory is not None:
        yield Measurement("peak_memory", logged.memory, "bytes", of=name)
    if logged.calls is not None:
        yield Measurement("calls", logged.calls, "calls", of=name)


def _tails(logged: LoggedNetwork, name: str) -> Iterator[tuple[int, Measurement | None]]:
    """Percentiles by the calls themselves, else those that the tool tells; None of too few."""
    if logged.samples:
        for one in percentiles.percentiles(logged.samples):  # in their own milliseconds
            figure = None
            if one.seconds is not None:
                metric = f"latency_p{one.percent}"
                figure = Measurement(metric, one.seconds, "ms", low=one.low, high=one.high, of=name)
            yield one.percent, figure
        return
    told = {int(key[1:]): ms for key, ms in logged.ms.items() if key[1:].isdecimal()}
    for percent, ms in sorted(told.items()):
        if not 0 < percent < 100:
            continue  # the least and the most are told beside them
        carried = (logged.calls or 0) >= percentiles.needed(percent)
        yield percent, Measurement(f"latency_p{percent}", ms, "ms", of=name) if carried else None


def _some(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names[:3]]
    return f"{', '.join(shown)} ..." if len(names) > 3 else " or ".join(shown)
