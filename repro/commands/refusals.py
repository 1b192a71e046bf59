"""What Python or the system refuses a command: parts that are not there, memory, files, threads."""

import errno
import re
import sys

from repro.commands.common import complain
from repro.errors import ReproError

LIMITS = "`ulimit -a` shows the limits that this process has."
SYSTEM = {
    errno.EMFILE: "This process has too many open files",
    errno.ENFILE: "This machine has too many open files",
    errno.EAGAIN: "The system lets this user start no more processes or threads",
    errno.ENOMEM: "The system gives no more memory",
}
"""error of the system without a file's name -> what it means"""
LIBRARY = re.compile(r"(?P<file>[^\s:`']+\.(so|dylib)[\w.]*): (?P<why>.+)")
"""how the loader of shared libraries says that it failed"""
OWN = ("cli", "repro", "zoo")


def told(error: BaseException) -> bool:
    """Whether an error is such a refusal, which is said in a sentence then; a bug is not."""
    refusal = refusal_of(error)
    if refusal is not None:
        complain(refusal)
    return refusal is not None


def refusal_of(error: BaseException) -> ReproError | None:
    """The sentence for an error that is not ours; None for any other one."""
    if isinstance(error, MemoryError):
        return ReproError("There is not enough memory for this.", LIMITS)
    if isinstance(error, OSError) and error.filename is None and error.errno in SYSTEM:
        return ReproError(f"{SYSTEM[error.errno]} ({error.strerror}).", LIMITS)
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return ReproError(f"{SYSTEM[errno.EAGAIN]} ({error}).", LIMITS)
    return _of_import(error) if isinstance(error, ImportError) else None


def _of_import(error: ImportError) -> ReproError | None:
    """The sentence for a module that is absent, or whose libraries cannot be loaded."""
    library = next(filter(None, map(LIBRARY.search, _texts(error))), None)
    if library is not None:
        file = library["file"].rpartition("/")[2]
        return ReproError(
            f"The library `{file}` cannot be loaded: {library['why'].strip():.160}.",
            "Is there too little memory (`ulimit -v`), or is the installation damaged?",
        )
    name = error.name or ""
    package = name.partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package in sys.stdlib_module_names:
        return ReproError(
            f"This Python was built without `{name}`, a part of its standard library.",
            "Install what that needs and build Python again, or take another Python.",
        )
    if isinstance(error, ModuleNotFoundError) and package not in ("", *OWN):
        return ReproError(
            f"This needs `{package}`, which is not installed.",
            "pip install it; `repro doctor` lists what is absent.",
        )
    if package in ("", *OWN):
        return None
    reason = next(iter(str(error).strip().splitlines()), "it says nothing")
    return ReproError(
        f"`{package}` cannot be imported: {reason:.160}.", "Is its installation damaged?"
    )


def _texts(error: BaseException | None) -> list[str]:
    """What an error and those behind it say, the first cause first."""
    texts: list[str] = []
    while error is not None and len(texts) < 8:
        texts.insert(0, str(error))
        error = error.__cause__ or error.__context__
    return texts
