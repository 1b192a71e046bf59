"""What this process holds in memory, and the most it held since a moment of our choice."""

from pathlib import Path

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident() -> int:
    """Bytes that the process holds now."""
    return _status("VmRSS") or _ever()


def peak() -> int:
    """Bytes it held at its highest since `forget_peak`; since its start where that did nothing."""
    return _status("VmHWM") or _ever()


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


def _ever() -> int:
    try:
        import resource
    except ImportError:
        return 0
    import sys

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest * (1 if sys.platform == "darwin" else 1024)
