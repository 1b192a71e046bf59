"""The memory of this process: what it holds, the most it held, and that it keeps what it frees.

glibc gives blocks above a threshold back to the system as soon as they are freed, and the next
call pays for their pages again, one fault each. Where they are kept, results are the same to the
bit; a batch of 16 takes less than half the time.
"""

import platform
from pathlib import Path

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
# names and values of malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
SETTINGS = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 256 * 2**20))
"""never map single blocks, never give back the top of the heap, grow it by 256 MiB at a time"""
KEPT = "freed memory is kept (glibc mallopt)"
USUAL = "as the system does"


def keep_freed(wanted: bool = True) -> str:
    """Let this process keep what it frees; what was done, in words. Linux with glibc only.

    Only memory that is asked for afterwards is kept, so call it before torch is imported.
    """
    if not wanted or not _glibc():
        return USUAL
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return USUAL
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    done = [mallopt(name, value) == 1 for name, value in SETTINGS]
    return KEPT if all(done) else USUAL


def give_back() -> None:
    """Return the freed memory of this process to the system, where that can be asked for."""
    if not _glibc():
        return
    import ctypes

    try:
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
    except (OSError, AttributeError):
        return


def _glibc() -> bool:
    return platform.system() == "Linux" and platform.libc_ver()[0] == "glibc"


def resident() -> int:
    """Bytes that the process holds now."""
    return _status("VmRSS") or _highest()


def peak() -> int:
    """Bytes it held at its highest since `forget_peak`; since its start where that did nothing."""
    return _status("VmHWM") or _highest()


def forget_peak() -> None:
    """Let the peak begin anew (Linux)."""
    try:
        FORGET.write_text("5", encoding="ascii")
    except OSError:
        return


def _status(name: str) -> int:
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def _highest() -> int:
    try:
        import resource
    except ImportError:
        return 0
    import sys

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest * (1 if sys.platform == "darwin" else 1024)
