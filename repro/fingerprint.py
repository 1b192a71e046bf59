"""A digest of what code does, so that a change of it makes records stale and a comment does not."""

import ast
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import zoo

PACKAGES = {"zoo": Path(zoo.__file__).parent, "repro": Path(__file__).parent}


def digest(data: object) -> str:
    """The sha256 of data as canonical JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


@functools.cache
def fingerprint(model_module: str, *others: str) -> str:
    """A digest of what a module of the zoo, those it imports from there, and other modules do.

    Comments, docstrings and formatting do not enter it, so that only a change of the code makes
    a record stale. No module is imported.
    """
    digests = {name: _read(name)[0] for name in others}
    waiting = [model_module] if model_module else []
    while waiting:
        name = waiting.pop()
        if name not in digests:
            digests[name], imports = _read(name)
            waiting += imports
    return digest(digests)


@functools.cache
def _read(module: str) -> tuple[str, list[str]]:
    """The digest of a module's code, and the modules of its own package that it imports."""
    path = _path(module)
    if path is None:
        return "", []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    code = json.dumps(_plain(tree))
    return hashlib.sha256(code.encode()).hexdigest(), list(_imports(tree, module.partition(".")[0]))


def _path(module: str) -> Path | None:
    package, _, rest = module.partition(".")
    path = (PACKAGES[package] / rest.replace(".", "/")).with_suffix(".py")
    return path if rest and path.is_file() else None


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (f"{package}.{alias.name}" for alias in node.names)


def _is_docstring(node: object) -> bool:
    """Whether a statement is a bare string, which documents what stands before it."""
    constant = node.value if isinstance(node, ast.Expr) else None
    return isinstance(constant, ast.Constant) and isinstance(constant.value, str)


def _plain(node: object) -> object:
    """A syntax tree as nested lists, the same under every version of Python."""
    if isinstance(node, ast.AST):
        parts = [
            [name, _plain(value)]
            for name, value in ast.iter_fields(node)
            if value not in (None, []) and name not in ("ctx", "kind", "type_comment")
        ]
        return [type(node).__name__, parts]
    if isinstance(node, list):
        return [_plain(item) for item in node if not _is_docstring(item)]
    return repr(node)
