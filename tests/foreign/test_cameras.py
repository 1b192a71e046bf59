"""Pictures as cameras, downloads and editors leave them: the right pixels, or one sentence."""

import io
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from repro.data import picture_heads
from repro.data.pictures import Pixels, decoded
from repro.errors import ReproError

HEIGHT, WIDTH = 120, 160
JPEG_KINDS: dict[str, dict[str, object]] = {
    "usual": {"quality": 92},
    "full colour": {"quality": 95, "subsampling": 0},
    "own tables": {"quality": 80, "optimize": True},
    "progressive": {"quality": 85, "progressive": True},
    "restarts": {"quality": 90, "restart_marker_blocks": 7},
}


def shown() -> Image.Image:
    """A picture with detail everywhere, as a photo has."""
    rng = np.random.default_rng(5)
    noise = cv2.GaussianBlur(rng.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8), (0, 0), 2)
    return Image.fromarray(cv2.convertScaleAbs(noise, alpha=3, beta=-255))


def coded(form: str, picture: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (picture or shown()).save(file, form, **options)
    return file.getvalue()


def opened(
    folder: Path, content: bytes, name: str = "Föto 图 1.jpg", upright: bool = False
) -> Pixels:
    (folder / name).write_bytes(content)
    return decoded(folder / name, upright)


def truncated(folder: Path, content: bytes, name: str = "a.jpg") -> bool:
    try:
        opened(folder, content, name)
    except ReproError as error:
        assert "is truncated" in str(error) or "cannot be decoded" in str(error)
        return True
    return False


DAMAGES: Mapping[str, Callable[[bytes, int], bytes]] = {
    "a download that ended": lambda data, place: data[:place],
    "a hole before the end mark": lambda data, place: data[:place] + b"\xff\xd9",
    "room that was never filled": lambda data, place: (
        data[:place] + bytes(len(data) - place - 2) + b"\xff\xd9"
    ),
    "zeros to the end": lambda data, place: data[:place] + bytes(len(data) - place),
    "a piece that was never filled": lambda data, place: (
        data[:place] + bytes(300) + data[place + 300 :]
    ),
}


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (kind, damage)
        for kind in JPEG_KINDS
        for damage in DAMAGES
        if kind != "progressive" or not damage.startswith("a piece")
    ],
)
def test_a_jpeg_without_all_its_data_is_refused(kind: str, damage: str, tmp_path: Path) -> None:
    whole = coded("JPEG", **JPEG_KINDS[kind])
    scan = 0 if kind == "progressive" else whole.rindex(b"\xff\xda") + 20
    for share in (0.3, 0.5, 0.9):
        place = scan + int((len(whole) - scan) * share)
        assert truncated(tmp_path, DAMAGES[damage](whole, place)), share


@pytest.mark.parametrize("kind", JPEG_KINDS)
def test_a_jpeg_with_all_its_data_is_taken_whatever_follows(kind: str, tmp_path: Path) -> None:
    whole = coded("JPEG", **JPEG_KINDS[kind])
    plain = opened(tmp_path, whole)
    for content in (
        whole[:-2],
        whole + b"notes of a camera" * 9,
        whole[:-2] + bytes(4096),
        whole + coded("JPEG", quality=50),  # a second picture, as stereo and motion photos have
    ):
        assert np.array_equal(opened(tmp_path, content), plain)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_is_whole(grey: int, tmp_path: Path) -> None:
    flat = Image.new("RGB", (400, 300), (grey, grey, grey))
    for options in JPEG_KINDS.values():
        found = opened(tmp_path, coded("JPEG", flat, **options))
        assert (found == grey).all()


def test_a_black_border_is_no_missing_data(tmp_path: Path) -> None:
    bordered = Image.new("RGB", (1200, 1200))
    bordered.paste(shown(), (0, 0))
    for options in ({"quality": 80, "optimize": True}, {"quality": 90, "progressive": True}):
        assert not opened(tmp_path, coded("JPEG", bordered, **options))[800:].any()


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_turn_is_ignored_or_applied(form: str, turn: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = turn
    options = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}}[form]
    name = f"a.{form.lower()}"
    stored = opened(tmp_path, coded(form, exif=exif, **options), name)
    assert stored.shape == (HEIGHT, WIDTH, 3)
    upright = decoded(tmp_path / name, upright=True)
    with Image.open(tmp_path / name) as picture:
        back = Image.Transpose
        ways = (None, 0, 3, 1, 5, 4, 6, 2)  # of Pillow, in the order of EXIF
        way = ways[turn - 1]
        plain = picture.convert("RGB")
        expected = plain if way is None else plain.transpose(back(way))
    assert np.abs(upright[..., ::-1].astype(int) - np.asarray(expected)).max() <= 2
    assert picture_heads.head_of(tmp_path / name).turn == turn
    (tmp_path / "plain.png").write_bytes(coded("PNG"))
    told = picture_heads.remarks([tmp_path / name, tmp_path / "plain.png"], "ignore")
    assert [str(one) for one in told] == (
        ["1 of 2 pictures carry an EXIF turn, which is ignored: --exif apply honours it."]
        if turn > 1
        else []
    )


