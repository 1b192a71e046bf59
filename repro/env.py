"""What machine and software this is: the fingerprint in every record, and the environment."""

import functools
import os
import sys
from collections.abc import Mapping
from pathlib import Path

__version__ = "0.1.0"

LIBRARIES = (
    "torch",
    "timm",
    "torchvision",
    "fvcore",
    "numpy",
    "pandas",
    "opencv-python-headless",
    "onnxruntime",
    "pycocotools",
    "faster-coco-eval",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
WAIT_POLICY = "OMP_WAIT_POLICY"


def variable(name: str) -> str | None:
    """An environment variable; None where it is unset or empty."""
    return os.environ.get(name) or None


def version(library: str) -> str | None:
    """The installed version of a distribution, without importing it; None if it is absent."""
    from importlib import metadata

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def cache_folder() -> Path | None:
    """Where copies of what takes long are kept: $REPRO_CACHE, else the user's cache folder.

    None for a user without a home.
    """
    chosen = variable("REPRO_CACHE")
    try:
        if chosen is not None:
            return Path(chosen).expanduser()
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(variable("LOCALAPPDATA") or home / "AppData" / "Local") / "pose-repro"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "pose-repro"
    return Path(variable("XDG_CACHE_HOME") or home / ".cache") / "pose-repro"


def cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def set_variables(values: Mapping[str, str | None]) -> None:
    """Set variables of the environment, or take those away that are None, for children, too."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def thread_variables(shared: bool) -> dict[str, str | None]:
    """The variables by which another process takes as many threads as this one would.

    The number of threads moves the last digits of a network. Where the cores are `shared`, threads
    sleep while they wait, so that others get on.
    """
    policy = variable(WAIT_POLICY) or ("PASSIVE" if shared else None)
    return {WAIT_POLICY: policy, **{name: variable(name) for name in THREAD_VARIABLES}}


def now() -> str:
    """The present time, UTC; of $SOURCE_DATE_EPOCH where that is set, for results that repeat."""
    import datetime

    fixed = variable("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    moment = datetime.datetime.now(utc)
    if fixed is not None and fixed.isdecimal() and len(fixed) < 12:
        moment = datetime.datetime.fromtimestamp(int(fixed), utc)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def repeats() -> bool:
    """Whether results shall repeat to the byte, so that nothing is kept of how long they took."""
    return variable("SOURCE_DATE_EPOCH") is not None


def libraries() -> dict[str, str]:
    """The versions of the libraries that results may depend on."""
    versions = {name: version(name) for name in LIBRARIES}
    return {name: number for name, number in versions.items() if number is not None}


def processor() -> str:
    """The processor's name as the system gives it."""
    import platform

    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@functools.cache
def revision() -> str | None:
    """The git commit of the checkout this package lies in, `+` appended if it is changed."""
    import subprocess

    folder = Path(__file__).resolve().parent.parent
    if not (folder / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        command = ("git", "-C", str(folder), *arguments)
        return subprocess.run(
            command, capture_output=True, text=True, timeout=5, check=True
        ).stdout.strip()

    try:
        head = git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if git("status", "--porcelain", "repro", "zoo") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def fingerprint() -> dict[str, str | int | dict[str, str]]:
    """What a record keeps of the machine and the software: no name of host, user or folder."""
    import platform

    import psutil

    facts: dict[str, str | int | dict[str, str] | None] = {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": processor(),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "libraries": libraries(),
        "commit": revision(),
    }
    return {key: value for key, value in facts.items() if value is not None}
