"""Keys that find a result again, and change when the code does."""

import ast
from pathlib import Path

import pytest

from repro import fingerprint, spec
from repro.errors import ReproError
from repro.spec import parse_size, spec_of

PACKAGE = Path(spec.__file__).parent


def test_everything_a_count_depends_on_changes_the_key() -> None:
    base = spec_of("lpn_50", (256, 192))
    others = [
        spec_of("lpn_101", (256, 192)),
        spec_of("lpn_50_nogc", (256, 192)),
        spec_of("lpn_50", (384, 288)),
        spec_of("lpn_50", (256, 192), 16),
        spec_of("lpn_50", (256, 192), options={"x": 1}),
    ]
    assert len({one.key for one in (base, *others)}) == 6
    assert base.key == spec_of("lpn_50", (256, 192), 17).key


def test_a_key_does_not_depend_on_the_name_a_size_was_typed_by() -> None:
    assert parse_size("256x192") == parse_size(" 256×192 ") == parse_size("256X192") == (256, 192)


@pytest.mark.parametrize("text", ["256", "256x", "x192", "256,192", "-256x192", "256x192x3", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ReproError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize("size", [(0, 0), (255, 192), (256, 200), (8192, 256)])
def test_a_size_that_the_strides_forbid_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ReproError, match="cannot take an input"):
        spec_of("hrnet_w32", size)


def test_lpn_takes_what_its_stride_of_16_allows() -> None:
    assert spec_of("lpn_50", (272, 208)).input == (272, 208)


@pytest.mark.parametrize("keypoints", [0, -1, 1001])
def test_a_senseless_number_of_keypoints_is_refused(keypoints: int) -> None:
    with pytest.raises(ReproError, match="keypoints"):
        spec_of("hrnet_w32", (256, 192), keypoints)


def test_an_unknown_model_offers_near_ones() -> None:
    with pytest.raises(ReproError) as error:
        spec_of("lpn50", (256, 192))
    assert "`lpn_50`" in error.value.hint


SOURCE = '''"""Docstring."""
# comment
A = 1
"""Of A."""
def f(x: int) -> int:
    """Another."""
    return x + 1
'''


def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, name: str) -> str:
    """The fingerprint of a package `fake` with one module."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "a.py").write_text("from fake.b import f\n")
    (folder / "b.py").write_text(source)
    monkeypatch.setitem(fingerprint.PACKAGES, "fake", folder)
    fingerprint.fingerprint.cache_clear()
    fingerprint._read.cache_clear()
    return fingerprint.fingerprint("fake.a", "repro.runners.count")


def test_only_code_enters_a_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = digest(tmp_path, monkeypatch, SOURCE, "base")
    bare = SOURCE.replace('    """Another."""\n', "").replace("# comment\n", "\n\n")
    bare = bare.replace('"""Of A."""\n', "")
    assert digest(tmp_path, monkeypatch, bare, "bare") == base
    elsewhere = SOURCE + "import os\n"
    assert digest(tmp_path, monkeypatch, elsewhere, "elsewhere") != base
    changed = SOURCE.replace("x + 1", "x + 2")
    assert digest(tmp_path, monkeypatch, changed, "changed") != base
    fingerprint.fingerprint.cache_clear()


def test_a_syntax_tree_is_reduced_to_what_every_version_of_python_has() -> None:
    assert fingerprint._plain(ast.parse("def f(a): return a")) == [
        "Module",
        [["body", [["FunctionDef", [["name", "'f'"], ["args", ARGUMENTS], ["body", BODY]]]]]],
    ]


ARGUMENTS = ["arguments", [["args", [["arg", [["arg", "'a'"]]]]]]]
BODY = [["Return", [["value", ["Name", [["id", "'a'"]]]]]]]


def test_every_file_of_code_that_an_evaluation_runs_is_in_its_key() -> None:
    named = {PACKAGE.parent / f"{name.replace('.', '/')}.py" for name in spec.EVALUATION}
    assert all(path.is_file() for path in named)
    taught = set((PACKAGE / "pose").glob("*_targets.py"))  # what networks are trained on
    assert taught and named >= set((PACKAGE / "pose").glob("[a-z]*.py")) - taught
