"""The records that a revision of this checkout has committed, read without checking it out."""

import io
import subprocess
import tarfile
from pathlib import Path

from repro.errors import ReproError
from repro.records.record import NAME

FOLDER = "records"
SECONDS = 60.0
CURE = (
    "Give `published`, a folder of records, a file that --json wrote, or a git revision; alone it "
    "may be a paper."
)


def commit(word: str) -> str:
    """The commit that a revision means; ReproError where there is none or no checkout."""
    what = f"`{word:.200}` is no folder and no file"
    try:
        _git("rev-parse", "--git-dir")
    except OSError as error:
        raise ReproError(f"{what}, and without git there are no revisions.", CURE) from error
    except subprocess.SubprocessError as error:
        raise ReproError(f"{what}, and this folder is no git checkout.", CURE) from error
    try:
        revision = _git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}"
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ReproError(f"{what}, nor a revision of this checkout.", CURE) from error
    return revision.decode().strip()


def unpack(revision: str, folder: Path) -> None:
    """Write the records of a commit below a folder, and nothing that is no record."""
    try:
        top = _git("rev-parse", "--show-toplevel").decode().strip()
        packed = _git("-C", top, "archive", "--format=tar", revision, FOLDER)
    except (OSError, subprocess.SubprocessError) as error:
        raise ReproError(
            f"Revision `{revision[:12]}` has no `{FOLDER}/`.", "Name one that has committed some."
        ) from error
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            parts = Path(member.name).parts
            if not member.isfile() or len(parts) != 3 or not NAME.fullmatch(parts[2]):
                continue
            content = archive.extractfile(member)
            if content is not None and parts[2].startswith(parts[1]):
                path = folder / parts[2][:2] / parts[2]
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content.read())


def _git(*words: str) -> bytes:
    command = ("git", *words)
    done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    return done.stdout
