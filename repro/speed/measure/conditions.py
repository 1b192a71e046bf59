"""What disturbs a timing: watched while it runs, and named before it."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from repro import env
from repro.doctor import Checkup
from repro.speed.measure import sensors

WAITED = 0.1
"""share of the time that a single thread waited for a core"""
PREEMPTED = 50
"""times a second that several threads had to give up a core; it is 300 on a shared one"""
STOLEN = 0.05
"""share of the machine's time"""
SLOWED = 0.9
"""of the highest clock seen in the run"""
CLOCK_EVERY = 1.0
"""seconds between two looks at the clock, which take longer than a look at a counter"""
BUSY = 0.1
"""of the cores kept busy by others, from which on they matter"""
SAMPLE = 0.5
"""seconds"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the machine; None or empty for what it does not tell."""

    load: float
    """mean number of processes that ran or waited in the last minute, this one among them"""
    others: float
    """cores kept busy by others while this process slept"""
    steal: float
    """share of the machine's time that a hypervisor took meanwhile"""
    cores: int
    allowed: float
    """cores that this process may use"""
    frequency: float | None
    """MHz"""
    governor: str
    throttles: int | None
    """since the machine started"""
    temperature: float | None
    """degrees Celsius"""
    power: str
    """mains or battery"""

    def described(self) -> dict[str, object]:
        """What a record keeps: what is known."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}


def snapshot(seconds: float = SAMPLE) -> Snapshot:
    """Look at the machine for so many seconds, in which the caller must have nothing to do."""
    import psutil

    before = sensors.ticks()
    time.sleep(seconds)
    after = sensors.ticks()
    total = max(after.total - before.total, 1e-9)
    stolen = (after.stolen - before.stolen) / total
    cores = env.machine_cores()
    idle = (after.idle - before.idle) / total
    return Snapshot(
        load=round(psutil.getloadavg()[0], 2),
        others=round(max(0.0, 1 - idle - stolen) * cores, 2),
        steal=round(stolen, 4),
        cores=cores,
        allowed=sensors.allowed(),
        frequency=sensors.frequency(),
        governor=sensors.governor(),
        throttles=sensors.throttles(),
        temperature=sensors.temperature(),
        power=sensors.power(),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What happened to the machine and the process during one block."""

    switches: int
    steal: float
    disturbed: str
    """why the block is not trusted; empty if it is"""


