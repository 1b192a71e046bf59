"""The networks that a Python file offers, read without running it.

The file says what it offers in a dictionary of plain values, by the name of each network:

    MODELS = {"tinypose": {"builder": "TinyPose", "stride": 4, "loss": "mse"}}
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import zoo
from repro import schema
from repro.errors import ReproError, unknown
from repro.files import read_plain

LITERAL = "MODELS"
LARGEST = 2**22
"""bytes of a file"""
RESERVED = ("all", "onnx", "truth")
"""words that stand where a model may stand"""
EXAMPLE = '`MODELS = {"tinypose": {"builder": "TinyPose", "stride": 4}}` offers one.'
Value = str | bool | int | float


@dataclass(frozen=True, slots=True)
class DeclaredModel:
    """What a file says of one network, see `zoo.Entry`."""

    builder: str
    """a function or a class of the file: number of keypoints and options -> torch.nn.Module"""
    options: Mapping[str, Value | tuple[Value, ...]] = field(default_factory=dict)
    """that the name fixes"""
    keypoints: int = 17
    stride: int = 32
    """both sides of an input must be a multiple of it"""
    size: tuple[int, int] | None = None
    """height and width, where it is built for one input only"""
    grouping: str = ""
    """how persons are found in its maps of a whole image; empty where it looks at one person"""
    loss: str = ""
    """what it is trained with, one of `repro.pose.losses`; empty for the usual one of its kind"""

    def __post_init__(self) -> None:
        """Raise ReproError for a value that no network has."""
        groupings = sorted({entry.grouping for entry in zoo.MODELS.values()} - {""})
        if self.grouping and self.grouping not in groupings:
            raise unknown("grouping", self.grouping, groupings)
        if not 1 <= self.keypoints <= 1000:
            raise ReproError(f"`keypoints` is {self.keypoints}.", "It is 1 to 1000.")
        if not 1 <= self.stride <= 2048:
            raise ReproError(f"`stride` is {self.stride}.", "It is 1 to 2048.")
        if self.size is not None and any(not 1 <= side <= 2048 for side in self.size):
            raise ReproError(f"`size` is {self.size}.", "It is height and width in pixels.")


def read(path: Path) -> Mapping[str, DeclaredModel]:
    """The networks that a file offers; ReproError, with the line, for one that says it wrongly."""
    try:
        tree = ast.parse(read_plain(path, limit=LARGEST))
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.") from error
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise ReproError(f"`{path}`{where}: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ReproError(f"`{path}` is no Python: {error or 'nested too deeply'}.") from error
    node = next(_literals(tree), None)
    if node is None:
        raise ReproError(f"`{path}` offers no models: it has no `{LITERAL}`.", EXAMPLE)
    if not isinstance(node, ast.Dict) or not node.keys:
        raise ReproError(f"`{path}`, line {node.lineno}: `{LITERAL}` is no dictionary.", EXAMPLE)
    offered = dict(_model(path, key, value) for key, value in _items(path, node))
    if len(offered) < len(node.keys):
        raise ReproError(f"`{path}`, line {node.lineno}: `{LITERAL}` has one name twice.")
    known = _names(tree)
    for name, model in offered.items():
        if known is not None and model.builder not in known:
            where = f"`{path}`, line {_line(node, name)}"
            raise ReproError(
                f"{where}: the file has no `{model.builder}`, the builder of `{name}`."
            )
    return offered


def _literals(tree: ast.Module) -> Iterator[ast.expr]:
    """The values that the name is bound to at the top of the file."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == LITERAL for target in targets):
            yield value


def _items(path: Path, node: ast.Dict) -> Iterator[tuple[ast.expr, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise ReproError(f"`{path}`, line {value.lineno}: a model needs its name here.")
        yield key, value


def _model(path: Path, key: ast.expr, value: ast.expr) -> tuple[str, DeclaredModel]:
    where = f"`{path}`, line {key.lineno}"
    try:
        name, facts = ast.literal_eval(key), ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        cure = "The file is not run to read it, so that names and calls mean nothing there."
        raise ReproError(f"{where}: a model is told of in plain values.", cure) from error
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        raise ReproError(f"{where}: {name!r:.60} is no name of a model.", "Take lower_snake_case.")
    if name in RESERVED:
        raise ReproError(f"{where}: no model can be called `{name}`.")
    return name, schema.read(DeclaredModel, facts, where, name)


def _line(node: ast.Dict, name: str) -> int:
    keys = (key for key in node.keys if isinstance(key, ast.Constant) and key.value == name)
    return next(keys, node).lineno


def _names(tree: ast.Module) -> set[str] | None:
    """What the top of the file binds; None where a `from ... import *` hides it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return None if "*" in names else names
