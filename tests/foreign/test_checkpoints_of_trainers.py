"""Checkpoints as trainers save them: the tensors fit, and what lies beside them is told."""

import argparse
import collections
import datetime
import decimal
import enum
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from repro.checkpoints import matching, reading
from repro.checkpoints.matching import Match, match
from repro.checkpoints.reading import State
from repro.errors import ReproError

States = dict[str, Tensor]


def network(value: float = 1.0) -> nn.Sequential:
    """A network of three layers, filled with one value."""
    model = nn.Sequential(
        collections.OrderedDict(
            backbone=nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)),
            head=nn.ConvTranspose2d(4, 2, 2),
        )
    )
    with torch.no_grad():
        for one in model.state_dict().values():
            if one.is_floating_point():
                one.fill_(value)
    return model


def state(value: float = 1.0) -> States:
    return {name: one.clone() for name, one in network(value).state_dict().items()}


def saved(folder: Path, content: object, zipped: bool = True) -> Path:
    path = folder / "Gewichte übrig.pth"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def fitted(path: Path, entry: str | None = None) -> tuple[State, Match, nn.Module]:
    """A file as it was read, how it fits the network, and the network filled from it."""
    given, model = reading.read(path, entry=entry), network(0.0)
    return given, matching.load(model, given), model


def told(path: Path, entry: str | None = None) -> str:
    given, fit, _ = fitted(path, entry)
    return " ".join(map(str, matching.remarks(given, fit)))


def value_of(model: nn.Module) -> float:
    return float(next(model.parameters()).detach().mean())


class Stage(enum.Enum):
    """Of a training, as a trainer may keep it."""

    LATE = "late"


@dataclass
class Settings:
    """Of a trainer, a class that only its own program knows."""

    rate: float = 0.1
    sizes: list[int] = field(default_factory=lambda: [256, 192])


class ConfigDict(dict):  # type: ignore[type-arg]
    """A dictionary of a kind of its own, as MMEngine's and EasyDict are."""


class History:
    """Values and the functions that summarise them, as MMEngine's HistoryBuffer keeps them."""

    def __init__(self) -> None:
        self.values = np.arange(5.0)
        self.functions = {"mean": History.mean}

    def mean(self) -> float:
        return float(self.values.mean())


def optimizer() -> dict[str, object]:
    """The state of an optimizer that has taken a step."""
    model = network()
    adam = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3, 8, 8)).sum().backward()
    adam.step()
    return adam.state_dict()


