"""Python files imported under names of their own, and where one of them went wrong."""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from repro.errors import ReproError


def offer(module: str, path: Path) -> None:
    """Let a file be imported as a module; it is run when it is."""
    if _FINDER not in sys.meta_path:
        sys.meta_path.append(_FINDER)
    _FINDER.paths[module] = path


def withdraw(module: str) -> None:
    """Forget a module and what was imported of it."""
    if _FINDER.paths.pop(module, None) is not None:
        sys.modules.pop(module, None)


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
        try:
            super().exec_module(module)
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


class OutsideFinder(MetaPathFinder):
    """Finds the files that are offered."""

    def __init__(self) -> None:
        self.paths: dict[str, Path] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file that is offered as a module."""
        file = self.paths.get(fullname)
        if file is None:
            return None
        loader = OutsideLoader(fullname, str(file))
        return spec_from_file_location(fullname, file, loader=loader)


_FINDER = OutsideFinder()
