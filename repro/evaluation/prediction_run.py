"""Poses on many pictures and videos, written as they are found, so that what is done is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from repro.data import picture_heads
from repro.data.pictures import decoded
from repro.errors import ReproError
from repro.evaluation import drawing, evaluator
from repro.evaluation.detector import Detector
from repro.evaluation.drawing import PosesFile
from repro.evaluation.inputs import NamedInput
from repro.evaluation.predict import Boxes, Predictor
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.videos import Frame, Video, VideoCopy
from repro.papers.protocol import APPLY
from repro.records.remarks import Remark

POSES = "poses.json"


@dataclass(frozen=True, slots=True)
class PosedInput:
    """What became of a picture or video."""

    name: str
    people: int
    overlay: Path
    frames: int | None = None
    """that were looked at; None of a picture"""

    def __str__(self) -> str:
        frames = "" if self.frames is None else f" in {self.frames:,} frames"
        return f"{self.name}: {self.people} persons{frames}, {self.overlay}"


class PredictionRun:
    """The poses on one input after another, in a folder."""

    def __init__(
        self,
        request: EvaluationRequest,
        folder: Path,
        least: float,
        boxes: Boxes,
        detector: Detector | None = None,
        every: int = 1,
        box_score: float = 0.0,
    ) -> None:
        self.folder = folder
        self.least = least
        self.boxes = boxes
        self.every = every
        self.skeleton = request.protocol.skeleton
        self.exif = request.protocol.exif
        self.predictor = Predictor(request, detector, box_score)
        own = request.protocol.own
        whose = () if own is None else (own.category, own.category_id)
        self.file = PosesFile(self.skeleton, *whose)
        self.told = () if own is None else own.told
        self.done: list[PosedInput] = []
        self.failed: dict[str, ReproError] = {}
        """name of each input that cannot be read -> why"""
        self._read: list[Path] = []
        self._remarks: list[Remark] = []

    @property
    def people(self) -> int:
        """Persons in all."""
        return len(self.file.rows)

    def picture(self, given: NamedInput) -> None:
        """Find the poses on a picture, and draw them; one that cannot be read has failed."""
        try:
            pixels = decoded(given.path, upright=self.exif == APPLY)
        except ReproError as error:
            self.failed[given.name] = error
            return
        found = self.predictor.poses(pixels, self.boxes.get(given.name, ()))
        place = given.overlay(self.folder)
        drawing.write(place, pixels, found, self.skeleton, self.least)
        self.file.add(given.name, found)
        self._read.append(given.path)
        self.done.append(PosedInput(given.name, len(found.poses), place))

    def video(self, given: NamedInput, tell: Callable[[int], None]) -> None:
        """Find the poses on the frames of a video, and write an annotated copy.

        `tell` is called with how many frames were passed since. Where the user interrupts, the
        copy and the poses of the frames so far are kept.
        """
        try:
            video = Video(given.path)
            frames = video.frames(self.every)
            first = next(frames)
        except ReproError as error:
            self.failed[given.name] = error
            return
        place, people, count = given.overlay(self.folder), 0, 0
        try:
            with VideoCopy(place, video.rate / self.every) as copy:
                frame: Frame | None = first
                while frame is not None:
                    found = self.predictor.poses(frame.pixels, self.boxes.get(given.name, ()))
                    points, boxes = found.poses.keypoints, found.boxes
                    copy.add(drawing.drawn(frame.pixels, points, self.skeleton, boxes, self.least))
                    self.file.add(given.name, found, frame.number, frame.seconds)
                    people, count = people + len(found.poses), count + 1
                    tell(self.every)
                    frame = next(frames, None)
        finally:
            if count:
                self.done.append(PosedInput(given.name, people, place, count))
            self._remarks += video.remarks()

    def finish(self) -> Path:
        """Write the poses of all inputs so far; a StoreError where that is refused."""
        return self.file.write(self.folder / POSES)

    def remarks(self) -> tuple[Remark, ...]:
        """What a reader must know of data set, network and checkpoint, of pictures and of boxes."""
        heads = picture_heads.remarks(self._read, self.exif)
        told = (Remark("annotations", sentence) for sentence in self.told)
        weights = evaluator.of_checkpoint(self.predictor.request)
        network = self.predictor.request.remarks
        return (*told, *network, *weights, *self._remarks, *self.predictor.remarks(), *heads)
