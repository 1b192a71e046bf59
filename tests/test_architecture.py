"""Imports point one way, names are their own, and the start is light."""

import ast
import collections
import graphlib
import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "timm", "numpy", "pandas", "fvcore"}
MEASURING = (
    "counting",
    "data",
    "pose",
    "scoring",
    "checkpoints",
    "evaluation",
    "speed",
    "training",
)
"""rooms that run networks, or what lies around them"""
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("repro", "zoo")
    for path in sorted((ROOT / package).rglob("*.py"))
}
"""dotted name -> file of every module"""
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def imports(module: str) -> set[str]:
    """The dotted names that a module imports, at any depth of it."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in FILES else node.module for name in inside}
    return found


def room(module: str) -> str:
    """The folder of a module; each module of the hall is a room of its own."""
    return module if FILES[module].parent in (ROOT / "repro", ROOT / "zoo") else holder(module)


def holder(module: str) -> str:
    """The package that a module lies in, or is."""
    return module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]


def arrows(place: Callable[[str], str]) -> dict[str, set[str]]:
    """Who imports whom. The package itself offers what lies above all, when it is asked for it."""
    found: dict[str, set[str]] = {"repro": set()}
    for module in FILES.keys() - {"repro"}:
        others = {place(other) for other in imports(module) if other in FILES}
        found.setdefault(place(module), set()).update(others - {place(module)})
    return found


@pytest.mark.parametrize("place", [room, str], ids=["rooms", "modules"])
def test_all_can_be_put_in_an_order_in_which_each_imports_what_is_below(
    place: Callable[[str], str],
) -> None:
    graph = arrows(place)
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")
    assert len(order) == len(graph)


@pytest.mark.parametrize("module", [name for name in FILES if name.startswith("repro.")])
def test_each_room_keeps_to_itself(module: str) -> None:
    own = module.split(".")[1]
    for name in imports(module):
        head, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        assert head not in ("cli", "tables", "tests")
        if head == "repro" and other == "report":
            assert own in ("report", "commands"), "only commands show something"
        if own in MEASURING:
            assert name != "repro.papers.published", "who measures sees no published number"
            assert not (head == "repro" and other in ("verdicts", "comparing"))
        if own == "verdicts":
            assert other not in MEASURING, "verdicts run nothing"
        if own == "papers":
            assert head not in HEAVY, "what is printed needs no arrays"
        if own == "report":
            assert other not in ("plan", "run")


@pytest.mark.parametrize("module", [name for name in FILES if name.startswith("zoo")])
def test_the_zoo_knows_nothing_of_repro(module: str) -> None:
    assert not {name for name in imports(module) if name.partition(".")[0] in ("repro", "cli")}


def classes() -> Iterator[tuple[str, str]]:
    """Every class of `repro` with its module."""
    for module, tree in TREES.items():
        if module.startswith("repro"):
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    yield node.name, module


def test_a_class_name_means_one_thing() -> None:
    places = collections.defaultdict(list)
    for name, module in classes():
        places[name].append(module)
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_nothing_of_our_own_is_renamed_when_it_is_imported() -> None:
    sources = [*FILES.values(), ROOT / "cli.py", *(ROOT / "tests").rglob("*.py")]
    renamed = [
        f"{path.relative_to(ROOT)}: {alias.name} as {alias.asname}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if f"{getattr(node, 'module', '') or alias.name}".split(".")[0] in ("repro", "zoo")
        if alias.asname not in (None, alias.name)
    ]
    assert not renamed


def test_files_and_functions_fit_the_eye() -> None:
    lengths = {}
    for module, path in FILES.items():
        lengths[module] = len(path.read_text(encoding="utf-8").splitlines())
        for node in ast.walk(TREES[module]):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= 60, f"{module}.{node.name} has {length} lines"
    assert not {name: length for name, length in lengths.items() if length > 400}
    modules = [length for name, length in lengths.items() if FILES[name].name != "__init__.py"]
    assert 100 <= statistics.median(modules) <= 200
    assert len(list((ROOT / "repro").glob("*.py"))) <= 10


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
        f"heavy = {HEAVY} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    in_own_process(code, words.split(), tmp_path)


@pytest.mark.parametrize(("more", "unwanted"), [([], {"torch"}), (["--no-write"], HEAVY)])
def test_a_cached_run_does_not_import_torch(
    more: list[str], unwanted: set[str], tmp_path: Path
) -> None:
    code = (
        "import sys, cli\n"
        "try:\n    cli.main()\n"
        "except SystemExit as stop:\n    assert stop.code == 0, stop.code\n"
        f"heavy = {unwanted} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    shutil.copytree(ROOT / "records", tmp_path / "records")
    words = ["run", "paper1", "table1", *more]
    done = in_own_process(code, words, tmp_path)
    assert "14 cached" in done.stderr


def test_an_evaluation_without_its_pictures_is_refused_before_torch_is_loaded(
    tmp_path: Path,
) -> None:
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [4, 4, 30, 40], "iscrowd": 0}
    person |= {"area": 900, "num_keypoints": 17, "keypoints": [10, 10, 2] * 17}
    image = {"id": 1, "file_name": "gone.jpg", "width": 64, "height": 64}
    category = {"id": 1, "name": "person"}
    whole = {"images": [image], "annotations": [person], "categories": [category]}
    (tmp_path / "a.json").write_text(json.dumps(whole))
    (tmp_path / "im").mkdir()
    code = (
        "import sys, cli\n"
        "try:\n    cli.main()\n"
        "except SystemExit as stop:\n    assert stop.code == 2, stop.code\n"
        "sys.exit('imported torch' if 'torch' in sys.modules else 0)"
    )
    words = [
        "eval",
        "truth",
        "--annotations",
        "a.json",
        "--images",
        "im",
        "--boxes",
        "gt",
        "--no-flip",
    ]
    done = in_own_process(code, words, tmp_path)
    assert "`im` lacks 1 of the 1 images (first: `gone.jpg`)" in done.stderr
