"""`import repro`: about ten names, typed, no torch before it is needed; documents' lines run."""

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import repro
from repro.data import synth
from repro.errors import ReproError
from support.command_line import ROOT


def test_the_lines_of_the_documents_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    assert 8 <= len(code.splitlines()) <= 12
    shutil.copytree(ROOT / "records", tmp_path / "records")
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    exec(compile(code, "python.md", "exec"), found)
    printed = capsys.readouterr().out.splitlines()
    assert "paper1 table1 Ours 256x192 gflops 0.58 match" in printed and len(printed) == 28
    assert found["macs"] == 1_082_300_416
    assert not found["outcome"].failures  # type: ignore[attr-defined]
    assert not list(tmp_path.glob("records/??/*.2.json"))


def test_no_name_is_a_modules_too_and_each_is_documented_and_typed() -> None:
    modules = {path.stem for path in (ROOT / "repro").iterdir()}
    assert len(repro.__all__) == 10 and not modules & set(repro.__all__)
    for name in repro.__all__:
        offered = getattr(repro, name)
        assert inspect.getdoc(offered), name
        assert "return" in inspect.signature(offered).__str__() or inspect.get_annotations(offered)
    with pytest.raises(AttributeError, match="no attribute `nonsense`"):
        repro.nonsense  # noqa: B018
    assert set(repro.__all__) <= set(dir(repro))


def test_importing_it_imports_no_torch() -> None:
    code = (
        "import sys, repro; repro.Store; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_an_evaluation_from_python_is_that_of_the_command(tmp_path: Path) -> None:
    synth.write(tmp_path / "data", 1, 2, size=(96, 96))
    store = repro.Store(tmp_path / "records")
    rules = {"boxes": "ground truth", "flip": False}
    record = repro.evaluate_model("truth", tmp_path / "data", store, dataset="synth", **rules)
    assert record.spec["kind"] == "evaluate" and record.measurement("AP") is not None
    again = repro.evaluate_model("truth", tmp_path / "data", store, dataset="synth", **rules)
    assert again.digest and again.key == record.key and len(store.stored()) == 1


def test_what_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(ReproError, match="no study `paper9`"):
        repro.load_table("paper9", "table1")
    with pytest.raises(ReproError, match="no model `lpn50`"):
        repro.count_model("lpn50")
