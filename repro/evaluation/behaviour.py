"""What the code of an evaluation does, told by generated data: see `repro.evaluation.probe`."""

from collections.abc import Mapping

import zoo
from repro import schema
from repro.papers.protocol import Protocol
from repro.papers.values import Options

UNTOLD = {"supply": "", "source": "", "metric": ""}
"""what a record's protocol leaves out, since it moves no figure"""


def of(spec: Mapping[str, object]) -> dict[str, str]:
    """The probes of an evaluation's spec: of the pipeline, and of its network if the zoo has it."""
    from repro.evaluation import probe

    told = spec["protocol"]
    assert isinstance(told, Mapping)
    rules = schema.read(Protocol, {**told, **UNTOLD}, "record")
    found = {"pipeline": probe.probe(rules)}
    model, options = str(spec["model"]), spec["options"]
    if model in zoo.MODELS and isinstance(options, Mapping):
        found["network"] = probe.network_probe(model, rules.keypoints, _frozen(options))
    return found


def _frozen(options: Options) -> Options:
    """Options as they are typed: lists come back from JSON where tuples went in."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }
