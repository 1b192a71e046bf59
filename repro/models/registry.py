"""Where networks outside the zoo come from: files, `$REPRO_MODULES`, and installed packages.

A network that is known here stands in `zoo.MODELS`, so that everything finds it there. Its file is
run only when it is built for the first time.
"""

import hashlib
import itertools
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import cast

import zoo
from repro import env
from repro.errors import ReproError
from repro.models import importing
from repro.models.declared import DeclaredModel, read

GROUP = "repro.models"
"""of entry points; each names a module, whose `MODELS` says what it offers"""
VARIABLE = "REPRO_MODULES"
"""of the environment: files, parted as in $PATH"""


@dataclass(frozen=True)
class OutsideFile:
    """A file with networks of its own."""

    path: Path
    """absolute"""
    module: str
    """as which it is imported"""
    sha256: str
    models: Mapping[str, DeclaredModel] = field(hash=False, compare=False)
    package: str = ""
    """the top of the installed package that it belongs to; empty for a file by itself"""
    number: int = field(default_factory=itertools.count().__next__)
    """each time that it is read has its own, since what lies beside it may have changed"""

    @property
    def root(self) -> Path:
        """The folder from which its own imports start: beside the file, or around its package."""
        depth = len(self.module.split(".")) if self.package else 1
        if self.package and self.path.name == "__init__.py":
            depth += 1
        return self.path.parents[depth - 1]

    def holds(self, path: Path) -> bool:
        """Whether a file of code is this one, lies beside it, or in its package."""
        if self.package:
            return self.root / self.package in path.parents
        return self.path.parent == path.parent


_FILES: dict[Path, OutsideFile] = {}
_LEFT_OUT: dict[str, ReproError] = {}


def load() -> None:
    """Make known what installed packages and `$REPRO_MODULES` offer, and what has changed since.

    A package that is wrong is left out, see `left_out`; ReproError for a wrong file.
    """
    for file in files():
        if not file.path.is_file():
            forget(file)
        elif not file.package:
            register(file.path)
    for name, module, error in _entry_points():
        try:
            if error is not None:
                raise error
            register(_file_of_module(module), module)
        except ReproError as said:
            where = f"The entry point `{name} = {module}` of {GROUP} is left out: {said}"
            _LEFT_OUT[name] = ReproError(where, said.hint)
    for word in (env.variable(VARIABLE) or "").split(os.pathsep):
        if word:
            register(Path(word))


def left_out() -> list[ReproError]:
    """What is wrong with the installed packages that offer networks."""
    return list(_LEFT_OUT.values())


def forget_left_out() -> None:
    """Nothing is left out so far."""
    _LEFT_OUT.clear()


def register(path: Path, module: str = "") -> OutsideFile:
    """Make the networks of a file known; again after it has changed. `module` is an installed one.

    ReproError for a file that is wrong, or a name that another network has.
    """
    path = _existing(path)
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    known = _FILES.get(path)
    if known is not None and known.sha256 == content:
        return known
    offered = read(path)
    for name in offered:
        owner = owner_of(name)
        if owner is not None and owner.path != path:
            raise ReproError(f"The model `{name}` is in `{owner.path}` and in `{path}`.", RENAME)
        if owner is None and name in zoo.MODELS:
            raise ReproError(f"`{path}` offers `{name}`, which is a model of the zoo.", RENAME)
    if known is not None:
        forget(known)
    digest = hashlib.sha256(str(path).encode()).hexdigest()
    plain = re.sub(r"\W", "_", path.stem)
    called = module or f"{plain}_{digest[:8]}"
    file = OutsideFile(path, called, content, offered, module.partition(".")[0])
    _FILES[path] = file
    _models().update({name: _entry(file, model) for name, model in offered.items()})
    builders = [model.builder for model in offered.values()]
    importing.offer(called, path, builders, installed=bool(module))
    return file


RENAME = "Give one of them another name."


def forget(file: OutsideFile | None = None) -> None:
    """Make the networks of a file unknown, of all files if none is named."""
    for one in [file] if file else list(_FILES.values()):
        for name in one.models:
            _models().pop(name, None)
        importing.withdraw(one.module)
        del _FILES[one.path]
    if file is None:
        _LEFT_OUT.clear()


def files() -> list[OutsideFile]:
    """The files that are known."""
    return list(_FILES.values())


def of_module(module: str) -> OutsideFile | None:
    """The file that is imported as a module, or by its builders; None for one of the zoo."""
    for file in _FILES.values():
        if module in (file.module, importing.builders_of(file.module)):
            return file
    return None


def owner_of(model: str) -> OutsideFile | None:
    """The file that offers a network; None for one of the zoo, or of nobody."""
    return next((file for file in _FILES.values() if model in file.models), None)


def loss_of(model: str) -> str:
    """The loss that a network's file names for it; empty if it names none."""
    owner = owner_of(model)
    return owner.models[model].loss if owner else ""


def blamed(error: BaseException) -> str:
    """`net.py`, line 12, where an error went through a file that is known; else empty."""
    return importing.blamed(error, lambda path: any(file.holds(path) for file in files()))


def variables() -> dict[str, str]:
    """What the environment of another process must hold for the same networks to be known there."""
    paths = [str(file.path) for file in _FILES.values() if not file.package]
    return {VARIABLE: os.pathsep.join(paths)} if paths else {}


def _models() -> dict[str, zoo.Entry]:
    return cast(dict[str, zoo.Entry], zoo.MODELS)


def _entry(file: OutsideFile, model: DeclaredModel) -> zoo.Entry:
    return zoo.Entry(
        importing.builders_of(file.module),
        model.builder,
        dict(model.options),
        model.keypoints,
        model.stride,
        model.size,
        model.grouping,
    )


def _existing(path: Path) -> Path:
    """The absolute path of a Python file."""
    try:
        absolute = path.expanduser().resolve()
        is_file = absolute.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise ReproError(f"`{path!s:.200}` is no path of a file.") from error
    if not is_file:
        what = "is a folder" if absolute.is_dir() else "does not exist"
        raise ReproError(f"The module `{path}` {what}.", "Name a Python file with `MODELS`.")
    if absolute.suffix != ".py":
        raise ReproError(f"The module `{path}` is no Python file.", "Its name ends in `.py`.")
    if os.pathsep in str(absolute):
        raise ReproError(f"The path `{absolute}` holds a `{os.pathsep}`, which parts paths.")
    return absolute


def _entry_points() -> Iterator[tuple[str, str, ReproError | None]]:
    """Name, module and what is wrong with it of every entry point."""
    from importlib import metadata

    for point in sorted(set(metadata.entry_points(group=GROUP))):
        wrong = None
        if ":" in point.value:
            wrong = ReproError("it names a thing in a module.", "Name the module alone.")
        yield point.name, point.value, wrong


def _file_of_module(module: str) -> Path:
    """The file of an installed module, which is not imported, nor is a package around it."""
    spec: ModuleSpec | None = None
    for depth in range(1, len(parts := module.split(".")) + 1):
        name = ".".join(parts[:depth])
        if spec is None:
            spec = next(filter(None, (_found(finder, name) for finder in sys.meta_path)), None)
        else:
            spec = PathFinder.find_spec(name, list(spec.submodule_search_locations or ()))
        if spec is None:
            raise ReproError(f"there is no module `{name}`.")
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ReproError(f"`{module}` has no Python file.")
    return Path(spec.origin)


def _found(finder: object, name: str) -> ModuleSpec | None:
    find = getattr(finder, "find_spec", None)
    return find(name, None) if find else None
