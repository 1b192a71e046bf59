"""Commands in forked processes that are killed before a file operation, or at some moment."""

import fnmatch
import functools
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.faults.batches import context

NAMES = ("run", "eval", "train", "predict", "fetch", "synth")
"""of the commands that are killed, see `support.faults.commands`"""
PATIENCE = 120.0
"""seconds after which a command hangs that is not killed"""
CHANGES = frozenset(
    f"os.{name}"
    for name in (
        "rename",
        "remove",
        "link",
        "mkdir",
        "rmdir",
        "truncate",
        "symlink",
        "chmod",
        "utime",
    )
)
"""audit events of what changes files, beside the opening of one to write"""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
INDEX = ".index.sqlite"
"""of a store: made anew from it, and so another one each time"""


@dataclass(frozen=True)
class Command:
    """A command whose outputs lie in the folder that it is run in."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stray: tuple[str, ...] = ()
    """the command that clears what only it clears, after the same one was run again"""
    free: tuple[str, ...] = ()
    """patterns of files that are another time's: one must be there, whatever is in it"""
    setup: tuple[str, ...] = ()
    """`module:function`, each of which is called first in its process"""

    def after(self, setup: str) -> "Command":
        """The same after one more of them."""
        return replace(self, setup=(*self.setup, setup))


@dataclass(frozen=True)
class Fault:
    """What befalls a command, and when; by itself it is killed."""

    operation: int = 0
    """before which of its file operations, the first is 1; 0: before none"""
    seconds: float = 0.0
    """after its start; 0: at no moment"""
    signal: int = signal.SIGKILL
    error: int = 0
    """what the system answers instead, from that operation on, to all that changes files"""
    lost: str = ""
    """a folder that is removed instead, with a file in its place if it ends in `!`"""

    @property
    def fatal(self) -> bool:
        """Whether it ends the process."""
        return not self.error and not self.lost


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    """its exit code; minus a signal's number"""
    operations: int
    seconds: float
    said: str


NONE = Fault()


def carried_out(command: Command, folder: Path, fault: Fault = NONE) -> Ended:
    """Run a command in a folder, which is made, in a process of its own; kill it as told."""
    folder.mkdir(parents=True, exist_ok=True)
    said = folder.with_name(f"{folder.name}.said")
    count = context().Value("i", 0, lock=False)
    begun = context().Value("d", 0.0, lock=False)
    words = (command, folder, fault, said, count, begun)
    process = context().Process(target=_be, args=words)
    process.start()
    if fault.seconds:
        while not begun.value and process.is_alive():
            time.sleep(0.001)
        process.join(fault.seconds)
        if process.is_alive() and process.pid:
            os.kill(process.pid, fault.signal)
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"`repro {' '.join(command.words)}` hangs: {said.read_text()[-2000:]}")
    seconds = time.monotonic() - begun.value
    text = said.read_text(errors="replace") if said.exists() else ""
    assert process.exitcode is not None
    return Ended(process.exitcode, count.value, seconds, text)


def _be(command: Command, folder: Path, fault: Fault, said: Path, count: Any, begun: Any) -> None:
    """Be the process of a command."""
    from support.faults.warm import forget

    os.chdir(folder)
    with said.open("wb") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    os.environ.update({"SOURCE_DATE_EPOCH": "0", "OMP_NUM_THREADS": "1", **command.environment})
    for name in ("HOME", "TMPDIR"):
        os.environ[name] = str(folder / name.lower())
        (folder / name.lower()).mkdir(exist_ok=True)
    tempfile.tempdir = None
    tempfile.gettempdir()  # which tries the folder by a file whose name nobody knows
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in jobs of the background
    forget("REPRO_TABLES" in command.environment)
    import cli

    for setup in command.setup:
        module, _, name = setup.partition(":")
        getattr(importlib.import_module(module), name)()
    sys.argv = ["repro", *command.words]
    sys.addaudithook(functools.partial(_audited, str(folder.resolve()), fault, count))
    begun.value = time.monotonic()
    cli.main()


