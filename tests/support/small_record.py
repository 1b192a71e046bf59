"""A small record, and the count that it is of."""

from repro.records.measurement import Measurement, Part
from repro.records.record import Record
from repro.records.runs import count_run

SPEC = count_run("lpn_50", (256, 192))


def record(value: int = 7, key: str = SPEC.key) -> Record:
    """A small record."""
    return Record(
        key=key,
        spec=SPEC.described(),
        measurements=(Measurement("macs", value, "MACs", "hrnet"),),
        env={"python": "3.11"},
        parts=(Part("conv1", "Conv2d", 1, {"hrnet": 7}),),
    )
