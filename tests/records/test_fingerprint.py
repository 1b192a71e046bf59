"""A fingerprint changes with the code that can be reached, and with nothing else."""

import ast
import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from repro.records.fingerprint import PACKAGES, STOPS, CodeNotes, Sources, fingerprint, reachable
from support.thoroughness import daily

ROOT = Path(__file__).parents[2]

ROOTS = {
    "count": ("zoo.lpn", "repro.counting.counter"),
    "evaluation": ("zoo.hrnet", "repro.evaluation.evaluator"),
}


@functools.cache
def everything() -> dict[str, str]:
    """Path -> text of every file of the packages."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }


def written(folder: Path, files: Mapping[str, str]) -> Sources:
    """A folder with these files."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return Sources(folder)


def file_of(name: str) -> str:
    """The path of a module of this project."""
    path = name.replace(".", "/")
    return f"{path}.py" if f"{path}.py" in everything() else f"{path}/__init__.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of this project, for one change at a time."""
    folder = tmp_path_factory.mktemp("copy")
    written(folder, everything())
    return folder


def changed(copy: Path, path: str, text: str, *roots: str) -> str:
    """The fingerprint with another text of one file."""
    before = everything().get(path)
    found = written(copy, {path: text}).fingerprint(*roots)
    if before is None:
        (copy / path).unlink()
    else:
        written(copy, {path: before})
    return found