def _audited(folder: str, fault: Fault, count: Any, event: str, args: tuple[object, ...]) -> None:
    """Count the operations on files in a folder; before one of them the fault befalls."""
    if event == "open":
        flags = args[2]
        changes = isinstance(flags, int) and bool(flags & WRITING)
    else:
        changes = event in CHANGES
    if not changes or not _within(folder, args):
        return
    count.value += 1
    if not fault.operation or count.value < fault.operation:
        return
    if fault.error:
        raise OSError(fault.error, os.strerror(fault.error), str(args[0]))
    if count.value == fault.operation and fault.lost:
        _lose(Path(folder) / fault.lost.rstrip("!"), fault.lost.endswith("!"))
    elif count.value == fault.operation:
        os.kill(os.getpid(), fault.signal)


def _lose(path: Path, replaced: bool) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if replaced:
        path.write_text("a file")


def _within(folder: str, args: tuple[object, ...]) -> bool:
    for path in args[:2]:
        if isinstance(path, str | os.PathLike):
            whole = os.path.join(os.getcwd(), os.fspath(path))  # noqa: PTH118, PTH109
            if isinstance(whole, str) and whole.startswith(folder):
                return True
        elif isinstance(path, bytes):
            return True
    return False


def contents(folder: Path, free: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Every file that a command wrote, with its bytes; those of a free pattern together."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        pattern = next((one for one in free if fnmatch.fnmatch(name, one)), None)
        if path.is_file() and not path.name.startswith(INDEX):
            found[pattern or name] = b"" if pattern else path.read_bytes()
    return found


@dataclass
class Trial:
    """A command killed again and again, and what its outputs should be."""

    command: Command
    folder: Path
    whole: Mapping[str, bytes] = field(init=False)
    ended: Ended = field(init=False)
    """how it ends undisturbed"""
    prepare: Callable[[Path], None] = lambda folder: None
    """what lies in the folder before"""

    def __post_init__(self) -> None:
        place = self.fresh("whole")
        self.ended = carried_out(self.command, place)
        assert self.ended.code == 0, self.ended.said
        self.whole = contents(place, self.command.free)
        assert self.whole, "it wrote nothing"

    def befallen(self, fault: Fault) -> str:
        """What is wrong after a fault befell a command and it was run again; empty for nothing."""
        place = self.fresh("befallen")
        ended = carried_out(self.command, place, fault)
        why = badly_ended(fault, ended)
        if why:
            return f"{why}: {ended.said[-1500:]}"
        if fault.lost.endswith("!") and (place / fault.lost[:-1]).is_file():
            (place / fault.lost[:-1]).unlink()
        return self.run_again(place)

    def run_again(self, place: Path) -> str:
        """What is wrong after the command was run once more; empty for nothing."""
        again = carried_out(self.command, place)
        if again.code != 0 or "Traceback" in again.said:
            return f"run again it ended with {again.code}: {again.said[-1500:]}"
        found = contents(place, self.command.free)
        if self.command.stray and found.keys() - self.whole.keys():
            carried_out(replace(self.command, words=self.command.stray), place)
            found = contents(place, self.command.free)
        return _difference(found, self.whole)

    def fresh(self, name: str) -> Path:
        """A folder with what the command finds there."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.prepare(place)
        return place


BY_LOADER = (127, "cannot allocate memory for thread-local data: ABORT\n")
"""how the loader of libraries ends a process for want of memory, which nobody can catch"""


def badly_ended(fault: Fault, ended: Ended) -> str:
    """What is wrong with how a command ended; empty for nothing."""
    if ended.code == BY_LOADER[0] and ended.said.endswith(BY_LOADER[1]):
        return ""
    if "Traceback" in ended.said:
        return f"it ended with {ended.code} and a traceback"
    expected = {-fault.signal if fault.signal == signal.SIGKILL else 128 + fault.signal}
    if not fault.fatal:
        expected = {0, 2, 6}
    elif fault.seconds:
        expected.add(0)  # it was at its end before
    if ended.code not in expected:
        return f"it ended with {ended.code}"
    if ended.code > 0 and not fault.fatal and "error: " not in ended.said:
        return f"it ended with {ended.code} and no sentence"
    return ""


def _difference(found: Mapping[str, bytes], whole: Mapping[str, bytes]) -> str:
    stray = sorted(found.keys() - whole.keys())
    lost = sorted(whole.keys() - found.keys())
    other = sorted(name for name in whole.keys() & found.keys() if found[name] != whole[name])
    parts = {"stray": stray, "lost": lost, "differing": other}
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)
