"""Large annotation files: read in pieces as if at once, and kept from one process to the next."""

import hashlib
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from repro.data import annotation_cache, annotations, excerpt, masks
from repro.data.annotations import read
from repro.data.json_rows import parsed
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.papers.skeletons import CROWDPOSE
from support.data_files import document, person, saved

ROOT = Path(__file__).parents[2]
KEPT = {"images": excerpt.fields("id"), "annotations": excerpt.fields("id", "bbox")}
OUTLINES = [[[1, 1, 50.5, 1, 50, 40]], {"size": [100, 120], "counts": [9, 91, 11_900]}]


def outlined(**fields: object) -> dict[str, object]:
    """A document whose persons have outlines, and text full of what delimits JSON."""
    content: dict[str, object] = {"info": {"note": '\\"]}[{,:\\\\ é ☃'}, **document(), **fields}
    for number, row in enumerate(content["annotations"]):  # type: ignore[arg-type]
        row["segmentation"] = OUTLINES[number % 2]
        row["note"] = '"}],{"annotations":[\\'
    return content


def outcome(text: bytes) -> object:
    """What an excerpt holds, or what is said instead."""
    try:
        return excerpt.excerpt(text, Path("a.json"), "annotation file", KEPT)
    except ReproError as error:
        return str(error), error.hint


