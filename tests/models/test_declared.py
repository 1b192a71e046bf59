"""What a file says of its networks is read without running it, and every mistake has its line."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.models.declared import DeclaredModel, read
from support.outside import module


def test_a_file_is_not_run(tmp_path: Path) -> None:
    text = (
        'raise SystemExit\nMODELS: dict = {"a": {"builder": "A", "size": [64, 48]}}\nclass A: ...'
    )
    assert read(module(tmp_path, text)) == {"a": DeclaredModel("A", size=(64, 48))}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "it has no `MODELS`"),
        ("MODELS = []", "line 1: `MODELS` is no dictionary"),
        ("MODELS = {}", "line 1: `MODELS` is no dictionary"),
        ("MODELS = dict(a=1)", "line 1: `MODELS` is no dictionary"),
        ("def f(:", "line 1: invalid syntax"),
        ('MODELS = {\n "a": {"builder": name}}', "line 2: a model is told of in plain values"),
        ("MODELS = {\n **others}", "line 2: a model needs its name here"),
        ('MODELS = {\n "A b": {"builder": "f"}}', "line 2: 'A b' is no name"),
        ('MODELS = {\n 3: {"builder": "f"}}', "line 2: 3 is no name"),
        ('MODELS = {\n "truth": {"builder": "f"}}', "line 2: no model can be called `truth`"),
        ('MODELS = {\n "a": {"builder": "f"}}', "line 2: the file has no `f`"),
        ('MODELS = {\n "a": {"strid": 4}}', "line 2: There is no key `a.strid`"),
        ('MODELS = {\n "a": {}}', "line 2: `a.builder` is missing"),
        ('MODELS = {\n "a": {"builder": "f", "stride": "4"}}', "`a.stride` should be a whole"),
        ('MODELS = {\n "a": {"builder": "f", "stride": 0}}', "`stride` is 0"),
        ('MODELS = {\n "a": {"builder": "f", "keypoints": 0}}', "`keypoints` is 0"),
        ('MODELS = {\n "a": {"builder": "f", "size": [0, 4]}}', "`size` is (0, 4)"),
        ('MODELS = {\n "a": {"builder": "f", "grouping": "tags"}}', "no grouping `tags`"),
        ('MODELS = {"a": {"builder": "f"}, "a": {"builder": "f"}}', "one name twice"),
        ("\0", "null bytes"),
    ],
)
def test_a_mistake_is_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    path = module(tmp_path, text)
    with pytest.raises(ReproError) as error:
        read(path)
    assert str(path) in str(error.value) and said in str(error.value)
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReproError, match="is no Python"):
        read(path)
