"""Where the papers lie: the tables that come with this package, and the folders of a user.

`$REPRO_TABLES` holds one folder or several, parted as in $PATH. Their papers come after ours. If
the first of them has a paper by the name of one of ours, it stands in the place of ours, all of
them. With `$REPRO_TABLES_ONLY` there are no papers but those of `$REPRO_TABLES`.
"""

import contextlib
import importlib.resources
import os
from collections.abc import Iterator
from pathlib import Path

from repro import env
from repro.errors import ReproError

VARIABLE, ONLY = "REPRO_TABLES", "REPRO_TABLES_ONLY"
STUDY = "study.toml"
_LEFT_OUT: dict[str, ReproError] = {}
_ALSO: list[Path] = []


def shipped() -> Path:
    """Ours: the packaged copy, else the checkout's."""
    packaged = Path(str(importlib.resources.files("repro"))) / "_tables"
    return packaged if packaged.is_dir() else packaged.parent.parent / "tables"


def chosen() -> list[Path]:
    """The folders of `$REPRO_TABLES`, there or not, and those that are looked at."""
    words = (env.variable(VARIABLE) or "").split(os.pathsep)
    named = [Path(word).expanduser() for word in words if word]
    return list(dict.fromkeys([*named, *_ALSO]))


@contextlib.contextmanager
def also(folder: Path) -> Iterator[None]:
    """For a while the papers of another folder are among those that are known."""
    known = {path.resolve() for path in (*chosen(), shipped())}
    beside = [] if folder.resolve() in known else [folder]
    _ALSO.extend(beside)
    try:
        yield
    finally:
        for path in beside:
            _ALSO.remove(path)


def added() -> list[Path]:
    """Those of them that are there; ReproError for a single one that is not.

    Of several those that are not are left out.
    """
    words = chosen()
    if len(words) == 1 and not words[0].is_dir():
        raise _no_folder(words[0])
    for folder in words:
        leave_out(str(folder), None if folder.is_dir() else _no_folder(folder))
    return [folder for folder in words if folder.is_dir()]


def _no_folder(folder: Path) -> ReproError:
    return ReproError(f"{VARIABLE} is `{folder}`, which is not a directory.", "Make or correct it.")


def tables_dir() -> Path:
    """The folder of our papers, or the one that stands in its place."""
    others = added()
    return others[0] if others and is_ours(others[0]) else shipped()


def study_folders() -> list[Path]:
    """The folders of papers, ours or what stands in its place first."""
    first = tables_dir()
    rest = [folder for folder in added() if folder != first]
    return rest if env.variable(ONLY) and rest and first == shipped() else [first, *rest]


def leave_out(what: str, error: ReproError | None) -> None:
    """Remember what is wrong with something of a user's that is left out; None: it is whole."""
    _LEFT_OUT.pop(what, None)
    if error is not None:
        _LEFT_OUT[what] = error


def forget_left_out() -> None:
    """Nothing is left out so far."""
    _LEFT_OUT.clear()


def left_out() -> list[ReproError]:
    """What is wrong with what was left out of the papers so far."""
    return list(_LEFT_OUT.values())


def is_ours(folder: Path) -> bool:
    """Whether a folder has a paper by the name of one of ours."""
    return bool(names(folder) & names(shipped()))


def names(folder: Path) -> set[str]:
    """The names of the papers in a folder."""
    return {path.parent.name for path in folder.glob(f"*/{STUDY}")}


def trusted() -> set[str]:
    """The names of our papers, or of those in the place of ours: whoever breaks them must know."""
    first = study_folders()[0]
    if first != tables_dir():
        return set()
    return {name for name in names(first) if len(places_of(name)) == 1}


def all_names() -> list[str]:
    """The names of all papers, whole or not, those of each folder in order."""
    found = [name for folder in study_folders() for name in sorted(names(folder))]
    return list(dict.fromkeys(found))


def study_folder(name: str) -> Path:
    """The folder of the paper of exactly that name; ReproError where two folders have it."""
    places = places_of(name)
    if len(places) > 1:
        raise twice(name, places)
    return places[0] if places else study_folders()[0] / name


def places_of(name: str) -> list[Path]:
    """The folders of all papers of exactly that name."""
    return [folder / name for folder in study_folders() if (folder / name / STUDY).exists()]


def twice(name: str, places: list[Path]) -> ReproError:
    """The error for a name that two papers have."""
    both = " and ".join(f"`{place}`" for place in places)
    cure = "Rename one: its folder, and `name` in its study.toml; or take a slug away."
    return ReproError(f"The name `{name}` is twice, in {both}.", cure)


def hold_nothing() -> bool:
    """Whether a user names a single folder, and it holds no paper."""
    others = added()
    return len(others) == 1 and not names(others[0])


def empty() -> ReproError:
    """The error for no papers at all."""
    places = added() or [tables_dir()]
    return ReproError(
        f"No studies under {', '.join(f'`{folder}`' for folder in places)}.",
        f"`repro new paper NAME` begins one; or unset {VARIABLE}.",
    )


def files(name: str) -> list[Path]:
    """The files of a name that lie in the folders themselves; ours, which must be there, first."""
    first = tables_dir()
    others = (folder / name for folder in added() if folder != first)
    return [first / name, *(path for path in others if path.is_file())]


def shown(path: Path) -> str:
    """How a file of tables is called: ours from their folder on, others in full."""
    ours = shipped()
    if ours in path.parents:
        return "/".join(("tables", *path.relative_to(ours).parts))
    return str(path)