def told_otherwise(source: str) -> str:
    """The same code with other comments, docstrings, blank lines, quotes and line ends."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.body.insert(0, ast.Expr(ast.Constant("Other words.")))
    return f"# told\n\n\n{ast.unparse(ast.fix_missing_locations(tree))}\n# end\n"


def with_another_constant(source: str) -> str:
    """The code with its last number or text changed; empty if it has none."""
    tree = ast.parse(source)
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in reversed(list(ast.walk(tree))):
        value = node.value if isinstance(node, ast.Constant) and id(node) not in silent else None
        if type(value) in (int, float, str):
            node.value = value * 3 + type(value)(1)
            return ast.unparse(tree)
    return ""


@pytest.mark.parametrize(
    "roots",
    daily([(roots,) for roots in ROOTS.values()], lambda case: case[0] == ROOTS["count"]),
    ids=ROOTS,
)
def test_any_change_of_code_that_is_reached_shows(copy: Path, roots: tuple[str, ...]) -> None:
    base = Sources(copy).fingerprint(*roots)
    assert base == fingerprint(*roots)
    for name in reachable(*roots):
        path = file_of(name)
        source = everything()[path]
        assert changed(copy, path, f"{source}\nCHANGED = 1\n", *roots) != base, name
        other = with_another_constant(source)
        assert not other or changed(copy, path, other, *roots) != base, name


@pytest.mark.parametrize("roots", ROOTS.values(), ids=ROOTS)
def test_comments_docstrings_and_formatting_do_not(tmp_path: Path, roots: tuple[str, ...]) -> None:
    paths = {file_of(name) for name in reachable(*roots)}
    sources = {path: told_otherwise(everything()[path]) for path in paths}
    assert all(sources[path] != everything()[path] for path in paths)
    assert written(tmp_path, everything() | sources).fingerprint(*roots) == fingerprint(*roots)


def new_name(name: str) -> str:
    """Where a module moves to: to another folder, under other names."""
    package, *words = name.split(".")
    return ".".join([package, "deeper", *(f"x{word[::-1]}" for word in words)])


class Moved(ast.NodeTransformer):
    """The imports of modules that have moved."""

    def __init__(self, moved: set[str]) -> None:
        self.moved = moved

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.ImportFrom]:
        return [self.new(node.module or "", alias) for alias in node.names]

    def new(self, source: str, alias: ast.alias) -> ast.ImportFrom:
        name = f"{source}.{alias.name}"
        if name in self.moved:
            source, _, last = new_name(name).rpartition(".")
            return ast.ImportFrom(source, [ast.alias(last, alias.asname or alias.name)], 0)
        return ast.ImportFrom(new_name(source) if source in self.moved else source, [alias], 0)


@pytest.mark.parametrize("roots", ROOTS.values(), ids=ROOTS)
def test_modules_may_move_with_their_users(tmp_path: Path, roots: tuple[str, ...]) -> None:
    reached = reachable(*roots)
    moved = {name for name in reached if "." in name}
    gone = {file_of(name) for name in moved}
    files = {path: text for path, text in everything().items() if path not in gone}
    files |= {f"{package}/deeper/__init__.py": '"""A room."""' for package in PACKAGES}
    for name in reached:
        old = file_of(name)
        new = new_name(name).replace(".", "/") if name in moved else name
        path = f"{new}/__init__.py" if old.endswith("__init__.py") else f"{new}.py"
        tree = Moved(moved).visit(ast.parse(everything()[old]))
        files[path] = ast.unparse(ast.fix_missing_locations(tree))
    sources = written(tmp_path, files)
    new_roots = [new_name(root) for root in roots]
    assert len(sources.reachable(*new_roots)) >= len(reached)
    assert sources.fingerprint(*new_roots) == fingerprint(*roots)


@pytest.mark.parametrize(
    "path", ["repro/report/text.py", "repro/commands/tables.py", "zoo/tokenpose.py", "zoo/new.py"]
)
@pytest.mark.parametrize("roots", ROOTS.values(), ids=ROOTS)
def test_code_that_is_not_reached_does_not_show(
    copy: Path, path: str, roots: tuple[str, ...]
) -> None:
    assert changed(copy, path, "CHANGED = 1\n", *roots) == fingerprint(*roots)


def test_another_model_in_the_registry_leaves_all_records_alone(copy: Path) -> None:
    roots = ROOTS["count"]
    registry = everything()["zoo/registry.py"]
    longer = registry.replace('    "lpn_50":', '    "new": Entry("zoo.lpn", "new"),\n    "lpn_50":')
    assert longer != registry
    assert changed(copy, "zoo/registry.py", longer, *roots) == fingerprint(*roots)
    for name in ("building", "weights"):
        path = f"zoo/{name}.py"
        assert changed(copy, path, everything()[path] + "X = 1\n", *roots) != fingerprint(*roots)


def test_what_is_stopped_at_exists() -> None:
    assert all(file_of(name) in everything() for name in STOPS)


LITTLE = {
    "repro/__init__.py": "",
    "repro/a.py": "from repro import b\n\ndef f(x):\n    return b.g(x)\n",
    "repro/b.py": "from repro.c import h\n\ndef g(x):\n    return h(x)\n",
    "repro/c.py": "def h(x):\n    return x + 1\n",
    "repro/d.py": "def h(x):\n    return x + 2\n",
}


def little(tmp_path: Path, a: str = "", **others: str) -> str:
    """The fingerprint of `repro.a` in a project of few modules; `a` is the text of it."""
    files = LITTLE | {f"repro/{name}.py": text for name, text in others.items()}
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    return written(folder, files | ({"repro/a.py": a} if a else {})).fingerprint("repro.a")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from repro import c\nc.h(1)", "from repro import c as words\nwords.h(1)"),
        ("from repro import c\nc.h(1)", "import repro.c as words\nwords.h(1)"),
        (
            "from repro import c\nfrom repro.d import h\nh(c)",
            "from repro.d import h\nfrom repro import c\nh(c)",
        ),
        ("from repro.c import h\ndef f(): h(1)", "def f():\n    from repro.c import h\n    h(1)"),
        ("import os, re\nos, re", "import re\nimport os\nos, re"),
        ("import numpy as np\nnp.x", "import numpy\nnumpy.x"),
        ("x = 'a'  # why", '\n\nx = ("a")\n"""Of x."""'),
        ("class A:\n    pass", 'class A:\n    """An A."""'),
        ("if TYPE_CHECKING:\n    from repro.d import T\n    U = T\nx = 1", "x = 1"),
    ],
)
def test_two_ways_to_say_the_same(tmp_path: Path, one: str, other: str) -> None:
    assert little(tmp_path, one) == little(tmp_path, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from repro.c import h\nh(1)", "from repro.d import h\nh(1)"),
        ("from repro import c, d\nc.h(d.h(1))", "from repro import c, d\nd.h(c.h(1))"),
        ("import numpy as n\nn.x", "import torch as n\nn.x"),
        ("from repro.c import h, i\nh(1)", "from repro.c import h, i\ni(1)"),
        ("from repro.c import h as f, i as g", "from repro.c import h as g, i as f"),
        ("from repro import c", "x = 1"),
        ("def f():\n    from repro import c", "def f():\n    from repro import d"),
        ("class A:\n    pass\ndef f():\n    x = 1", "class A:\n    def f():\n        pass\nx = 1"),
        ("f(a, b)", "f(b, a)"),
        ("{**a, k: v}", "{k: v, **a}"),
        ("x = 1", "x = '1'"),
        ("x = 1", "x = 1.0"),
        ("x = None", "x = 'None'"),
    ],
)
def test_two_different_things(tmp_path: Path, one: str, other: str) -> None:
    assert little(tmp_path, one) != little(tmp_path, other)


def test_modules_of_one_text_are_told_apart_by_their_imports(tmp_path: Path) -> None:
    twin = LITTLE["repro/b.py"].replace("repro.c", "repro.d")
    both = "from repro import b, e\nb.g(e.g(1))\n"
    swapped = "from repro import b, e\ne.g(b.g(1))\n"
    assert little(tmp_path, both, e=twin) != little(tmp_path, swapped, e=twin)


SHADOWS = """
from repro import c
from repro.d import h
def f(x, c=c.LIMIT, *, y: c.Kind = 1):
    return [c for c in c.all if c], lambda h: h(c)
