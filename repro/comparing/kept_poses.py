"""The poses of an evaluation that a user names: by the key of its record, or as a results file."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from repro.data.people import Annotations
from repro.errors import IncomparableError, ReproError
from repro.evaluation import predictions
from repro.files import temporary_folder
from repro.records.record import Record
from repro.records.store import Store

KEY = re.compile(r"[0-9a-f]{6,64}")


def record_of(word: str, store: Store) -> Record | None:
    """The evaluation whose key begins so; None for a file. A ReproError for what is neither."""
    if Path(word).is_file():
        return None
    matching = {
        stored.record.key: stored.record
        for stored in (store.of_key(word) if KEY.fullmatch(word) else ())
        if stored.record.spec.get("kind") == "evaluate"
    }
    if not KEY.fullmatch(word) or len(matching) != 1:
        what = f"{len(matching)} evaluations begin with `{word}`"
        raise ReproError(
            f"{what if KEY.fullmatch(word) else f'There is no file `{word}`'} in `{store.folder}`.",
            "Give a results file, or the beginning of a key that `repro records ls` shows.",
        )
    return next(iter(matching.values()))


def check_data(word: str, record: Record | None, expected: Annotations, annotations: Path) -> None:
    """Raise IncomparableError for a record that was made on other annotations."""
    data = {} if record is None else record.spec.get("data", {})
    if isinstance(data, dict) and data.get("annotations", expected.sha256) != expected.sha256:
        raise IncomparableError(
            f"Record `{word}` was evaluated on {data.get('name')}, not on `{annotations}`.",
            "Give the annotations it was evaluated on.",
        )


def name_of(word: str, record: Record | None) -> str:
    """What the evaluation is called: its file, or its weights and the beginning of its key."""
    if record is None:
        return Path(word).name
    weights = record.spec.get("weights")
    name = weights.get("name") if isinstance(weights, dict) else None
    return f"{name or record.spec.get('model')} ({record.key[:8]})"


@contextlib.contextmanager
def poses_file(word: str, record: Record | None, store: Store) -> Iterator[Path]:
    """The results as a file: the user's own, or for a while one with what the record keeps."""
    if record is None:
        yield Path(word)
        return
    with temporary_folder() as folder:
        plain = folder / "predictions.json"
        plain.write_bytes(predictions.kept(store.artifacts(record.key)))
        yield plain
