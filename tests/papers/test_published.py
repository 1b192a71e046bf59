"""The interval of values that print as the text does."""

from fractions import Fraction

import pytest

from repro.papers.published import parse

G = 2**30


@pytest.mark.parametrize(
    ("text", "scale", "value", "how"),
    [
        ("1.59", 10**9, 1_587_256_320, "rounded"),
        ("1.0079G", G, 1_082_300_416, "cut"),
        ("1.0063G", G, 1_080_557_568, "rounded"),
        ("5.3M", 10**6, 5_353_458, "cut"),
        ("8.9G", G, 9_654_239_232, "cut"),
        ("35.6G", G, 38_086_115_328, None),
        ("2.8M", 10**6, 5_895_725, None),
        ("3.1M", 10**6, 3_049_999, None),
        ("3.1M", 10**6, 3_050_000, "rounded"),
        ("3.1M", 10**6, 3_199_999, "cut"),
        ("3.1M", 10**6, 3_200_000, None),
        ("12", 1, 12, "rounded"),
    ],
)
def test_a_value_prints_rounded_cut_or_not_at_all(
    text: str, scale: int, value: int, how: str | None
) -> None:
    published = parse(text, scale)
    assert published is not None
    assert published.prints(value) == how


def test_low_and_high_bound_exactly_what_prints() -> None:
    published = parse("2.9M", 10**6)
    assert published is not None
    assert (published.low, published.high) == (2_850_000, 3_000_000)
    assert published.prints(published.low) and not published.prints(published.low - 1)
    assert published.prints(published.high - 1) and not published.prints(published.high)


def test_a_negative_number_is_cut_toward_zero() -> None:
    published = parse("-0.06")
    assert published is not None
    assert published.prints(Fraction("-0.069")) == "cut"
    assert published.prints(Fraction("-0.07")) is None
    assert published.prints(Fraction("-0.055")) == "rounded"
    assert published.low < published.value < published.high


@pytest.mark.parametrize(
    "text", ["", "–", "MobileNetV2", "256×192", "1.2.3", "1e9", "nan", "1,000", "3K", "3%"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert parse(text) is None
