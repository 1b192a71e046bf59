"""Which ways of running and watching a network are here, and what the others lack."""

from collections.abc import Iterator

from repro import env
from repro.doctor import Checkup


def checks() -> Iterator[Checkup]:
    """The backends, the counters of energy and the GPU here; nothing without PyTorch to ask."""
    if env.version("torch") is None:
        return
    from repro.speed.backends import CPU
    from repro.speed.gpu import cuda
    from repro.speed.measure import energy

    reasons = {name: backend.why_not() for name, backend in CPU.items()}
    usable = ", ".join(name for name, reason in reasons.items() if not reason)
    yield Checkup("timing: backends", "ok", usable)
    for name, reason in reasons.items():
        if reason:
            yield Checkup(f"timing: {name}", "absent", reason, "Needed for `--backend` alone.")
    reason = energy.processor().absent
    found = reason or "counters of the processor (RAPL)"
    yield Checkup("timing: energy", "absent" if reason else "ok", found)
    reason = cuda.why_not()
    yield Checkup("timing: cuda", "absent" if reason else "ok", reason or "a GPU to time on")
    if not reason:
        for absent in cuda.absent():
            yield Checkup("timing: cuda", "absent", absent)