class ConditionWatch:
    """Look before and after each block; the looking itself is not timed."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.clocks: list[float] = []
        self.last = -CLOCK_EVERY
        self.throttles = self.first = sensors.throttles()
        self.ticks, self.switches = sensors.ticks(), sensors.switches()

    def begin(self) -> None:
        """Call right before a block."""
        self.ticks, self.switches = sensors.ticks(), sensors.switches()

    def end(self, wall: float, cpu: float) -> Seen:
        """Call right after a block with its seconds of wall and of CPU time."""
        switches, ticks = sensors.switches() - self.switches, sensors.ticks()
        total = ticks.total - self.ticks.total
        steal = (ticks.stolen - self.ticks.stolen) / total if total > 0 else 0.0
        reasons = [reason(wall, cpu, switches, steal, self.threads), self._heat(), self._clock()]
        return Seen(switches, round(steal, 4), ", ".join(filter(None, reasons)))

    def _heat(self) -> str:
        if self.throttles is None:
            return ""
        before, self.throttles = self.throttles, sensors.throttles() or 0
        return "throttled by heat" if self.throttles > before else ""

    def _clock(self) -> str:
        now = time.monotonic()
        if now - self.last >= CLOCK_EVERY:
            self.last = now
            clock = sensors.frequency()
            self.clocks += [] if clock is None else [clock]
        if not self.clocks or self.clocks[-1] >= SLOWED * max(self.clocks):
            return ""
        return f"clock at {self.clocks[-1] / max(self.clocks):.0%} of its highest"

    def described(self) -> dict[str, object]:
        """What the whole process saw."""
        facts: dict[str, object] = {}
        if self.clocks:
            facts["frequency"] = [min(self.clocks), max(self.clocks)]
        if self.first is not None and self.throttles is not None:
            facts["throttled"] = self.throttles - self.first
        return facts


def reason(wall: float, cpu: float, switches: int, steal: float, threads: int) -> str:
    """Why a block of so many seconds is not trusted; empty if it is.

    A single thread that has its core spends as much CPU time as wall time. Several threads wait
    for each other, so that only involuntary switches tell.
    """
    reasons = []
    waited = 1 - cpu / wall if wall > 0 else 0.0
    if threads == 1 and waited > WAITED:
        reasons.append(f"waited for a core {waited:.0%} of the time")
    elif threads > 1 and wall > 0 and switches / wall > PREEMPTED:
        reasons.append(f"lost a core {switches / wall:.0f} times a second")
    if steal > STOLEN:
        reasons.append(f"hypervisor took {steal:.0%}")
    return ", ".join(reasons)


def checks(seconds: float = SAMPLE) -> list[Checkup]:
    """What would disturb a timing on this machine now, and the cure."""
    names = _Busiest()
    state = snapshot(seconds)
    return [*_shared(state, names.since()), *_clocks(state), *_limits(state)]


def _shared(state: Snapshot, names: str) -> Iterator[Checkup]:
    busy = state.others > BUSY * state.cores
    wait = f"Wait for {names or 'the other programs'}, or end them."
    yield Checkup(
        "timing: others",
        "warning" if busy else "ok",
        f"{state.others:.1f} of {state.cores} cores busy with other programs",
        f"{wait} Ratios on one thread stay usable: they are judged by CPU time." if busy else "",
    )
    if state.steal > 0.01:
        yield Checkup(
            "timing: steal",
            "warning",
            f"a hypervisor takes {state.steal:.0%} of this machine's time",
            "Use a machine of your own, or a dedicated instance; else trust ratios only.",
        )


def _clocks(state: Snapshot) -> Iterator[Checkup]:
    if state.governor:
        good = state.governor == "performance"
        yield Checkup(
            "timing: governor",
            "ok" if good else "warning",
            state.governor,
            "" if good else "sudo cpupower frequency-set -g performance",
        )
    if sensors.boost():
        yield Checkup("timing: boost", "ok", "on: absolute times depend on heat, ratios hardly")
    if state.power == "battery":
        yield Checkup("timing: power", "warning", "on battery", "Plug the machine in.")
    if state.temperature is not None:
        hot = state.temperature > 90
        cure = "Let it cool down, clean its fans, or lower its clock." if hot else ""
        degrees = f"{state.temperature:.0f} °C"
        yield Checkup("timing: heat", "warning" if hot else "ok", degrees, cure)


def _limits(state: Snapshot) -> Iterator[Checkup]:
    if state.allowed < state.cores:
        yield Checkup(
            "timing: cores",
            "warning",
            f"this process may use {state.allowed:g} of {state.cores} cores",
            f"Time with --threads {max(1, int(state.allowed))} or fewer, or lift the limit.",
        )
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "LD_PRELOAD"):
        if env.variable(name):
            setting = f"{name}={env.variable(name)}"
            cure = f"Timing inherits it: `unset {name}` unless it is meant."
            yield Checkup("timing: environment", "warning", setting, cure)


class _Busiest:
    """The programs that use most CPU time from its making on."""

    def __init__(self) -> None:
        self.before, self.start = self._times(), time.monotonic()

    @staticmethod
    def _times() -> dict[tuple[int, str], float]:
        import psutil

        seconds = {}
        for process in psutil.process_iter(["pid", "name", "cpu_times"]):
            times = process.info["cpu_times"]
            if times is not None and process.info["pid"] != os.getpid():
                seconds[process.info["pid"], process.info["name"]] = times.user + times.system
        return seconds

    def since(self) -> str:
        """Names and shares of a core of the three busiest, `` `python` (95 %), ...``."""
        seconds = time.monotonic() - self.start
        used: Counter[str] = Counter()
        for (pid, name), total in self._times().items():
            used[name] += total - self.before.get((pid, name), total)  # type: ignore[assignment]
        shares = [(name, spent / seconds) for name, spent in used.most_common(3)]
        return ", ".join(f"`{name}` ({share:.0%})" for name, share in shares if share > BUSY / 2)
