"""The libraries that make a network int8, each with what it needs and how it is used here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro import env
from repro.speed.backends.base import lacking

QUIET = "NNCF_CI"
"""the variable of the environment without which NNCF reports its use to its makers"""
Inputs = Sequence[Path]
"""files of arrays, each an input of the network"""


@dataclass(frozen=True)
class QuantisingMethod:
    """One way to make a network int8."""

    title: str
    packages: tuple[str, ...]
    how: str
    """what it does, in words for a file's metadata"""
    quantise: Callable[[Path, Path, str, Inputs], None]
    """from a file in floats to one in int8, by the name of its input and the calibration"""

    def lacking(self) -> str:
        """One line that names what is not installed; empty if all is."""
        return lacking(*self.packages)

    @property
    def versions(self) -> dict[str, str]:
        """The libraries and their versions."""
        found = {name: env.version(name) for name in self.packages}
        return {name: version for name, version in found.items() if version}


class InputReader:
    """Calibration inputs, one after another, as ONNX Runtime asks for them."""

    def __init__(self, name: str, inputs: Inputs) -> None:
        self.name = name
        self.paths = iter(inputs)

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:
        """The next input by its name; None after the last."""
        path = next(self.paths, None)
        return None if path is None else {self.name: np.load(path)}


def by_onnxruntime(network: Path, output: Path, name: str, inputs: Inputs) -> None:
    """Static quantisation of ONNX Runtime: weights by channel, activations by the range they have.

    That is the mean of the inputs' ranges, as NNCF takes it, not the widest of all: one input whose
    maps are an exception would leave few of the 256 values to all others.
    """
    from onnxruntime import quantization

    quantization.quantize_static(
        network,
        output,
        InputReader(name, inputs),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod.MinMax,
        extra_options={"CalibMovingAverage": True},
    )


def by_nncf(network: Path, output: Path, name: str, inputs: Inputs) -> None:
    """Post-training quantisation of OpenVINO's NNCF, which corrects biases, too."""
    env.set_variables({QUIET: "1"})
    import nncf
    import onnx

    data = nncf.Dataset(list(inputs), lambda path: {name: np.load(path)})
    made = nncf.quantize(onnx.load(network), data, subset_size=len(inputs))
    onnx.save(made, output)


METHODS: Mapping[str, QuantisingMethod] = {
    "onnxruntime": QuantisingMethod(
        "ONNX Runtime",
        ("onnxruntime", "onnx"),
        "static, int8 weights by channel, uint8 activations by the mean of the inputs' ranges",
        by_onnxruntime,
    ),
    "nncf": QuantisingMethod(
        "NNCF",
        ("nncf", "onnx", "openvino"),
        "static, int8 weights and activations, fast bias correction",
        by_nncf,
    ),
}
