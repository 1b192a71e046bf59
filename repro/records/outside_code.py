"""The digest of the code of a network, in the zoo or outside it.

Of a file outside count its own code, that of the modules beside it or in its package that it
imports, and that of every module of this project which those import.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import zoo
from repro.models import registry
from repro.models.registry import OutsideFile
from repro.records.fingerprint import PACKAGES, digest, fingerprint, reachable, read_code


def code_of(module: str, *roots: str) -> str:
    """The digest of what a network's module and some modules of this project can reach."""
    file = registry.of_module(module)
    if file is None:
        return fingerprint(module, *roots)
    return digest([_digest(file), fingerprint(*roots) if roots else ""])


@functools.cache
def _digest(file: OutsideFile) -> str:
    """Of a file outside and of all that it imports of its own and of this project."""
    sources: dict[Path, str] = {}
    own: set[str] = set()
    waiting = [(file.module, file.path)]
    while waiting:
        module, path = waiting.pop()
        if path in sources:
            continue
        content = path.read_bytes()
        code = read_code(content)
        sources[path] = digest([code.text, code.imports])
        for name in imported(ast.parse(content), module, path.name == "__init__.py"):
            if name.partition(".")[0] in PACKAGES:
                own.update(_of_project(name))
            else:
                waiting += _beside(file, name)
    first = sources.pop(file.path)
    return digest([first, sorted(sources.values()), fingerprint(*sorted(own)) if own else ""])


def imported(tree: ast.Module, module: str, is_package: bool) -> Iterator[str]:
    """The dotted names that code may import, those of things in modules among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".") if is_package else module.split(".")[:-1]
            above = parts[: len(parts) - node.level + 1] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            yield start
            yield from (f"{start}.{alias.name}" for alias in node.names if alias.name != "*")


def _of_project(name: str) -> Iterator[str]:
    """The modules that a name of this project leads to; `zoo` itself can build every network."""
    if name == "zoo" or name.startswith("zoo.building"):
        folder = Path(zoo.__file__).parent
        names = [f"zoo.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"]
        yield from reachable(*names)
    yield from reachable(name)


def _beside(file: OutsideFile, name: str) -> Iterator[tuple[str, Path]]:
    """The files of a module that lies beside a file, or in its package, and of those around it."""
    parts = name.split(".")
    if file.package and parts[0] != file.package:
        return
    for depth in range(1, len(parts) + 1):
        start = file.root.joinpath(*parts[:depth])
        for path in (start.with_suffix(".py"), start / "__init__.py"):
            if path.is_file():
                yield ".".join(parts[:depth]), path
