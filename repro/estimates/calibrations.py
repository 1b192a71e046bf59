"""How long networks take on this machine, as measured: a cache beside the store, never a result.

The file may be removed at any time; what is wanted of it is measured again. A figure is known under
a key that names what was run, and counts for machines of one kind with one version of PyTorch.
"""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from repro import env, schema
from repro.files import write_whole
from repro.papers.values import Scalar
from repro.records.runs import CountRun, network_name

NAME = "calibrations.json"
"""of the file, in the folder of the records"""
SCHEMA = 1
LIMITS, START, SCORE = "limits", "start", "score"
"""keys of what is no network's: `peak` and `memory` of the machine, `begin` of a process, and
`begin` and `sample` of the scoring of so many images"""
STAND_IN = "stand-in"
"""stands for data that are not here"""
Figures = Mapping[str, float]
"""seconds under `begin`, once a run, and `sample`; `load`, CPU seconds of a sample's pixels and,
bottom-up, its persons; the `batch` that they were measured with"""


class Calibrations:
    """What was measured on machines of this kind, in a folder of records."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.machine = f"{env.processor()}, {env.cores()} cores, torch {env.version('torch')}"
        self._all = _read(self.path)

    def find(self, key: str) -> Figures | None:
        """The figures of a key; None where it was not measured here."""
        return self._all.get(self.machine, {}).get(key)

    def keep(self, key: str, figures: Figures) -> None:
        """Keep figures, also for later; where nothing can be written for this process alone."""
        self._all.setdefault(self.machine, {})[key] = dict(figures)
        content = {"schema": SCHEMA, "machines": self._all}
        with contextlib.suppress(OSError):
            write_whole(self.path, json.dumps(content, indent=1, sort_keys=True) + "\n")


def key_of(
    kind: str, network: CountRun, batch: int, data: str, flip: bool = False, device: str = "cpu"
) -> str:
    """`train lpn_50 256x192 17 joints, batch 32 on cpu, stand-in`."""
    passes = " with flip" if flip else ""
    name = f"{network_name(network)} {network.keypoints} joints"
    return f"{kind} {name}{passes}, batch {batch} on {device}, {data}"


def data_of(facts: Mapping[str, Scalar]) -> str:
    """What tells the data of a run apart from others that take another time."""
    return f"{facts.get('dataset')} {str(facts.get('annotations'))[:12]}"


def _read(path: Path) -> dict[str, dict[str, Figures]]:
    """The figures of every machine; none where the file is absent or not one of this version."""
    try:
        content = schema.json_file(path)
        if content["schema"] != SCHEMA:
            return {}
        return {
            str(machine): {
                str(key): {str(name): float(value) for name, value in figures.items()}
                for key, figures in entries.items()
            }
            for machine, entries in content["machines"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
