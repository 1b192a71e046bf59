"""Python processes of this project that this one starts."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def command(module: str, *words: str) -> list[str]:
    """The command line that runs a module of this project, whatever the working folder."""
    return [sys.executable, "-P", "-m", module, *words]


def path_variable() -> dict[str, str]:
    """The variable by which such a process finds the modules that this one has."""
    known = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(known)}