BESIDE: dict[str, Callable[[], object]] = {
    "NumPy number": lambda: np.float64(0.69),
    "NumPy whole number": lambda: np.int64(7),
    "NumPy array": lambda: np.arange(12.0).reshape(3, 4),
    "NumPy texts": lambda: np.array(["a", "b"], object),
    "NumPy random state": lambda: np.random.default_rng(0).bit_generator.state,
    "Namespace": lambda: argparse.Namespace(lr=0.1, path=pathlib.PurePosixPath("a/b")),
    "time": lambda: (
        datetime.datetime(2026, 1, 2),
        datetime.timedelta(1),
        datetime.date(2026, 1, 1),
    ),
    "path": lambda: pathlib.Path("a") / "b",
    "number": lambda: decimal.Decimal("1.5"),
    "counter": lambda: collections.Counter("abc"),
    "default": lambda: collections.defaultdict(list, {"a": [1]}),
    "queue": lambda: collections.deque([1, 2], 3),
    "named": lambda: Stage.LATE,
    "class": Settings,
    "dictionary": lambda: ConfigDict(a=ConfigDict(b=1)),
    "history": History,
    "bytes": lambda: b"\x00\xff",
    "bytearray": lambda: bytearray(b"\x00\xff"),
    "set": lambda: {1, 2},
    "complex": lambda: 1 + 2j,
    "slice": lambda: (slice(1, 2), range(3), frozenset({1})),
    "function": lambda: torch.nn.functional.relu,
    "type": lambda: (nn.Linear, int),
    "dtype": lambda: (torch.float32, torch.device("cpu"), torch.Size([1, 2])),
    "module": lambda: nn.Linear(2, 2),
    "optimizer": optimizer,
    "generator": lambda: {"cpu": torch.get_rng_state()},
    "tensors": lambda: [torch.zeros(2), torch.zeros(3)],
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("kind", BESIDE)
def test_whatever_lies_beside_is_told_and_blocks_nothing(
    tmp_path: Path, kind: str, zipped: bool
) -> None:
    content = {"epoch": 210, "state_dict": state(3.0), "extra": BESIDE[kind]()}
    path = saved(tmp_path, content, zipped)
    if kind in ("type", "module") and not zipped:  # the older kind keeps the class with its code
        with pytest.raises(ReproError, match=r"calls for `torch\.nn"):
            reading.read(path)
        return
    given, fit, model = fitted(path)
    assert (given.entry, fit.exact, value_of(model)) == ("state_dict", True, 3.0)
    text = " ".join(map(str, matching.remarks(given, fit)))
    assert "`epoch`" in text and "`extra" in text


@pytest.mark.parametrize("kind", [kind for kind in BESIDE if kind != "NumPy array"])
def test_whatever_lies_among_the_tensors_is_told_and_blocks_nothing(
    tmp_path: Path, kind: str
) -> None:
    path = saved(tmp_path, {**state(3.0), "extra": BESIDE[kind](), "steps_taken": 7})
    _, fit, model = fitted(path)
    assert fit.whole and value_of(model) == 3.0
    assert "steps_taken" in told(path) and "extra" in told(path)


def test_numbers_alone_need_no_word(tmp_path: Path) -> None:
    assert told(saved(tmp_path, state())) == ""
    assert told(saved(tmp_path, {"state_dict": state()})) == ""


def prefixed(states: States, start: str) -> States:
    return {start + name: value for name, value in states.items()}


def averaged() -> States:
    model = AveragedModel(network(5.0))
    return {name: value.clone() for name, value in model.state_dict().items()}


def profiled() -> States:
    """With the counters that thop leaves in every module."""
    counters = {
        f"{name}.total_{what}": torch.zeros(1).double()
        for name in ("head", "backbone.0")
        for what in ("ops", "params")
    }
    return state(5.0) | counters | {"total_ops": torch.zeros(1).double()}


RAW_AND_EMA: dict[str, tuple[Callable[[], object], str, str]] = {
    # what is saved, the set that is taken, the other one
    "timm": (
        lambda: {"state_dict": state(1), "state_dict_ema": state(2)},
        "state_dict",
        "state_dict_ema",
    ),
    "DETR": (lambda: {"model": state(1), "model_ema": state(2)}, "model", "model_ema"),
    "first averaged": (lambda: {"ema": state(2), "weights": state(1)}, "weights", "ema"),
    "nested": (
        lambda: {"ema": {"module": state(2), "updates": 9}, "model": state(1)},
        "model",
        "ema.module",
    ),
    "MMEngine": (
        lambda: {
            "ema_state_dict": {**prefixed(state(2), "module."), "steps": torch.tensor(10)},
            "state_dict": state(1),
            "message_hub": {"log_scalars": {"loss": History()}},
        },
        "state_dict",
        "ema_state_dict",
    ),
    "MMCV": (
        lambda: {
            "meta": {"time": "now"},
            "state_dict": {
                **state(1),
                **{"ema_" + name.replace(".", "_"): value for name, value in state(2).items()},
            },
        },
        "state_dict",
        "state_dict.ema_",
    ),
    "distillation": (
        lambda: {
            "state_dict": {**prefixed(state(2), "teacher."), **prefixed(state(1), "student.")}
        },
        "state_dict.teacher",
        "state_dict.student",
    ),
    "Lightning": (
        lambda: {
            "state_dict": {
                **prefixed(state(1), "model.net."),
                **prefixed(state(2), "ema_model.net."),
                "loss.weight": torch.ones(2),
            },
            "hyper_parameters": ConfigDict(lr=np.float32(0.1)),
        },
        "state_dict.model",
        "state_dict.ema_model",
    ),
    "list": (lambda: {"models": [state(1), state(2)]}, "models.0", "models.1"),
    "bare list": (lambda: [state(1), state(2)], "0", "1"),
}


@pytest.mark.parametrize("program", RAW_AND_EMA)
def test_of_several_sets_each_is_named_and_can_be_chosen(tmp_path: Path, program: str) -> None:
    make, first, second = RAW_AND_EMA[program]
    path = saved(tmp_path, make())
    _, fit, model = fitted(path)
    values = {fit.source.name: value_of(model)}
    assert fit.source.name == first
    assert f"`{second}`" in told(path) and "--entry" in told(path)
    for entry in (first, second):
        _, fit, model = fitted(path, entry)
        assert fit.whole and fit.source.name == entry
        values[entry] = value_of(model)
    assert sorted(values.values()) == [1.0, 2.0]


WRAPPED: dict[str, Callable[[], object]] = {
    "thop": profiled,
    "averaging": averaged,
    "compiled and parallel": lambda: prefixed(state(5.0), "_orig_mod.module."),
    "FSDP": lambda: {"model": prefixed(state(5.0), "_fsdp_wrapped_module.")},
    "DeepSpeed": lambda: {"module": state(5.0), "ds_version": "0.1", "buffer_names": []},
    "apart": lambda: {
        "backbone": {
            n.removeprefix("backbone."): v for n, v in state(5.0).items() if "head" not in n
        },
        "head": {n.removeprefix("head."): v for n, v in state(5.0).items() if "head" in n},
        "epoch": 3,
    },
    "arrays": lambda: {"model": {n: v.numpy() for n, v in state(5.0).items()}},
    "loss beside": lambda: prefixed(state(5.0), "net.") | {"criterion.weight": torch.ones(3)},
    "parameters": lambda: {
        "params": dict(network(5.0).named_parameters()) | dict(network(5.0).named_buffers())
    },
}


@pytest.mark.parametrize("program", WRAPPED)
def test_a_wrapped_network_is_found(tmp_path: Path, program: str) -> None:
    _, fit, model = fitted(saved(tmp_path, WRAPPED[program]()))
    assert fit.whole and value_of(model) == 5.0


def test_weights_that_only_one_side_has_still_block(tmp_path: Path) -> None:
    path = saved(tmp_path, {"state_dict": state() | {"attention.weight": torch.ones(3)}})
    with pytest.raises(ReproError, match=r"1 unexpected \(first: `attention.weight`\)"):
        fitted(path)


def test_a_diverged_set_is_left_out_and_told(tmp_path: Path) -> None:
    path = saved(tmp_path, {"state_dict": state(float("nan")), "state_dict_ema": state(2.0)})
    _, fit, model = fitted(path)
    assert (fit.source.name, value_of(model)) == ("state_dict_ema", 2.0)
    assert "NaN or infinite; `state_dict` was left out" in told(path)
    with pytest.raises(ReproError, match="NaN"):
        fitted(path, "state_dict")


def test_a_set_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    path = saved(tmp_path, {"state_dict": state(), "ema": state()})
    with pytest.raises(ReproError, match="has no set of tensors called `emma`") as error:
        reading.read(path, entry="emma")
    assert error.value.hint == "It has `state_dict` and `ema`: --entry."


def test_a_part_that_is_named_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path, {"net": prefixed(state(1), "a.b.") | prefixed(state(2), "c.")})
    assert value_of(fitted(path, "net.a.b")[2]) == 1.0
    assert value_of(fitted(path, "net.c")[2]) == 2.0


def test_a_whole_network_is_refused_with_what_to_do(tmp_path: Path) -> None:
    for content in (network(), {"model": network()}):
        with pytest.raises(ReproError, match=r"calls for `torch\.nn\.modules\.container") as error:
            reading.read(saved(tmp_path, content))
        assert "weights_only=False).state_dict()" in error.value.hint


def test_a_later_pickle_protocol_is_one_sentence(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "a.pth", pickle_protocol=4)
    with pytest.raises(ReproError, match="pickle protocol"):
        reading.read(tmp_path / "a.pth")


def test_the_keys_of_a_file_may_be_anything(tmp_path: Path) -> None:
    content = {1: state(), ("a", 2): 3, None: torch.zeros(2), "loop": {}}
    content["loop"]["itself"] = content["loop"]  # type: ignore[index]
    assert match(state(), reading.read(saved(tmp_path, content))).whole


def test_one_set_under_two_names_is_two(tmp_path: Path) -> None:
    shared = state(4.0)
    path = saved(tmp_path, {"model": shared, "model_ema": shared, "itself": None})
    assert "`model_ema`" in told(path)
    assert value_of(fitted(path, "model_ema")[2]) == 4.0
