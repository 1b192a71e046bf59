"""Exported files among the networks that are timed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from repro.errors import ReproError, listed
from repro.exported.exported_network import tried
from repro.exported.network_file import open_file
from repro.exported.opening import ONNX, content_digest, kind_of
from repro.papers.values import Options, Size
from repro.records.remarks import Remark
from repro.records.runs import CountRun
from repro.speed.backends import CPU
from repro.speed.measure.subjects import SubjectFile

ABLE = tuple(name for name, backend in CPU.items() if backend.files)
"""the backends that run files"""
FIRST = "onnx_runtime"
"""the backend where there are files and nobody names one"""


@dataclass(frozen=True)
class TimedFile:
    """One file, as a sweep takes it beside networks of the zoo."""

    model: str
    """its name, without folders"""
    input: Size
    keypoints: int
    file: SubjectFile
    options: Options = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    """on what of it was assumed"""


def timed_file(word: str, size: Size | None) -> TimedFile:
    """The file of that path, with its own input or, where it leaves that open, of `size`.

    ReproError for anything else than a network that takes one image, and for another input.
    """
    path = Path(word)
    if kind_of(path) != ONNX:
        raise ReproError(
            f"`{path}` is no ONNX file, and others are not timed.", "`repro eval` takes it."
        )
    file = open_file(path)
    chosen, remarks = file.size(size)
    tried(file, chosen)
    subject = SubjectFile(str(path.absolute()), content_digest(path), file.image)
    keypoints = file.stated.keypoints or 0
    return TimedFile(path.name, chosen, keypoints, subject, remarks=(*file.remarks, *remarks))


def check(files: Sequence[TimedFile], ways: Sequence[str], device: str, stage: str) -> None:
    """Raise ReproError where files cannot be timed so."""
    names = listed([f"`{one.model}`" for one in files])
    if not files:
        return
    if device != "cpu":
        raise ReproError(f"Exported files are timed on the CPU: {names}.", "Leave --device out.")
    if stage != "net":
        raise ReproError(
            f"What lies around a file is not known: {names}.", "Leave --stage out: the network."
        )
    if not set(ways) & set(ABLE):
        raise ReproError(
            f"{names} cannot be run by {listed([f'`{way}`' for way in ways])}.",
            f"Exported files are run by {listed([f'`{name}`' for name in ABLE])}.",
        )


def remarks(networks: Iterable["CountRun | TimedFile"], ways: Sequence[str]) -> list[Remark]:
    """What a reader of the times must know: what was assumed, what is not run, other sizes."""
    files = [one for one in networks if isinstance(one, TimedFile)]
    said = [remark for one in files for remark in one.remarks]
    unable = [way for way in dict.fromkeys(ways) if way in CPU and way not in ABLE]
    if files and unable:
        words = listed([f"`{one.model}`" for one in files])
        text = f"{listed([f'`{way}`' for way in unable])} runs no exported files: without {words}."
        said.append(Remark("network", text))
    sizes = dict.fromkeys(one.input for one in networks)
    if files and len(sizes) > 1:
        words = listed(["x".join(map(str, size)) for size in sizes])
        said.append(Remark("network", f"The networks have inputs of {words}."))
    return said
