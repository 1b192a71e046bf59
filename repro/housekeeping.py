"""Look over the store, and clear what no run would use."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import zoo
from repro import schema
from repro.errors import ReproError
from repro.spec import Evaluation, Spec
from repro.store import Record, Store


@dataclass(frozen=True, slots=True)
class Entry:
    """One record file."""

    key: str
    state: str
    """current, stale (the code has changed since) or broken"""
    run: str
    path: Path

    def described(self) -> dict[str, str]:
        """The entry as plain data."""
        return {**asdict(self), "path": self.path.as_posix()}


def entries(store: Store) -> list[Entry]:
    """Every record file and its state."""
    return [_entry(path, record) for path, record in store.all()]


def collect(store: Store, dry_run: bool) -> list[Path]:
    """Remove broken and stale records; return their files."""
    found = [entry.path for entry in entries(store) if entry.state != "current"]
    for left_over in ("??/" + "[0-9a-f]" * 64 + "*.broken", "??/.repro-*.tmp"):
        found += sorted(store.folder.glob(left_over))
    return _remove(store, found, dry_run)


def remove(store: Store, key: str) -> list[Path]:
    """Remove the records whose key begins so; raise if that means several keys or none."""
    matching = [entry for entry in entries(store) if entry.key.startswith(key)]
    keys = {entry.key for entry in matching}
    if len(key) < 6 or len(keys) != 1:
        found = f"{len(keys)} records" if len(key) >= 6 else "too little to name a record"
        raise ReproError(f"`{key}` means {found}.", "`repro records ls` shows the keys.")
    return _remove(store, [entry.path for entry in matching], dry_run=False)


def _remove(store: Store, paths: list[Path], dry_run: bool) -> list[Path]:
    for path in paths if not dry_run else ():
        store.remove(path)
    return paths


def _entry(path: Path, record: Record | None) -> Entry:
    if record is None:
        return Entry(path.name.partition(".")[0], "broken", "not a whole record", path)
    networks, machine = record.spec.get("networks"), record.spec.get("machine")
    if record.spec.get("kind") == "speed" and isinstance(networks, list):
        # what was timed then is no less true of that machine since the code has changed
        return Entry(record.key, "current", f"timing of {len(networks)} on {machine}", path)
    spec = _spec(record.spec)
    if spec is None:
        return Entry(record.key, "stale", str(record.spec.get("model", "unknown")), path)
    return Entry(record.key, "current" if spec.key == record.key else "stale", str(spec), path)


def _spec(data: Mapping[str, object]) -> Spec | Evaluation | None:
    try:
        if data.get("kind") == "evaluate":
            return schema.read(Evaluation, data, "record")
        spec = schema.read(Spec, data, "record")
    except ReproError:
        return None
    return spec if spec.model in zoo.MODELS else None
