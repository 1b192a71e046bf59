"""Arrays in MATLAB files are read as scipy reads them, and damage is noticed."""

from io import BytesIO

import numpy as np
import pytest
from scipy.io import savemat

from repro.data.matlab import arrays, structs

CONTENTS = {
    "points": np.random.default_rng(0).random((4, 2, 3)),
    "missing": np.array([[0, 1, 2]], np.uint8),
    "whole": np.arange(12.0).reshape(3, 4),
    "small": np.array([[7]], np.int16),
    "words": np.array(["a", "b"], dtype=object),
    "record": {"x": 1.0, "name": "a.jpg", "inner": {"y": np.zeros((0, 0))}},
}
NUMBERS = ("points", "missing", "whole", "small")


def saved(compressed: bool = False) -> bytes:
    file = BytesIO()
    savemat(file, CONTENTS, do_compression=compressed)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_numbers_are_read_and_the_rest_is_passed_over(compressed: bool) -> None:
    found = arrays(saved(compressed), CONTENTS)
    assert set(found) == set(NUMBERS)
    for name in NUMBERS:
        assert np.array_equal(found[name], CONTENTS[name])
        assert found[name].dtype.kind == np.asarray(CONTENTS[name]).dtype.kind
    assert set(arrays(saved(compressed), ["whole"])) == {"whole"}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_struct_is_read_with_what_is_in_it(compressed: bool) -> None:
    (record,) = structs(saved(compressed), "record")
    (inner,) = record.pop("inner")  # type: ignore[misc,union-attr]
    assert record == {"x": 1.0, "name": "a.jpg"}
    assert isinstance(inner, dict) and np.shape(inner["y"]) == (0, 0)  # type: ignore[arg-type]
    assert structs(saved(compressed), "points") == structs(saved(compressed), "none") == []


def test_the_elements_of_a_struct_come_in_their_order() -> None:
    people = np.array([(1, 2.0), (3, 4.0)], dtype=[("id", "O"), ("x", "O")])
    file = BytesIO()
    savemat(file, {"people": people})
    assert structs(file.getvalue(), "people") == [{"id": 1, "x": 2.0}, {"id": 3, "x": 4.0}]


def test_a_struct_of_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.data.matlab.MOST", 3)
    with pytest.raises(ValueError, match="damaged"):
        structs(saved(), "record")


def test_other_files_are_refused() -> None:
    for text, message in (
        (b"", "ends too early"),
        (b"[]" * 100, "not a MATLAB file"),
        (b"MATLAB 7.3 MAT-file" + bytes(200), "HDF5"),
    ):
        with pytest.raises(ValueError, match=message):
            arrays(text, NUMBERS)


@pytest.mark.parametrize("compressed", [False, True])
def test_damage_is_a_value_error_and_nothing_worse(compressed: bool) -> None:
    good = saved(compressed)
    random = np.random.default_rng(1)
    for number in range(300):
        text = bytearray(good)
        if number % 3:
            for place in random.integers(0, len(text), 4):
                text[place] = random.integers(256)
        else:
            text = text[: random.integers(len(text))]
        for read, what in ((arrays, NUMBERS), (structs, "record")):
            try:
                read(bytes(text), what)  # type: ignore[operator]
            except ValueError as error:
                assert str(error)


def test_a_bomb_does_not_go_off(monkeypatch: pytest.MonkeyPatch) -> None:
    file = BytesIO()
    savemat(file, {"whole": np.zeros(10**6)}, do_compression=True)
    assert len(file.getvalue()) < 10**5
    monkeypatch.setattr("repro.data.matlab.LARGEST", 10**6)
    with pytest.raises(ValueError, match="more than"):
        arrays(file.getvalue(), ["whole"])


def test_a_variable_unpacks_to_a_multiple_of_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    file = BytesIO()
    savemat(file, {"whole": np.zeros(10**6)}, do_compression=True)
    assert len(arrays(file.getvalue(), ["whole"])["whole"].ravel()) == 10**6
    monkeypatch.setattr("repro.data.matlab.FEW", 10**6)
    with pytest.raises(ValueError, match="more than 1,000,000 bytes"):
        arrays(file.getvalue(), ["whole"])
