"""The worst cases as pictures: the truth beside what was found."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from repro.data import image_files
from repro.data.people import Annotations, Bools, Floats
from repro.data.pictures import picture
from repro.diagnosis.cases import ErrorCase
from repro.diagnosis.diagnose import Diagnosis
from repro.diagnosis.kinds import KINDS
from repro.errors import ReproError, StoreError
from repro.evaluation.cut_outs import CutOut, cut_out, write_words
from repro.evaluation.drawing import Pixels, drawn
from repro.files import write_whole
from repro.records.remarks import Remark, counted

SIDE = 360
"""pixels of the truth, and of what was found beside it"""
GAP = 4
STRIP = 26
"""pixels of the line above"""
GREY = 40
QUALITY = 80
"""of a JPEG"""
RING = (255, 0, 255)
"""colour, blue first, of the joints that are wrong, and of where they should be"""


def draw(
    diagnoses: Sequence[Diagnosis], cases: Sequence[tuple[int, ErrorCase]], folder: Path
) -> tuple[list[Pixels | None], tuple[Remark, ...]]:
    """A picture, blue first, of each case of a side; a remark on images that cannot be read."""
    known = [image_files.found(one.persons.annotations, folder) for one in diagnoses]
    pictures: list[Pixels | None] = []
    lacking = []
    for side, case in cases:
        try:
            image = picture(folder, known[side], case.position)
            pictures.append(_drawn(diagnoses[side], case, image))
        except ReproError as error:
            lacking.append(str(error))
            pictures.append(None)
    if not lacking:
        return pictures, ()
    what = f"cases are not drawn, as their images cannot be read (first: {lacking[0][:-1]})"
    return pictures, (counted("pictures", len(lacking), len(cases), what),)


def write(
    diagnoses: Sequence[Diagnosis],
    cases: Sequence[tuple[int, ErrorCase]],
    pictures: Sequence[Pixels | None],
    folder: Path,
) -> list[Path | None]:
    """Write what was drawn of cases into a folder, as PNG; a StoreError where that is refused.

    A file is named by the image's id, the kind of error, and the person or pose.
    """
    paths: list[Path | None] = []
    for (side, case), content in zip(cases, pictures, strict=True):
        path = folder / f"{_name(diagnoses[side].persons.annotations, case, side)}.png"
        try:
            if content is not None:
                write_whole(path, encoded(content, ".png"))
        except OSError as error:
            raise StoreError(
                f"`{path}` cannot be written: {error.strerror}.", "Choose another --pictures."
            ) from error
        paths.append(None if content is None else path)
    return paths


def encoded(pixels: Pixels, kind: str) -> bytes:
    """A picture in the form of `.png` or `.jpg`."""
    done, content = cv2.imencode(kind, pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done  # a small picture of eight bits
    return bytes(content.tobytes())


def _name(annotations: Annotations, case: ErrorCase, side: int) -> str:
    images, people = annotations.images, annotations.people
    (image,) = images.given(images.ids[case.position : case.position + 1])
    nobody = case.person is None
    whose = f"pose{case.poses[0]}" if nobody else f"person{people.ids[case.person]}"
    plain = re.sub(r"[^\w-]", "_", str(image))[:80]
    return "-".join((plain, case.kind, whose, *(["b"] if side else [])))


def _drawn(diagnosis: Diagnosis, case: ErrorCase, image: Pixels) -> Pixels:
    people, poses = diagnosis.persons, diagnosis.placement.poses
    skeleton = people.annotations.entry.skeleton
    found = poses.keypoints[list(case.poses)].copy()
    found[..., 2] = _drawable(found)
    cut = cut_out(image, *_corners(diagnosis, case, found, image), SIDE)
    here = np.flatnonzero((people.image == case.position) & people.labelled.any(axis=1))
    truth = np.concatenate([people.points[here], people.labelled[here, :, None]], axis=2)
    panels = [
        drawn(cut.pixels, np.concatenate([cut.moved(one[..., :2]), one[..., 2:]], axis=2), skeleton)
        for one in (truth, found)
    ]
    if case.person is not None:
        box = people.annotations.people.boxes[case.person]
        low, high = (
            cut.moved(corner).round().astype(int).tolist()
            for corner in (box[:2], box[:2] + box[2:])
        )
        cv2.rectangle(panels[0], low, high, (255, 255, 255), 1)
    _rings(panels, cut, people.points, found, case)
    for panel, words in zip(panels, ("as annotated", "as found"), strict=True):
        write_words(panel, words, (6, SIDE - 8))
    return _sheet(panels, f"{KINDS[case.kind].heading}: {case.what}")


def _drawable(found: Floats) -> Bools:
    """(M, K) joints that were found: where some have a score, those without one were not."""
    scored = found[..., 2] > 0
    return np.asarray(scored | ~scored.any(axis=1, keepdims=True))


def _corners(
    diagnosis: Diagnosis, case: ErrorCase, found: Floats, image: Pixels
) -> tuple[Floats, Floats]:
    """The corners of all that a case is about, within the image."""
    people = diagnosis.persons
    points = [found[..., :2][found[..., 2] > 0].reshape(-1, 2)]
    if case.person is not None:
        box = people.annotations.people.boxes[case.person]
        points += [box[None, :2], box[None, :2] + box[None, 2:]]
        points.append(people.points[case.person][people.labelled[case.person]])
    size = np.array([image.shape[1], image.shape[0]], np.float64)
    shown = np.clip(np.concatenate(points), 0, size)
    if not len(shown):
        return np.zeros(2), size
    return shown.min(axis=0), shown.max(axis=0)


def _rings(
    panels: Sequence[Pixels], cut: CutOut, truth: Floats, found: Floats, case: ErrorCase
) -> None:
    """Mark the joints that are wrong, and on the other side where they should be."""
    if case.person is None or not case.joints:
        return
    places = truth[case.person], found[0, :, :2]
    for panel, points in zip(panels, places, strict=True):
        for x, y in _placed(cut, points[list(case.joints)]):
            cv2.circle(panel, (x, y), 8, RING, 2, cv2.LINE_AA)


def _placed(cut: CutOut, points: Floats) -> Iterator[tuple[int, int]]:
    """Pixels of a part, those far outside moved to its near."""
    yield from np.clip(cut.moved(points), -SIDE, 2 * SIDE).round().astype(int).tolist()


def _sheet(panels: Sequence[Pixels], title: str) -> Pixels:
    """Both panels beside each other below a line of words."""
    gap = np.full((SIDE, GAP, 3), GREY, np.uint8)
    body = np.concatenate([panels[0], gap, panels[1]], axis=1)
    strip = np.full((STRIP, body.shape[1], 3), GREY, np.uint8)
    write_words(strip, title, (6, STRIP - 8), 0.45)
    return np.concatenate([strip, body])
