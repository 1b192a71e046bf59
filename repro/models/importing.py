"""Python files imported under names of their own, and where one of them went wrong."""

import functools
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from repro.errors import ReproError

if TYPE_CHECKING:
    from torch import nn


def builders_of(module: str) -> str:
    """The name of the module that holds the builders of another one."""
    return f"builders of {module.replace('.', '/')}"


def offer(module: str, path: Path, builders: Sequence[str], installed: bool) -> None:
    """Let the builders of a file be imported; it is run when they are.

    The file is imported as `module`, which is its name already where it is `installed`.
    """
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    if not installed:
        _FINDER.loaders[module] = OutsideLoader(module, str(path))
    _FINDER.loaders[builders_of(module)] = BuilderLoader(module, path, tuple(builders))


def withdraw(module: str) -> None:
    """Forget a module and what was imported of it."""
    for name in (module, builders_of(module)):
        loader = _FINDER.loaders.pop(name, None)
        if loader is not None:
            sys.modules.pop(name, None)
        if isinstance(loader, OutsideLoader):
            for beside in loader.beside:
                sys.modules.pop(beside, None)


def blamed(error: BaseException, is_theirs: Callable[[Path], bool]) -> str:
    """`net.py`, line 12, of the innermost place in some files that an error went through.

    Empty where it went through none.
    """
    place, trace = "", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if is_theirs(file):
            place = f"`{file}`, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


class OutsideLoader(SourceFileLoader):
    """Runs a file as it is, whatever was compiled of it before."""

    beside: tuple[str, ...] = ()
    """modules beside the file that were imported with it"""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the file; of its present bytes, however short ago it has changed."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the file; what lies beside it can be imported, too."""
        folder = str(Path(self.path).parent)
        if folder not in sys.path:
            sys.path.append(folder)
        before = set(sys.modules)
        try:
            super().exec_module(module)
            new = {name: sys.modules.get(name) for name in set(sys.modules) - before}
            files = {name: getattr(one, "__file__", None) for name, one in new.items()}
            self.beside = tuple(
                name for name, file in files.items() if file and str(Path(file).parent) == folder
            )
        except ReproError:
            raise
        except Exception as error:
            near = {Path(self.path), *Path(folder).glob("*.py")}
            place = blamed(error, near.__contains__) or f"`{self.path}`"
            raise ReproError(f"{place}: {told(error)}") from error


def told(error: BaseException) -> str:
    """`NameError: name 'x' is not defined.` on one line."""
    first = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {first:.300}".rstrip(".") + "."


class BuilderLoader(Loader):
    """Makes a module of the builders of another one, whose mistakes are told in one sentence."""

    def __init__(self, module: str, path: Path, builders: tuple[str, ...]) -> None:
        self.module, self.path, self.builders = module, path, builders

    def exec_module(self, module: ModuleType) -> None:
        """Import the other module and take its builders."""
        origin = import_module(self.module)
        for name in self.builders:
            setattr(module, name, _checked(getattr(origin, name, None), name, self.path))


def _checked(builder: object, name: str, path: Path) -> Callable[..., "nn.Module"]:
    """The builder; ReproError says what it fails by, or that it gives no network."""
    if not callable(builder):
        raise ReproError(f"`{path}`: `{name}` is no function or class, so that it builds nothing.")
    build: Callable[..., object] = builder

    @functools.wraps(builder)
    def checked(*words: object, **options: object) -> "nn.Module":
        from torch import nn

        try:
            made = build(*words, **options)
        except Exception as error:
            place = blamed(error, lambda file: file.parent == path.parent) or f"`{path}`"
            raise ReproError(f"{place}: {told(error)}", f"`{name}` could not be built.") from error
        if not isinstance(made, nn.Module):
            said = f"`{path}`: `{name}` gives `{type(made).__name__}` instead of a network."
            raise ReproError(said, "It must be a torch.nn.Module.")
        return made

    return checked


class OutsideFinder(MetaPathFinder):
    """Finds the files that are offered."""

    def __init__(self) -> None:
        self.loaders: dict[str, Loader] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file that is offered as a module."""
        loader = self.loaders.get(fullname)
        if isinstance(loader, OutsideLoader):
            return spec_from_file_location(fullname, loader.path, loader=loader)
        return ModuleSpec(fullname, loader) if loader else None


_FINDER = OutsideFinder()
