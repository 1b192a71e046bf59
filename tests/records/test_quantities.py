"""What nothing can have measured is told, and is no record."""

from dataclasses import replace

import pytest

from repro.errors import ReproError
from repro.records import plain_form, quantities
from repro.records.measurement import Measurement, Part
from repro.records.quantities import QUANTITIES
from support import small_record

POSSIBLE = {
    "params": Measurement("params", 2_911_153, "parameters"),
    "macs": Measurement("macs", 0, "MACs", "hrnet"),
    "latency": Measurement("latency", 24.6, "ms", low=24.1, high=25.0),
    "percentile": Measurement("latency_p99", 24.6, "ms", low=0.0, high=25.0),
    "AP": Measurement("AP", 100.00000000000001, "%", low=100.0, high=100.0),
    "resampled": Measurement("AP", 52.0, "%", low=52.5, high=55.0),
    "category": Measurement("AP_easy", 77.0, "%"),
    "lower": Measurement("AP_difference", -3.5, "points", low=-4, high=-3),
    "loss": Measurement("loss", -0.25, ""),
    "of another version": Measurement("carbon", 3.5, "g"),
}
IMPOSSIBLE = {
    "negative": (Measurement("params", -2_920_000, "parameters"), "of 0 or more, not -2920000"),
    "parts": (Measurement("params", 2.5, "parameters"), "a whole number of 0 or more, not 2.5"),
    "fraction": (Measurement("params", 5.0, "parameters"), "not 5.0"),
    "unit": (Measurement("params", 5, "bananas"), "params is in parameters, not `bananas`"),
    "no unit": (Measurement("macs", 5, ""), "is in MACs, not ``"),
    "a unit": (Measurement("loss", 5.0, "ms"), "is without a unit, not `ms`"),
    "order": (Measurement("latency", 5.0, "ms", low=6.0, high=4.0), "from 6.0 to 4.0"),
    "outside": (Measurement("latency", 50.0, "ms", low=4.0, high=6.0), "is 50.0 in an interval"),
    "above": (Measurement("AP", 101.0, "%"), "of 0 to 100, not 101.0"),
    "end": (Measurement("AR", 99.0, "%", low=90.0, high=140.0), "of 0 to 100, not 140.0"),
    "no time": (Measurement("latency", 0.0, "ms"), "a number above 0, not 0.0"),
    "NaN": (Measurement("AP", float("nan"), "%"), "cannot be nan"),
    "infinite": (Measurement("carbon", float("inf"), "g"), "cannot be inf"),
    "other order": (Measurement("carbon", 2.0, "g", low=3.0, high=1.0), "in an interval from"),
}


@pytest.mark.parametrize("case", POSSIBLE)
def test_what_can_be_passes(case: str) -> None:
    quantities.check([POSSIBLE[case]])


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_is_told(case: str) -> None:
    measurement, words = IMPOSSIBLE[case]
    with pytest.raises(ReproError, match="it is impossible") as told:
        quantities.check([measurement])
    assert words in str(told.value)
    record = replace(small_record.record(), measurements=(measurement,))
    with pytest.raises(ReproError):
        plain_form.read(plain_form.written(record))


@pytest.mark.parametrize("part", [Part("a", "Conv2d", -1, {}), Part("a", "Conv2d", 1, {"x": -2})])
def test_parts_are_held_to_it_too(part: Part) -> None:
    with pytest.raises(ReproError, match="of `a` is a whole number of 0 or more"):
        plain_form.read(plain_form.written(replace(small_record.record(), parts=(part,))))


def test_every_quantity_holds_its_least_value() -> None:
    for known in QUANTITIES.values():
        assert known.within(known.low) and not known.within(2 * known.low - 1e6)
