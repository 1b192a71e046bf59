"""What machine and software this is: the fingerprint in every record, and the environment."""

import functools
import itertools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
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
    "onnx",
    "onnxruntime",
    "openvino",
    "pycocotools",
    "faster-coco-eval",
    "hotcoco",
    "scipy",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
WAIT_POLICY = "OMP_WAIT_POLICY"
GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""where Linux shows control groups, and which of them are a process's own"""
OUTSIDE = "REPRO_ALLOW_OUTSIDE"
PIXELS = "REPRO_MOST_PIXELS"
USUAL_PERIOD = 100_000
"""microseconds that a quota of cores is for, where none are named"""


def variable(name: str) -> str | None:
    """An environment variable; None where it is unset or empty."""
    return os.environ.get(name) or None


def outside_allowed() -> bool:
    """Whether names of pictures in a file may lead out of their folder."""
    return variable(OUTSIDE) not in (None, "0")


def allow_outside(allowed: bool) -> bool:
    """Allow it, or not, to this process and to those that it starts."""
    os.environ.pop(OUTSIDE, None)
    if allowed:
        os.environ[OUTSIDE] = "1"
    return allowed


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


def machine_cores() -> int:
    """The processors of this machine, as its system counts them."""
    return os.cpu_count() or 1


def physical_cores() -> int:
    """The cores of this machine, each once though it may run two threads."""
    import psutil

    return psutil.cpu_count(logical=False) or machine_cores()


def affinity() -> list[int] | None:
    """The processors that this process may be put on; None where the system does not tell."""
    told = getattr(os, "sched_getaffinity", None)
    return sorted(told(0)) if told else None


def cores() -> int:
    """The cores that this process may use: what threads and processes are counted by."""
    return max(1, int(allowed_cores()))


def thread_limit() -> int | None:
    """How many threads a library may take that counts the cores of the machine; None for all."""
    return cores() if cores() < physical_cores() else None


def allowed_cores(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> float:
    """The cores that this process may use, in parts where a quota says so: 0.5 for half of one.

    The least of the affinity and of the quotas of its control groups, of version 1 and 2, on the
    whole way from the root: a group has no more than those that it lies in. Shares and weights,
    which only count while others want the same cores, are no limit.
    """
    processors = affinity()
    limits = [float(len(processors) if processors else machine_cores())]
    for folder in group_folders(("cpu", "cpuacct"), groups, own):
        quota, period = _cpu_quota(folder)
        if quota > 0 and period > 0:
            limits.append(quota / period)
    return min(limits)


def free_memory(groups: Path = GROUPS, own: Path = OWN_GROUPS) -> int:
    """Bytes that this process may still take: of the machine, and of each of its control groups."""
    import psutil

    free = [int(psutil.virtual_memory().available)]
    for folder in group_folders(("memory",), groups, own):
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            numbers = _numbers(folder / limit), _numbers(folder / used)
            if all(numbers):
                free.append(max(0, numbers[0][0] - numbers[1][0]))
    return min(free)


def group_folders(
    controllers: Sequence[str], groups: Path = GROUPS, own: Path = OWN_GROUPS
) -> Iterator[Path]:
    """The folders of the control groups that limit this process, from the root to its own.

    A container often sees its own group as the root, so that folders on the way may be missing.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    paths = {"": "/", **dict.fromkeys(controllers, "/")}
    for line in lines:
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        paths |= {name: path for name in names.split(",") if name in paths}
    roots = {groups: "", groups / "unified": ""}
    for name in controllers:
        roots |= {folder: name for folder in sorted(groups.glob(f"*{name}*")) if folder.is_dir()}
    for root, name in roots.items():
        folder = root
        yield folder
        for part in paths[name].split("/"):
            if part not in ("", ".", ".."):
                folder /= part
                yield folder


def _cpu_quota(folder: Path) -> tuple[float, float]:
    """Quota and period of a group; zeros where it has none."""
    quota = _numbers(folder / "cpu.max")  # `max 100000` where there is no quota
    if quota:
        return quota[0], quota[1] if len(quota) > 1 else USUAL_PERIOD
    quota, period = _numbers(folder / "cpu.cfs_quota_us"), _numbers(folder / "cpu.cfs_period_us")
    return (quota[0], period[0]) if quota and period else (0, 0)


def _numbers(path: Path) -> list[int]:
    """The whole numbers that a small file begins with; none where there is no such file."""
    try:
        words = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []
    return [int(word) for word in itertools.takewhile(_is_count, words)]


def _is_count(word: str) -> bool:
    return word.isdecimal() and len(word) < 20


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


def gpu() -> str | None:
    """The GPU that this process computes on, as CUDA calls it; None where it uses none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return str(torch.cuda.get_device_name())


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
        "gpu": gpu(),
        "cores": physical_cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "libraries": libraries(),
        "commit": revision(),
    }
    return {key: value for key, value in facts.items() if value is not None}
