"""Imports point one way, and the start is light."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = (
    {
        "errors",
        "published",
        "conventions",
        "files",
        "env",
        "lock",
        "skeletons",
        "stats",
        "telling",
        "values",
        "watch",
        "words",
    },
    {"schema", "pose"},
    {"data", "scoring", "protocol", "recipe", "resolved"},
    {"study"},
    {"lookup", "weights"},
    {"rules", "checkpoints"},
    {"records"},
    {"rivals", "planned"},
    {"judge", "selection"},
    {"ladder"},
    {"doctor", "nightly", "runners"},
    {"claims", "audit"},
    {"comparing", "evaluation", "timing", "report", "estimates"},
    {"publish", "training"},
    {"plan"},
    {"run"},
    {"face"},
    {"commands"},
)
UPWARDS = {
    ("records", "evaluation"): "whether other code gives the same bits is seen by running it",
    ("data", "records"): "what a cache holds is told apart by the code that made it",
}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "repro").rglob("*.py")), ids=lambda path: path.stem)
def test_repro_imports_downwards_only(path: Path) -> None:
    parts = path.relative_to(ROOT / "repro").with_suffix("").parts
    own = parts[0]
    for name in imports(path):
        head, _, rest = name.partition(".")
        assert head not in ("cli", "tables", "tests")
        if head == "repro" and rest and own != "__init__":
            module = rest.partition(".")[0]
            if module in LEVEL and module != own and (own, module) not in UPWARDS:
                assert LEVEL[module] <= LEVEL[own], f"{path.name} imports {name}"
                if own == "report":
                    assert module != "plan"
                if own == "runners":
                    assert module not in ("judge", "published")


@pytest.mark.parametrize("path", sorted((ROOT / "zoo").rglob("*.py")), ids=lambda path: path.stem)
def test_the_zoo_knows_nothing_of_repro(path: Path) -> None:
    assert not {name for name in imports(path) if name.partition(".")[0] in ("repro", "cli")}


def in_own_process(code: str, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code that must end well, with arguments, in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(
    "words", ["list", "show paper1 table1", "plan paper1 table1", "claims", "audit", "--help"]
)
def test_looking_does_not_import_torch(words: str, tmp_path: Path) -> None:
    code = (
        "import sys, cli\n"
        "try:\n    cli.main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'timm', 'numpy', 'pandas', 'fvcore'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    in_own_process(code, words.split(), tmp_path)


def test_a_cached_run_does_not_import_torch(tmp_path: Path) -> None:
    code = (
        "import sys, cli\n"
        "try:\n    cli.main()\n"
        "except SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        "sys.exit('imported torch' if 'torch' in sys.modules else 0)"
    )
    shutil.copytree(ROOT / "records", tmp_path / "records")
    words = ["run", "paper1", "table1"]
    done = in_own_process(code, words, tmp_path)
    assert "14 cached" in done.stderr
