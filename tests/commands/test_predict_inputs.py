"""`repro predict` on folders, on pictures of which one is broken, and on videos."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from repro.evaluation import videos
from repro.evaluation.prediction_run import PredictionRun
from support.command_line import Run
from support.evaluation_scenes import onnx_file, parsed, refused

FRAMES = 10


@pytest.fixture
def network(tmp_path: Path) -> str:
    return str(onnx_file(tmp_path / "net.onnx", value=1.0))


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (96, 128)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (*size, 3)).astype(np.uint8)
    assert cv2.imwrite(str(path), pixels)
    return path


def film(path: Path, frames: int = FRAMES, size: tuple[int, int] = (96, 128)) -> Path:
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(path), code, 5.0, size[::-1])
    for number in range(frames):
        writer.write(np.full((*size, 3), 20 * number, np.uint8))
    writer.release()
    return path


def poses(tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    found = json.loads((tmp_path / "poses/poses.json").read_text())
    assert isinstance(found, dict)
    return found


def test_folders_in_folders_are_looked_into_where_it_is_asked(
    repro: Run, network: str, tmp_path: Path
) -> None:
    for number, name in enumerate(("a.png", "one/b.png", "two/b.png", "two/ö 图.PNG")):
        picture(tmp_path / "Bilder 1" / name, number)
    (tmp_path / "Bilder 1/notes.txt").write_text("no picture")
    plain = parsed(repro("predict", network, "Bilder 1", "--json"))
    assert plain["people"] == 1
    words = ("predict", network, "Bilder 1", "-r", "--json")
    data = parsed(repro(*words))
    assert data["overlays"] == [
        "poses/a.poses.png",
        "poses/one/b.poses.png",
        "poses/two/b.poses.png",
        "poses/two/ö 图.poses.png",
    ]
    names = [one["file_name"] for one in poses(tmp_path)["images"]]
    assert names == ["a.png", "one/b.png", "two/b.png", "two/ö 图.PNG"]
    inside = parsed(repro(*words, "--output", "Bilder 1"))
    again = parsed(repro(*words, "--output", "Bilder 1/poses"))
    assert inside["people"] == again["people"] == 4, "what was written is no picture to look at"


def test_a_broken_picture_stops_no_other(repro: Run, network: str, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        picture(tmp_path / "in" / name)
    whole = (tmp_path / "in/b.jpg").read_bytes()
    (tmp_path / "in/b.jpg").write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    outcome = repro("predict", network, "in")
    assert outcome.code == 6 and "Traceback" not in outcome.err
    assert "1 of 3 pictures could not be read: The image" in outcome.err
    assert [line.partition(":")[0] for line in outcome.out.splitlines()] == ["a.jpg", "c.jpg"]
    assert len(poses(tmp_path)["annotations"]) == 2
    outcome = repro("predict", network, "in", "--json")
    data = json.loads(outcome.out)
    assert outcome.code == 6 and list(data["failed"]) == ["b.jpg"] and data["people"] == 2
    shutil.rmtree(tmp_path / "poses")
    refused(repro("predict", network, "in/b.jpg"), "is truncated", "Fetch")
    assert not (tmp_path / "poses").exists()


def test_a_picture_taken_as_one_person_is_told(repro: Run, network: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / "in" / name)
    rows = [{"file_name": "b.png", "bbox": [9, 9, 40, 60], "score": 0.5}]
    (tmp_path / "boxes.json").write_text(json.dumps(rows))
    outcome = repro("predict", network, "in", "--boxes", "boxes.json")
    said = "note: 2 of 3 pictures have no box and were taken as one person each"
    assert outcome.code == 0 and f"{said}: --boxes or --detector." in outcome.err
    assert (
        "taken as one person" not in repro("predict", network, "in/b.png", "--box", "9,9,40,60").err
    )


def test_a_turned_picture_is_seen_as_viewers_show_it(
    repro: Run, network: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (128, 96), "red").save(tmp_path / "a.jpg", exif=exif)
    data = parsed(repro("predict", network, "a.jpg", "--json"))
    assert poses(tmp_path)["annotations"][0]["bbox"] == [0, 0, 96, 128]
    assert "1 of 1 pictures carry an EXIF turn, which is honoured" in str(data["remarks"])
    parsed(repro("predict", network, "a.jpg", "--json", "--exif", "ignore"))
    assert poses(tmp_path)["annotations"][0]["bbox"] == [0, 0, 128, 96]
    refused(repro("predict", network, "a.jpg", "--exif", "turn"), "`turn`", "apply")


def test_the_frames_of_a_video(repro: Run, network: str, tmp_path: Path) -> None:
    film(tmp_path / "Fïlm 1.mp4")
    outcome = repro("predict", network, "Fïlm 1.mp4", "--every", "3")
    assert outcome.code == 0, outcome.err
    assert outcome.out == "Fïlm 1.mp4: 4 persons in 4 frames, poses/Fïlm 1.poses.mp4\n"
    found = poses(tmp_path)
    assert [one["frame"] for one in found["images"]] == [0, 3, 6, 9]
    assert [one["time"] for one in found["images"]] == pytest.approx([0, 0.6, 1.2, 1.8])
    assert [one["image_id"] for one in found["annotations"]] == [0, 1, 2, 3]
    copy = videos.Video(tmp_path / "poses/Fïlm 1.poses.mp4")
    assert len(list(copy.frames())) == 4 and copy.rate == pytest.approx(5 / 3, abs=0.01)
    assert not list((tmp_path / "poses").glob(".*"))
    picture(tmp_path / "a.png")
    data = parsed(repro("predict", network, "Fïlm 1.mp4", "a.png", "--json"))
    assert data["people"] == FRAMES + 1 and len(data["overlays"]) == 2


def test_what_was_done_of_a_video_is_kept_when_it_is_interrupted(
    repro: Run, network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "a.mp4")
    before = PredictionRun.video

    def interrupted(self: PredictionRun, given: object, tell: object) -> None:
        seen = []

        def counted(count: int) -> None:
            seen.append(count)
            if len(seen) == 4:
                raise KeyboardInterrupt

        before(self, given, counted)  # type: ignore[arg-type]

    monkeypatch.setattr(PredictionRun, "video", interrupted)
    outcome = repro("predict", network, "a.mp4")
    assert outcome.code == 130 and "4 persons so far, poses/poses.json" in outcome.err
    assert len(poses(tmp_path)["annotations"]) == 4
    assert len(list(videos.Video(tmp_path / "poses/a.poses.mp4").frames())) == 4


def test_videos_that_cannot_be_read(repro: Run, network: str, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("hello" * 99)
    whole = film(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    refused(repro("predict", network, "empty.mp4"), "`empty.mp4` is empty")
    refused(repro("predict", network, "text.mp4"), "`text.mp4` cannot be read")
    refused(repro("predict", network, "cut.mp4"), "`cut.mp4`")
    refused(repro("predict", network, "whole.mp4", "--every", "0"), "--every")
    (tmp_path / "file").write_text("")
    refused(repro("predict", network, "whole.mp4", "--output", "file"), "cannot be written")