def g(rows):
    try:
        return {c: c for c in c.rows(rows)}, [x for y in rows for x in c.h(y)]
    except ValueError as h:
        return h
class A:
    h = c.h
    def g(self):
        return h(self.h), c.h
def i():
    h = 1
    def j():
        return h
    return j
@c.wrap
def k(h):
    import os.path as c
    return c.join(h)
"""


def test_a_module_may_be_renamed_among_others_of_its_name(tmp_path: Path) -> None:
    base = little(tmp_path, SHADOWS)
    of_the_module = r"(?<=import )c\n|\bc(?=\.(?:LIMIT|Kind|rows|h|wrap)\b)"
    renamed = re.sub(of_the_module, lambda hit: hit[0].replace("c", "other"), SHADOWS)
    assert renamed.count("other") == 8
    assert little(tmp_path, renamed, other=LITTLE["repro/c.py"]) == base
    assert little(tmp_path, renamed, other=LITTLE["repro/d.py"]) != base
    assert little(tmp_path, SHADOWS.replace("lambda h: h", "lambda i: h")) != base


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("import repro.b", "a b c"),
        ("from repro import b", "a b c"),
        ("def f():\n    def g():\n        from repro.b import g", "a b c"),
        ("if x:\n    import repro.c\nelse:\n    from repro.d import h", "a c d"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import repro.b", "a"),
        ("if typing.TYPE_CHECKING:\n    import repro.b\nelse:\n    import repro.c", "a c"),
        ("import os\nfrom repro.errors import E\nfrom repro.gone import g\nimport repro.no", "a"),
        ("from repro.a import f\nimport repro.loop", "a loop"),
        ("from repro.room.door import key", "a c room room.door"),
        ("import_module('repro.b')", "a"),
    ],
)
def test_imports_are_followed_where_they_run(tmp_path: Path, text: str, reached: str) -> None:
    files = LITTLE | {
        "repro/a.py": text,
        "repro/errors.py": "import repro.b",
        "repro/loop.py": "def f():\n    import repro.a",
        "repro/room/__init__.py": "import repro.c",
        "repro/room/door.py": "key = 1",
    }
    sources = written(tmp_path, files)
    assert sources.reachable("repro.a") == tuple(f"repro.{name}" for name in reached.split())
    assert len(sources.fingerprint("repro.a")) == 64


@pytest.mark.parametrize("root", ["repro.gone", "repro.files", "os"])
def test_a_root_must_be_there(root: str) -> None:
    with pytest.raises(LookupError, match=f"`{root}`"):
        fingerprint("zoo.lpn", root)
    assert fingerprint("zoo.lpn", "") == fingerprint("zoo.lpn")


EVERY_SYNTAX = '''
"""Docstring."""
from __future__ import annotations
import numpy as np
from repro import c
@c.wrap(1, *a, b=2, **k)
async def f(x: int, /, y=1_000, *z: "str", w: c.Kind | None = None, **k) -> dict[str, int]:
    async with x as y, z: await y
    async for i in x: yield i
    return f"a{x!r:>{y}}b" "c" f"{z=}{{{x:%Y}}}" + u"\\u00e9\\ud800\\x00" + "é𝒳\\U0010ffff"
class A(c.B, metaclass=M):
    n: int = 0; (m): float = -1.5e300; s = b"\\xff", 2j, ..., True
    def g(self): global q; del self[1:2, ::3]; raise E from None
match x:
    case [A(n=1, m=2), *rest] | {"k": None, **rest} if (y := 1): pass
    case str() as s: assert s, "no"
    case _: x = lambda a, *b: (not a) if b else a @ b
try: x += [i for i in range(3) if i for j in i] < 1 <= 2 is not 3
except* (E, F) as error: print(error)
else: x = {**a, 1: {1, *b}, "x": {k: v for k, v in a}}
finally:
    while 1:
        if x: break
        else: continue
    else: (yield)
'''
DIGEST = "736a033add51932500f9a4e8fda416c93e31a8292fdfa3dc6f6378e35d7e1ef0"


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_version_of_python_finds_the_same(tmp_path: Path, version: str) -> None:
    written(tmp_path, LITTLE | {"repro/a.py": EVERY_SYNTAX})
    code = (
        "import pathlib, sys; from repro.records.fingerprint import Sources\n"
        "print(Sources(pathlib.Path(sys.argv[1])).fingerprint('repro.a'), sys.version)"
    )
    own = ".".join(map(str, sys.version_info[:2])) == version
    places = (Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python")
    for python in (sys.executable,) if own else (*places, shutil.which(f"python{version}")):
        done = python and subprocess.run(
            [python, "-BEc", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        if done and done.returncode == 0:
            assert done.stdout.split()[0] == DIGEST
            assert done.stdout.split()[1].startswith(version)
            return
    pytest.skip(f"Python {version} is not installed")


def test_notes_spare_the_next_process_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, LITTLE)
    notes = tmp_path / "a" / "notes"
    base = Sources(tmp_path, notes).fingerprint("repro.a")
    (file,) = notes.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("repro.records.fingerprint.read_code", None)
        assert Sources(tmp_path, notes).fingerprint("repro.a") == base
    text = file.read_text()
    for damaged in ("", "x", text[:-30], text.replace('["', '["0'), "\xff" + text):
        file.write_text(damaged, encoding="latin-1")
        assert Sources(tmp_path, notes).fingerprint("repro.a") == base
    assert Sources(tmp_path, Path("/dev/null/notes")).fingerprint("repro.a") == base
    written(tmp_path, {"repro/c.py": LITTLE["repro/d.py"]})
    other = Sources(tmp_path, notes).fingerprint("repro.a")
    assert other == Sources(tmp_path).fingerprint("repro.a") != base
    monkeypatch.setattr(CodeNotes, "LIMIT", 1000)
    Sources(tmp_path, notes)
    assert not file.exists()
