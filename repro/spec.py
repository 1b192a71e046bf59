"""One run, described so exactly that its key finds its result again."""

import ast
import functools
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

import zoo
from repro.errors import ReproError, unknown
from repro.study import Column, Options, Row, Size, Table

SCHEMA = 1
"""of the records; another one gives other keys"""

PACKAGES = {"zoo": Path(zoo.__file__).parent, "repro": Path(__file__).parent}


@dataclass(frozen=True)
class Spec:
    """One count of one model: everything its result depends on."""

    model: str
    input: Size
    keypoints: int
    options: Options = field(default_factory=dict)
    kind: str = "count"

    @functools.cached_property
    def key(self) -> str:
        """The sha256 of the canonical JSON of this spec and of the code it runs."""
        entry = zoo.MODELS[self.model]
        built = [entry.builder, dict(entry.options)]
        code = fingerprint(entry.module, "repro.runners.count")
        text = json.dumps(
            {**self.described(), "built": built, "code": code, "schema": SCHEMA}, sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def described(self) -> dict[str, object]:
        """The spec as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        options = "".join(f" {name}={value}" for name, value in self.options.items())
        return f"{self.model} {self.input[0]}x{self.input[1]} {self.keypoints} keypoints{options}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One printed number that was selected, and what would measure it."""

    table: Table
    row: Row
    column: Column
    spec: Spec | None
    """the run that gives it"""
    other: Spec | None = None
    """a run at another input size or number of keypoints, whose figure the paper may print"""
    lacking: str = ""
    """why there is no run: what is missing and how to supply it"""

    @property
    def specs(self) -> tuple[Spec, ...]:
        """Every run that this cell can use."""
        return tuple(spec for spec in (self.spec, self.other) if spec is not None)


def spec_of(
    model: str, size: Size, keypoints: int | None = None, options: Options = MappingProxyType({})
) -> Spec:
    """The spec of a count; raise ReproError for a model, size or keypoint count that cannot be."""
    if model not in zoo.MODELS:
        raise unknown("model", model, zoo.MODELS)
    entry = zoo.MODELS[model]
    _check_size(model, size)
    count = entry.keypoints if keypoints is None else keypoints
    if not 1 <= count <= 1000:
        raise ReproError(
            f"`{model}` cannot have {count} keypoints.", "COCO has 17, MPII 16, CrowdPose 14."
        )
    return Spec(model, size, count, dict(options))


def _check_size(model: str, size: Size) -> None:
    entry = zoo.MODELS[model]
    if entry.size is not None and size != entry.size:
        legal = f"It is built for {entry.size[0]}x{entry.size[1]}"
    elif any(not 0 < side <= 2048 or side % entry.stride for side in size):
        legal = f"Both sides must be multiples of {entry.stride}, at most 2048"
    else:
        return
    raise ReproError(
        f"`{model}` cannot take an input of {size[0]}x{size[1]}.",
        f"{legal}; sizes are height x width.",
    )


def parse_size(text: str) -> Size:
    """`256x192` (height x width) as numbers."""
    found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", text.strip().lower())
    if found is None:
        raise ReproError(f"`{text}` is no size.", "Sizes are height x width, as in 256x192.")
    return int(found[1]), int(found[2])


@functools.cache
def fingerprint(model_module: str, runner: str) -> str:
    """A digest of what a module of the zoo, those it imports from there, and a runner do.

    Comments, docstrings and formatting do not enter it, so that only a change of the code makes
    a record stale. No module is imported.
    """
    digests = {runner: _read(runner)[0]}
    waiting = [model_module]
    while waiting:
        name = waiting.pop()
        if name not in digests:
            digests[name], imports = _read(name)
            waiting += imports
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


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
