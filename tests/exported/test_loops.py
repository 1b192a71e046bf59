"""Loops without an end are refused before they are run; others are not."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.exported import loops, onnx_parts
from support.looping_files import body, counting, looping, open_ended, written

helper = pytest.importorskip("onnx").helper


def again(*ends: str) -> object:
    return helper.make_node("Or", list(ends), ["or"])


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("rounds", ["many", ""])
def test_a_loop_whose_condition_nothing_changes_has_no_end(
    tmp_path: Path, rounds: str, deep: bool
) -> None:
    for name, inside in {
        "passed on": body(),
        "constant": body(ends="yes"),
        "computed of constants": body(again("goes_on", "yes"), ends="or"),
        "of what stays": body(
            helper.make_node("ReduceMax", ["values"], ["most"], keepdims=0),
            helper.make_node("Cast", ["most"], ["some"], to=9),
            again("some", "goes_on"),
            ends="or",
        ),
    }.items():
        path = looping(tmp_path / "net.onnx", inside, rounds, deep=deep)
        with pytest.raises(ReproError, match=r"`.*net\.onnx` has a loop") as caught:
            loops.checked(path)
        assert ("without end" if not rounds else "000 rounds") in str(caught.value), name


def test_a_loop_that_ends_is_run(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    assert not loops.checked(looping(path, body(), rounds="few"))
    assert not loops.checked(looping(path, body(), begins="no"))
    assert not loops.checked(looping(path, body(ends="no")))
    shape = helper.make_node("Size", ["plain"], ["pixels"])
    conv = helper.make_node("Conv", ["image", "weights"], ["plain"], strides=[4, 4])
    loop = helper.make_node("Loop", ["pixels", "yes", "plain"], ["maps"], body=body())
    assert loops.checked(written(path, [conv, shape, loop]))  # as many rounds as there are pixels


def test_a_loop_that_may_end_is_known(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    assert loops.checked(open_ended(path))
    changed = body(
        helper.make_node("Add", ["values", "values"], ["twice"]),
        helper.make_node("ReduceMax", ["values"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["some"], to=9),
        ends="some",
        carried="twice",
    )
    assert loops.checked(looping(path, changed))


def test_rounds_of_loops_inside_each_other_are_multiplied(tmp_path: Path) -> None:
    inner = helper.make_node("Loop", ["thousand", "yes", "values"], ["inner"], body=body())
    constant = helper.make_node("Constant", [], ["thousand"], value_int=1000)
    outer = body(constant, inner, carried="inner")
    path = looping(tmp_path / "net.onnx", outer, rounds="few")
    assert not loops.checked(path)
    conv = helper.make_node("Conv", ["image", "weights"], ["plain"], strides=[4, 4])
    loop = helper.make_node("Loop", ["thousands", "yes", "plain"], ["maps"], body=outer)
    count = helper.make_node("Constant", [], ["thousands"], value_int=1001)
    with pytest.raises(ReproError, match="1,001,000 rounds"):
        loops.checked(written(path, [conv, count, loop]))


def test_what_is_no_onnx_file_is_left_to_its_runtime(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    for content in (b"", b"Loop", b"\xff" * 50 + b"Loop", b"\x3a\x06\x0a\x04Loop"):
        path.write_bytes(content)
        assert not loops.checked(path)
    assert onnx_parts.read(looping(path, counting())) is not None
