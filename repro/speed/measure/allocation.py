"""Keep freed memory in the process: large tensors are else mapped and unmapped in every call.

glibc gives blocks above a threshold back to the system as soon as they are freed, and the next
call pays for their pages again, one fault each. Results are the same to the bit; a batch of 16
takes less than half the time.
"""

import platform

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
