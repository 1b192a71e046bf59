"""What this machine has and lacks, and what would disturb a measurement on it."""

import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from repro import env
from repro.data import layout
from repro.errors import ReproError
from repro.papers import study
from repro.papers.datasets import DATASETS

SIGNS = {"ok": "✓", "absent": "–", "warning": "!"}
EXTRAS = {
    "cluster": ("ray",),
    "deploy": ("onnx", "onnxscript", "openvino"),
    "quantise": ("nncf", "onnx", "openvino"),
    "tflite": ("ai-edge-litert",),
    "gpu": ("nvidia-ml-py",),
}
"""what an extra of the package adds -> the libraries of it that some command takes"""


@dataclass(frozen=True, slots=True)
class Checkup:
    """One thing looked at."""

    name: str
    state: str
    """ok, absent (an option that is not here) or warning (something to cure)"""
    found: str
    cure: str = ""

    def described(self) -> dict[str, str]:
        """The check as plain data."""
        return {key: value for key, value in asdict(self).items() if value}


def checks(store: Path) -> list[Checkup]:
    """Every check, in the order to read them."""
    return [*_software(), *_machine(), _store(store), *_data()]


def _software() -> Iterator[Checkup]:
    yield Checkup("repro", "ok", f"{env.__version__}, commit {env.revision() or 'unknown'}")
    yield Checkup("python", "ok", platform.python_version())
    versions = env.libraries()
    for name in env.LIBRARIES:
        state = "ok" if name in versions else "warning"
        cure = "" if name in versions else f"pip install {name}"
        yield Checkup(name, state, versions.get(name, "not installed"), cure)
    for extra, names in EXTRAS.items():
        lacking = [name for name in names if env.version(name) is None]
        if lacking:
            cure = f"pip install '.[{extra}]' in a checkout adds it"
            yield Checkup(f"[{extra}]", "absent", f"without {', '.join(lacking)}", cure)
        else:
            yield Checkup(f"[{extra}]", "ok", ", ".join(names))
    yield Checkup("studies", "ok", f"{', '.join(study.study_names())}")


def _machine() -> Iterator[Checkup]:
    import psutil

    total, allowed = env.machine_cores(), env.allowed_cores()
    cores = f"{env.physical_cores()} cores"
    if allowed < total:
        cores += f"; this process may use {allowed:g} of {total} processors"
    yield Checkup("processor", "ok", f"{env.processor()}, {cores}")
    memory, free = psutil.virtual_memory(), env.free_memory() / 2**30
    few = free < 4
    yield Checkup(
        "memory",
        "warning" if few else "ok",
        f"{free:.1f} of {memory.total / 2**30:.1f} GiB free",
        "Close other programs: the largest count needs about 2 GiB." if few else "",
    )
    for name in env.THREAD_VARIABLES:
        if env.variable(name):
            yield Checkup(name, "ok", f"{env.variable(name)} (set in the environment)")


def _store(folder: Path) -> Checkup:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Checkup("store", "warning", f"{folder} cannot be written", "Choose --store DIR.")
    count = sum(1 for _ in folder.glob("??/*.json"))
    return Checkup("store", "ok", f"{folder}, {count} records")


def _data() -> Iterator[Checkup]:
    root = env.variable("REPRO_DATA")
    if root is None:
        cure = (
            "Set REPRO_DATA to the folder that holds coco/, mpii/ and crowdpose/; "
            "`repro data synth` makes a set to try things on."
        )
        yield Checkup("data", "absent", "REPRO_DATA is not set: accuracy cells stay open", cure)
        return
    folder = Path(root)
    if not folder.is_dir():
        cure = "Correct REPRO_DATA, or unset it."
        yield Checkup("data", "warning", f"REPRO_DATA is {root}, which is no folder", cure)
        return
    advice = f"`repro data check {root}` counts what is there and says what to fetch"
    yield Checkup("data", "ok", f"{root}; {advice}")
    for name, dataset in DATASETS.items():
        yield from (_split(folder, name, split) for split in dataset.splits)


def _split(folder: Path, dataset: str, split: str) -> Checkup:
    """What an evaluation would find of a split."""
    name = f"data: {dataset} {split}"
    try:
        source = layout.find(folder, dataset, split, images=False)
    except ReproError:
        return Checkup(name, "absent", "no annotations")
    files, images = DATASETS[dataset].splits[split], source.images.is_dir()
    parts = {"annotations": source.annotations, "images": source.images if images else None}
    parts |= {"boxes": source.boxes} if files.boxes.paths else {}
    parts |= {"head boxes": source.truth} if files.truth.paths else {}
    facts = (
        f"{what} {path.relative_to(folder)}" if path else f"no {what}"
        for what, path in parts.items()
    )
    return Checkup(name, "ok" if images else "absent", ", ".join(facts))
