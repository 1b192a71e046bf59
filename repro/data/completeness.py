"""What lies in a data folder: counted, compared with the official figures, and what to fetch."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from repro.data import stand_ins
from repro.data.annotations import read
from repro.data.image_files import present
from repro.data.json_rows import Rows, load
from repro.data.layout import Source, find
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.papers.datasets import DATASETS, Dataset, Fetch, OfficialFacts, SplitPart


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What an annotation file holds, and how much of it is there."""

    images: int
    present: int
    """of these images in the folder"""
    people: int
    labelled: int
    """persons with joints, by the file's num_keypoints"""
    crowd: int
    sha256: str
    """of the annotation file"""
    boxes: int | None = None
    """persons in the detector's file"""


@dataclass(frozen=True, slots=True)
class SplitFound:
    """One split of a data set in a folder."""

    dataset: str
    split: str
    source: Source | None
    """its files; None without annotations"""
    counts: SplitCounts | None
    official: bool | None
    """whether the figures are the official ones; None where none are known or nothing is there"""
    notes: tuple[str, ...] = ()
    """what is wrong or differs, a sentence each"""
    fetch: tuple[Fetch, ...] = ()
    """what is absent and can only be fetched by hand"""

    @property
    def complete(self) -> bool:
        """Whether annotations and all their images are there."""
        return self.counts is not None and self.counts.present == self.counts.images

    def described(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "complete": self.complete,
            "official": self.official,
            "counts": asdict(self.counts) if self.counts else None,
            "files": _files(self.source) if self.source else None,
            "notes": list(self.notes),
            "fetch": [asdict(one) for one in self.fetch],
        }


def check(folder: Path) -> list[SplitFound]:
    """Every split of every data set: what of it is below `folder` and what is absent."""
    if not folder.is_dir():
        hint = "Give the folder that holds coco, crowdpose or mpii, or one of these."
        raise ReproError(f"The data folder `{folder}` does not exist.", hint)
    return [_found(folder, entry, split) for entry in DATASETS.values() for split in entry.splits]


def _found(folder: Path, dataset: Dataset, split: str) -> SplitFound:
    files = dataset.splits[split]
    try:
        source = find(folder, dataset.name, split, images=False)
    except ReproError:
        parts = files.annotations, files.images, files.boxes, files.truth
        return SplitFound(dataset.name, split, None, None, None, fetch=_fetches(*parts))
    notes: list[str] = []
    counts = official = None
    absent = [files.boxes] if source.boxes is None else []
    absent += [files.truth] if source.truth is None else []
    try:
        annotations = read(source.annotations, dataset.name, without_people=True)
        counts = _counts(annotations, source)
        if source.boxes:
            counts = replace(counts, boxes=_boxes(source.boxes))
    except ReproError as error:
        notes.append(str(error))
    if counts is None or counts.present < counts.images:
        absent.insert(0, files.images)
    if counts and counts.present < counts.images:
        missing = counts.images - counts.present
        notes.append(f"{missing:,} of {counts.images:,} images are not in `{source.images}`.")
    if counts and files.facts:
        differing = _differing(files.facts, counts)
        notes += differing
        official = not differing
    share = stand_ins.share_of(source.annotations)
    if share is not None:
        notes.insert(0, f"These are {stand_ins.named(f'{dataset.title} {split}', share)}.")
        official = False
    return SplitFound(
        dataset.name, split, source, counts, official, tuple(notes), _fetches(*absent)
    )


def _counts(annotations: Annotations, source: Source) -> SplitCounts:
    people = annotations.people
    return SplitCounts(
        len(annotations.images),
        sum(present(source.images, annotations.images.files)),
        len(people),
        int((people.labelled > 0).sum()),
        int(people.crowd.sum()),
        annotations.sha256,
    )


def _boxes(path: Path) -> int:
    """How many persons a detector's file has."""
    document, _ = load(path, "box file")
    if not isinstance(document, list):
        raise ReproError(f"The box file `{path}` is not a list.", "Fetch it again.")
    rows = Rows(path, "", document)
    return int((rows.whole("category_id", otherwise=1) == 1).sum())


def _differing(facts: OfficialFacts, counts: SplitCounts) -> list[str]:
    """What is not as in the official files, a sentence each."""
    names = {
        "images": "images",
        "people": "persons",
        "labelled": "persons with joints",
        "boxes": "detected persons",
    }
    differing = facts.differing({field: getattr(counts, field) for field in (*names, "sha256")})
    if differing == ["sha256"]:
        return [f"The annotation file has the sha256 {counts.sha256}, not the official one."]
    return [
        f"{getattr(counts, field):,} {name}; officially {getattr(facts, field):,}."
        for field, name in names.items()
        if field in differing
    ]


def _fetches(*parts: SplitPart) -> tuple[Fetch, ...]:
    return tuple(dict.fromkeys(part.fetch for part in parts if part.fetch))


def _files(source: Source) -> dict[str, str | None]:
    paths = {
        "annotations": source.annotations,
        "images": source.images,
        "boxes": source.boxes,
        "truth": source.truth,
    }
    return {name: str(path) if path else None for name, path in paths.items()}