def test_the_size_of_a_turned_picture_names_the_turn(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    opened(tmp_path, coded("JPEG", exif=exif), "a.jpg")
    with pytest.raises(ReproError, match="120 x 160, not 160 x 120 as annotated") as caught:
        decoded(tmp_path / "a.jpg", size=(160, 120))
    assert "--exif apply" in caught.value.hint
    assert decoded(tmp_path / "a.jpg", True, (160, 120)).shape == (160, 120, 3)
    with pytest.raises(ReproError) as caught:
        decoded(tmp_path / "a.jpg", True, (120, 160))
    assert "--exif ignore" in caught.value.hint
    with pytest.raises(ReproError) as caught:
        decoded(tmp_path / "a.jpg", True, (60, 80))
    assert "resized" in caught.value.hint


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_pictures_of_16_bits_show_what_they_hold(bits: int, suffix: str, tmp_path: Path) -> None:
    plain = np.asarray(shown())[..., ::-1]
    deep = plain.astype(np.uint16) << (bits - 8) if bits > 8 else plain
    path = tmp_path / f"a{suffix}"
    cv2.imwrite(str(path), deep)
    assert np.array_equal(decoded(path), plain)
    told = [str(one) for one in picture_heads.remarks([path], "ignore")]
    assert (len(told) == 1 and "16 bits a channel" in told[0]) if bits > 8 else not told


def test_transparency_is_told(tmp_path: Path) -> None:
    picture = shown()
    plain = np.asarray(picture)[..., ::-1]
    picture.putalpha(Image.new("L", picture.size, 100))
    for name, options in (("a.png", {}), ("a.webp", {"lossless": True, "exact": True})):
        form = {"a.png": "PNG", "a.webp": "WEBP"}[name]
        assert np.array_equal(opened(tmp_path, coded(form, picture, **options), name), plain)
        (told,) = picture_heads.remarks([tmp_path / name], "ignore")
        assert str(told) == "1 of 1 pictures have an alpha channel, which is ignored."


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "1"])
def test_other_colours_are_what_they_look_like(mode: str, tmp_path: Path) -> None:
    picture = shown().convert(mode)
    form = "JPEG" if mode == "CMYK" else "PNG"
    found = opened(tmp_path, coded(form, picture, **({"quality": 98} if form == "JPEG" else {})))
    expected = np.asarray(picture.convert("RGB"))[..., ::-1].astype(int)
    assert np.abs(found - expected).mean() < (2 if form == "JPEG" else 0.01)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"quality": 90}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("GIF", {}),
        ("BMP", {}),
        ("JPEG2000", {}),
    ],
)
def test_other_files_that_are_cut_are_refused(
    form: str, options: dict[str, object], tmp_path: Path
) -> None:
    whole = coded(form, **options)
    assert opened(tmp_path, whole).shape == (HEIGHT, WIDTH, 3)
    for share in (0.02, 0.5, 0.95):
        assert truncated(tmp_path, whole[: int(len(whole) * share)])
    half = len(whole) // 2
    if form not in ("TIFF", "BMP"):  # where black is zeros
        assert truncated(tmp_path, whole[:half] + bytes(len(whole) - half - 12) + whole[-12:])


def test_a_png_with_a_hole_is_refused(tmp_path: Path) -> None:
    whole = coded("PNG")
    place = whole.index(b"IDAT") - 4
    length = int.from_bytes(whole[place : place + 4], "big")
    some = b"IDAT" + whole[place + 8 : place + 8 + length // 2]
    chunk = (length // 2).to_bytes(4, "big") + some + zlib.crc32(some).to_bytes(4, "big")
    assert truncated(tmp_path, whole[:place] + chunk + whole[place + 12 + length :], "a.png")


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html><html>404</html>", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"]
)
def test_what_is_no_picture_is_named(content: bytes, tmp_path: Path) -> None:
    assert truncated(tmp_path, content)
    assert picture_heads.head_of(tmp_path / "a.jpg").turn == 1
    assert picture_heads.head_of(tmp_path).turn == 1


def test_broken_exif_is_no_turn(tmp_path: Path) -> None:
    whole = coded("JPEG", quality=90)
    for tiff in (
        b"",
        b"II*\0",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff" + b"\x12" * 40,
    ):
        block = b"Exif\0\0" + tiff
        segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
        found = opened(tmp_path, whole[:2] + segment + whole[2:], "a.jpg", upright=True)
        assert found.shape == (HEIGHT, WIDTH, 3)