def at_once(text: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    """The same of a file that is parsed as a whole."""
    with monkeypatch.context() as patch:
        patch.setattr(excerpt, "in_pieces", lambda text, lists: None)
        return outcome(text)


WRITTEN: dict[str, Callable[[dict[str, object]], str]] = {
    "compact": lambda content: json.dumps(content, separators=(",", ":")),
    "official": lambda content: json.dumps(content, separators=(",", ": ")),
    "pretty": lambda content: json.dumps(content, indent=3, ensure_ascii=False),
    "spread": lambda content: "\n\t " + json.dumps(content, separators=(" ,\r\n", "\t: ")) + " \n",
    "backwards": lambda content: json.dumps(dict(reversed(content.items()))),
    "last wins": lambda content: '{"images": [3], "annotations": 7,' + json.dumps(content)[1:],
    "first loses": lambda content: json.dumps(content)[:-1] + ', "annotations": []}',
    "escaped key": lambda content: json.dumps(content).replace('"annot', '"\\u0061nnot'),
    "no objects": lambda content: json.dumps({**content, "annotations": [None, [], 3, "]", {}]}),
    "no annotations": lambda content: json.dumps({"images": content["images"]}),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_an_excerpt_is_what_is_kept_of_the_whole(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpt, "BATCH", 2)
    text = WRITTEN[way](outlined()).encode()
    assert excerpt.in_pieces(text, KEPT) is not None
    whole = parsed(text, Path("a.json"), "annotation file")
    assert isinstance(whole, dict)
    for name in KEPT.keys() & whole.keys():
        whole[name] = [KEPT[name](row) for row in whole[name]]
    assert outcome(text) == whole == at_once(text, monkeypatch)


GOOD = json.dumps(outlined())
SPOILT = {
    "cut": GOOD[: len(GOOD) // 2],
    "cut at its end": GOOD[:-1],
    "more after it": GOOD + "{}",
    "infinity in an outline": GOOD.replace("50.5", "1e999"),
    "infinity in a list that is overruled": '{"images": [1e999],' + GOOD[1:],
    "infinity outside of the lists": GOOD.replace('{"note"', '{"more": 1e999, "note"', 1),
    "leading zero in an outline": GOOD.replace("50.5", "050.5"),
    "comma too many": GOOD.replace("50.5", "50.5,,"),
    "comma too few": GOOD.replace("}, {", "} {"),
    "bracket of another kind": GOOD.replace("]]", "]}", 1),
    "too deep in an outline": GOOD.replace("50.5", "[" * 1019 + "]" * 1019),
    "deep in an outline": GOOD.replace("50.5", "[" * 900 + "]" * 900),
    "lone surrogate": GOOD.replace("\\u00e9", "\\ud800"),
    "no list": '{"annotations": {}}',
    "list at the top": json.dumps([outlined()]),
    "mark of byte order": "\ufeff" + GOOD,
    "empty": " ",
}


@pytest.mark.parametrize("case", SPOILT)
def test_of_an_unusual_file_the_same_is_said(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SPOILT[case].encode()
    assert outcome(text) == at_once(text, monkeypatch)


def test_bytes_that_are_no_text_are_seen_where_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = json.dumps(outlined()).encode().replace(b"}],{", b"}],\xff{", 1)
    assert "not valid UTF-8" in str(outcome(text))
    assert outcome(text) == at_once(text, monkeypatch)


def test_outlines_are_never_in_memory_together() -> None:
    rows = [person(number, 5, segmentation=[[1.25] * 500]) for number in range(2000)]
    text = json.dumps({**document(), "annotations": rows}).encode()
    tracemalloc.start()
    found = excerpt.excerpt(text, Path("a.json"), "annotation file", annotations.WANTED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, dict) and len(found["annotations"]) == 2000
    assert peak < 15e6  # 32 MB and more with them


def test_the_masks_of_a_file_in_pieces_are_those_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excerpt, "BATCH", 1)
    path = saved(tmp_path, outlined())
    found = masks.read(path, read(path))
    assert list(found.runs) == [0]  # of a crowd and of a person without joints
    monkeypatch.setattr(excerpt, "in_pieces", lambda text, lists: None)
    assert masks.read(path, read(path)) == found
    assert 0 < (found.of(0, (100, 120)) == 0).sum() < 100 * 120


def test_a_person_without_outline_cannot_be_masked(tmp_path: Path) -> None:
    content = outlined()
    content["annotations"][2]["segmentation"] = []  # type: ignore[index]
    path = saved(tmp_path, content)
    with pytest.raises(ReproError, match="no usable `segmentation` for annotation 3, a crowd"):
        masks.read(path, read(path))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which files of any size are kept, and which is not there yet."""
    folder = tmp_path / "of its own" / "cache"
    monkeypatch.setenv("REPRO_CACHE", str(folder))
    monkeypatch.setattr(annotation_cache, "LEAST", 0)
    annotations.read_stamped.cache_clear()
    yield folder
    annotations.read_stamped.cache_clear()


def anew(path: Path, dataset: str | None = None, without_people: bool = False) -> Annotations:
    """What another process would read."""
    annotations.read_stamped.cache_clear()
    return read(path, dataset, without_people)


def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no file is parsed."""
    monkeypatch.setattr(annotations, "excerpt", None)


def assert_same(found: Annotations, wanted: Annotations) -> None:
    """To the bit."""
    assert (found.dataset, found.sha256) == (wanted.dataset, wanted.sha256)
    assert found.images.files == wanted.images.files
    for part in ("images", "people"):
        for name, value in vars(getattr(wanted, part)).items():
            kept = getattr(getattr(found, part), name)
            if isinstance(value, np.ndarray):
                assert (kept.dtype, kept.shape) == (value.dtype, value.shape)
                assert kept.tobytes() == value.tobytes()
                assert not kept.flags.writeable
            else:
                assert kept == value


def numbers() -> dict[str, object]:
    """A document with numbers that not every type holds, and names beyond ASCII."""
    content = document()
    content["images"][1].update(id=2**53 + 1, file_name='dir/é"\n☃.png')
    content["annotations"][0].update(image_id=2**53 + 1, bbox=[-0.0, 0.1, 1e-300, 40_000])
    return dict(content)


LISTED = [
    {
        "image": f"{number}.jpg",
        "joints": [[1.5, 2]] * 16,
        "joints_vis": [1] * 16,
        "center": [50, 60],
        "scale": 1.1,
    }
    for number in (1, 2, 1)
]


@pytest.mark.parametrize("content", [numbers(), document(CROWDPOSE), LISTED])
def test_the_next_process_reads_no_json(
    content: object, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, content)
    first = anew(path)
    unread(monkeypatch)
    assert_same(anew(path), first)
    assert_same(anew(path.rename(tmp_path / "moved.json")), first)
    assert len(list(cache.iterdir())) == 1


def test_what_was_asked_for_is_kept_apart(tmp_path: Path, cache: Path) -> None:
    path = saved(tmp_path, document())
    anew(path)
    with pytest.raises(ReproError, match="joints of coco, not of crowdpose"):
        anew(path, "crowdpose")
    content = document()
    content["annotations"].clear()
    path = saved(tmp_path, content)
    assert len(anew(path, without_people=True).people) == 0
    assert len(anew(path, without_people=True).people) == 0
    with pytest.raises(ReproError, match="has no persons"):
        anew(path)
    assert len(list(cache.iterdir())) == 2


def test_small_files_are_not_kept(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("REPRO_CACHE", str(cache))
    anew(saved(tmp_path, document()))
    assert not cache.exists()


def packed(place: Path, **arrays: np.ndarray) -> None:
    """Change arrays of a file in the cache, with a digest that fits."""
    with np.load(io.BytesIO(place.read_bytes()[32:])) as known:
        found = {**known, **arrays}
    content = io.BytesIO()
    np.savez(content, **found)
    digest = hashlib.sha256(place.name.encode() + content.getvalue()).digest()
    place.write_bytes(digest + content.getvalue())


def flipped(place: Path) -> None:
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "flipped": flipped,
    "cut": lambda place: place.write_bytes(place.read_bytes()[:-9]),
    "empty": lambda place: place.write_bytes(b""),
    "text": lambda place: place.write_text("{}" * 99),
    "other shape": lambda place: packed(place, **{"people.areas": np.zeros((3, 1))}),
    "other type": lambda place: packed(place, **{"people.ids": np.zeros(3)}),
    "words": lambda place: packed(place, **{"people.areas": np.array(["a", "b", "c"])}),
    "beyond": lambda place: packed(place, **{"people.image": np.array([0, 1, 2])}),
    "no dataset": lambda place: packed(place, words=np.frombuffer(b"[]", np.uint8)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_in_the_cache_is_as_none(
    damage: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, document())
    first = anew(path)
    (place,) = cache.iterdir()
    sound = place.read_bytes()
    DAMAGE[damage](place)
    assert_same(anew(path), first)
    assert place.read_bytes() == sound
    unread(monkeypatch)
    assert_same(anew(path), first)


def test_a_file_of_another_name_is_as_none(tmp_path: Path, cache: Path) -> None:
    content = document()
    anew(saved(tmp_path, content))
    (foreign,) = cache.iterdir()
    content["annotations"].pop()
    path = saved(tmp_path, content, "other.json")
    anew(path)
    (place,) = set(cache.iterdir()) - {foreign}
    foreign.replace(place)
    assert len(anew(path).people) == 2


def test_where_nothing_can_be_kept_files_are_read_all_the_same(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, document())
    cache.parent.write_text("no folder")
    first = anew(path)
    cache.parent.unlink()
    assert_same(anew(path), first)
    (place,) = cache.iterdir()
    place.unlink()
    place.mkdir()
    assert_same(anew(path), first)
    monkeypatch.setattr(annotation_cache, "write_whole", lambda *file: _full())
    place.rmdir()
    assert_same(anew(path), first)
    monkeypatch.delenv("REPRO_CACHE")
    monkeypatch.setattr(Path, "home", lambda: _homeless())
    assert_same(anew(path), first)
    assert not list(cache.iterdir())


def _full() -> None:
    raise OSError(28, "No space left on device")


def _homeless() -> None:
    raise RuntimeError("Could not determine home directory.")


def test_other_code_reads_anew_and_takes_the_place(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = saved(tmp_path, document()), saved(tmp_path, numbers(), "other.json")
    anew(path)
    (place,) = cache.iterdir()
    anew(other)
    monkeypatch.setattr(annotation_cache, "fingerprint", lambda module: "0" * 64)
    anew(path)
    assert not place.exists() and len(list(cache.iterdir())) == 2


def test_the_file_that_is_measured_is_read_as_pycocotools_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks/ is not part of this copy")
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import coco_file
    from pycocotools.coco import COCO

    path = tmp_path / "train.json"
    coco_file.write(path, 300)
    found, wanted = read(path), COCO(str(path))
    assert found.people.ids.tolist() == list(wanted.anns)
    rows = list(wanted.anns.values())
    assert (found.people.keypoints.reshape(300, -1) == [row["keypoints"] for row in rows]).all()
    assert (found.people.areas == [row["area"] for row in rows]).all()
    assert found.people.crowd.any()
    unlabelled = found.people.crowd | (found.people.labelled == 0)
    assert set(masks.read(path, found).runs) == set(found.people.image[unlabelled].tolist())
