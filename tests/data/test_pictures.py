"""Pictures and crops: the pixels that networks are given."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from repro import env
from repro.data import pictures
from repro.data.annotations import read
from repro.data.boxes import Instances, ground_truth
from repro.data.crops import Crops
from repro.data.people import Annotations
from repro.data.picture_heads import stated_size
from repro.data.pictures import Pictures, Pixels, decoded
from repro.errors import ReproError
from support.data_files import document, painted, person, saved


def data(folder: Path) -> tuple[Annotations, Instances]:
    """Two pictures of 100 x 120 and 90 x 80 on disk, three persons on the second."""
    cv2.imwrite(str(folder / "b.png"), painted(100, 120))
    cv2.imwrite(str(folder / "a.png"), painted(90, 80))
    content = document()
    content["annotations"] = [person(n, 5, bbox=[n, 12, 40, 60]) for n in (1, 2, 3)]
    annotations = read(saved(folder, content))
    return annotations, ground_truth(annotations)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.002, 0.1, 0.6, 0.99])
def test_truncated_files_are_refused(suffix: str, share: float, tmp_path: Path) -> None:
    whole = cv2.imencode(suffix, painted(64, 48))[1].tobytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(whole[: max(1, int(len(whole) * share))])
    with pytest.raises(ReproError, match=r"a\.(jpg|png)` (is truncated|cannot be decoded)"):
        decoded(path)
    path.write_bytes(whole)
    assert decoded(path).shape == (64, 48, 3)
    path.write_bytes(whole + bytes(100))
    assert decoded(path).shape == (64, 48, 3)


def test_the_end_of_an_embedded_preview_is_not_the_end_of_the_picture(tmp_path: Path) -> None:
    whole = cv2.imencode(".jpg", painted(64, 48))[1].tobytes()
    preview = cv2.imencode(".jpg", painted(16, 12))[1].tobytes()
    block = b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[:2] + block + whole[2:])
    assert decoded(path).shape == (64, 48, 3)
    path.write_bytes(whole[:2] + block + whole[2:-40])
    with pytest.raises(ReproError, match="truncated"):
        decoded(path)


def test_pixels_are_those_of_opencv_without_the_turn_of_exif(tmp_path: Path) -> None:
    whole = cv2.imencode(".jpg", painted(64, 48))[1].tobytes()
    turn = (
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
        + bytes(4)
    )
    exif = b"Exif\x00\x00" + turn
    path = tmp_path / "a.jpg"
    path.write_bytes(
        whole[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + whole[2:]
    )
    assert cv2.imread(str(path)).shape == (48, 64, 3)
    plain = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded(path), plain)
    assert decoded(path, upright=True).shape == (48, 64, 3)


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    for text in (b"", b"hello"):
        (tmp_path / "a.jpg").write_bytes(text)
        with pytest.raises(ReproError, match="cannot be decoded"):
            decoded(tmp_path / "a.jpg")
    with pytest.raises(ReproError, match="does not exist"):
        decoded(tmp_path / "none.jpg")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_huge_picture_is_refused_before_it_is_decoded(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bytearray(cv2.imencode(suffix, painted(64, 48))[1].tobytes())
    assert stated_size(bytes(whole)) == (64, 48)
    path = tmp_path / f"a{suffix}"
    for short in (2, 4, 20, 23):
        path.write_bytes(whole[:short])
        with pytest.raises(ReproError, match=r"a\.(jpg|png)"):
            decoded(path)
    place, width = (16, 4) if suffix == ".png" else (whole.index(b"\xff\xc0") + 5, 2)
    for side in (0, 1):
        start = place + side * width
        whole[start : start + width] = (30_000).to_bytes(width, "big")
    path.write_bytes(whole)
    monkeypatch.setattr(pictures.cv2, "imdecode", None)
    with pytest.raises(ReproError, match="30000 x 30000 pixels"):
        decoded(path)


def test_a_picture_of_another_size_than_annotated_is_refused(tmp_path: Path) -> None:
    annotations, _ = data(tmp_path)
    cv2.imwrite(str(tmp_path / "a.png"), painted(80, 90))
    with pytest.raises(ReproError, match="80 x 90, not 90 x 80 as annotated"):
        Pictures(tmp_path, annotations)[1]


def test_pictures_come_in_the_order_of_the_file_and_in_the_colours_asked_for(
    tmp_path: Path,
) -> None:
    annotations, _ = data(tmp_path)
    whole = Pictures(tmp_path, annotations, "RGB")
    assert len(whole) == 2
    pixels, index = whole[1]
    assert index == 1 and pixels.dtype == np.uint8
    assert np.array_equal(pixels[..., ::-1], painted(90, 80))
    assert np.array_equal(Pictures(tmp_path, annotations, "BGR")[1][0], painted(90, 80))


def test_crops_show_the_region_of_their_person(tmp_path: Path) -> None:
    annotations, instances = data(tmp_path)
    crops = Crops(tmp_path, annotations, instances, (96, 72), "BGR")
    cut, index = crops[1]
    assert index == 1 and cut.shape == (96, 72, 3)
    x, y = instances.centres((96, 72))[1]
    blue, green, red = cut[48, 36].astype(float)  # the middle of the input shows the centre
    assert (blue / 2, green, red) == pytest.approx((y, x, 200), abs=1.01)
    assert np.array_equal(Crops(tmp_path, annotations, instances, (96, 72))[1][0], cut[..., ::-1])
    udp = Crops(tmp_path, annotations, instances, (96, 72), "BGR", udp=True)[1][0]
    assert not np.array_equal(udp, cut)


def test_a_box_outside_its_image_gives_a_black_crop(tmp_path: Path) -> None:
    annotations, _ = data(tmp_path)
    outside = Instances(np.array([0]), np.array([[500.0, 500, 20, 30]]), np.ones(1), np.array([-1]))
    assert not Crops(tmp_path, annotations, outside, (64, 48))[0][0].any()


def test_an_image_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotations, instances = data(tmp_path)
    asked: list[int] = []

    def counted(folder: Path, annotations: Annotations, position: int, upright: bool) -> Pixels:
        asked.append(position)
        return pictures.picture(folder, annotations, position, upright)

    monkeypatch.setattr("repro.data.crops.picture", counted)
    crops = Crops(tmp_path, annotations, instances, (64, 48))
    for index in range(len(crops)):
        crops[index]
    assert asked == [1]


def test_threads_and_loaders_get_the_same_crops(tmp_path: Path) -> None:
    from torch.utils.data import DataLoader

    annotations, instances = data(tmp_path)
    crops = Crops(tmp_path, annotations, instances, (64, 48))
    plain = [crops[index][0] for index in range(3)]
    with ThreadPoolExecutor(4) as threads:
        for index, (cut, _) in enumerate(threads.map(crops.__getitem__, [0, 1, 2] * 8)):
            assert np.array_equal(cut, plain[index % 3])
    pixels, numbers = next(iter(DataLoader(pickle.loads(pickle.dumps(crops)), batch_size=3)))
    assert pixels.shape == (3, 64, 48, 3) and numbers.tolist() == [0, 1, 2]
    assert np.array_equal(pixels.numpy(), np.stack(plain))


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    annotations, instances = data(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(ReproError, match=r"image `.*a\.png` does not exist"):
        Crops(tmp_path, annotations, instances, (64, 48))[0]


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "tif", "webp", "jp2", "ppm"])
def test_a_picture_of_too_many_pixels_is_told_by_its_header(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x.{ending}"
    cv2.imwrite(str(path), np.zeros((90, 110, 3), np.uint8))
    monkeypatch.setenv(env.PIXELS, str(90 * 110))
    assert decoded(path).shape == (90, 110, 3)
    monkeypatch.setenv(env.PIXELS, str(90 * 110 - 1))
    monkeypatch.setattr("repro.data.pictures._stored", None)  # nothing is decoded
    with pytest.raises(ReproError, match="90 x 110 pixels; 9,899 are read at most") as told:
        decoded(path)
    assert env.PIXELS in told.value.hint


def test_a_limit_that_is_no_number_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), np.zeros((90, 110, 3), np.uint8))
    monkeypatch.setenv(env.PIXELS, "1e9")
    with pytest.raises(ReproError, match="`1e9`, no number of pixels"):
        decoded(path)


STRANGE = {
    "CMYK": ("x.jpg", "CMYK", False),
    "printed": ("x.tif", "CMYK", False),
    "grey": ("x.png", "L", False),
    "palette": ("x.gif", "P", False),
    "animated": ("x.gif", "RGB", True),
    "of two pages": ("x.tif", "RGB", True),
    "moving": ("x.webp", "RGB", True),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_of_strange_pictures_the_first_is_taken(kind: str, tmp_path: Path) -> None:
    name, mode, several = STRANGE[kind]
    first, second = (Image.new(mode, (30, 20), value) for value in (7, 9))
    more = {"save_all": True, "append_images": [second]} if several else {}
    first.save(tmp_path / name, **more)
    assert decoded(tmp_path / name).shape == (20, 30, 3)
