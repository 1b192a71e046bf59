"""The folder of a rehearsal: its stand-ins made, fetched as official files are, and kept."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from repro import schema
from repro.data import stand_ins
from repro.errors import ReproError
from repro.fetching.order import FetchSettings, fetch
from repro.files import write_whole
from repro.papers.datasets import DATASETS, Dataset
from repro.records import lock
from repro.rehearsal import mirror

STATE = "rehearsal.json"
"""in the folder: what it is, and which stand-ins were fetched whole"""
BRIEF = 6
"""pictures that a training is evaluated on, the first of those that its network is"""
VERSION = 1


Making = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]
"""called with how many pictures are to be made, and of what; its value with every 1 done"""


@dataclass(frozen=True)
class Ground:
    """What lies in the folder of a rehearsal."""

    folder: Path
    share: float
    splits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """data set -> split -> pictures, of what was fetched whole"""

    @property
    def data(self) -> Path:
        """The stand-ins, in the official layout."""
        return self.folder / "data"

    @property
    def brief(self) -> Path:
        """A few of the pictures, for evaluations during trainings."""
        return self.folder / "brief"

    @property
    def records(self) -> Path:
        """The folder of the store."""
        return self.folder / "records"

    def supply(self, splits: Mapping[str, Sequence[str]], making: Making) -> "Ground":
        """The same with the stand-ins for these splits of data sets there, fetched where absent.

        Raise ReproError where there is no room, or what was made does not come whole.
        """
        ground = self
        for name, needed in splits.items():
            have = ground.splits.get(name, {})
            dataset = DATASETS[name]
            counts = {
                split: stand_ins.count(dataset, split, self.share)
                for split in dataset.splits
                if split in needed or split in have
            }
            if counts == have:
                continue
            self._fetch(dataset, counts, making)
            brief = dict.fromkeys(needed[1:], BRIEF)
            stand_ins.write(self.brief / dataset.folder, dataset, brief, self.share)
            ground = replace(ground, splits={**ground.splits, name: counts})
            ground.keep()
        return ground

    def _fetch(self, dataset: Dataset, counts: Mapping[str, int], making: Making) -> None:
        taken = f"Another rehearsal makes its pictures in `{self.folder}`"
        with lock.held(self.folder / "lock", taken, "Wait for it, or choose another --out."):
            self._made_and_fetched(dataset, counts, making)

    def _made_and_fetched(
        self, dataset: Dataset, counts: Mapping[str, int], making: Making
    ) -> None:
        folder = self.folder / "mirror"
        with making(sum(counts.values()), f"pictures in place of {dataset.title}") as tell:
            files = mirror.made(folder, dataset, counts, self.share, self.data, tell)
        settings = FetchSettings((str(folder / dataset.folder),), offline=True)
        for failure in fetch(files, settings, lambda *_: None).failures.values():
            raise failure

    def keep(self) -> None:
        """Write down what is there."""
        state = {"version": VERSION, "share": self.share, "splits": self.splits}
        try:
            write_whole(self.folder / STATE, json.dumps(state, indent=1) + "\n")
        except OSError as error:
            raise ReproError(
                f"`{self.folder}` cannot be written: {error.strerror}.",
                "Make room, or give another folder with --out.",
            ) from error


def opened(folder: Path, share: float) -> Ground:
    """The folder of a rehearsal, new or gone on with.

    Raise ReproError for a share that none can have, and for a folder that is something else.
    """
    if not 0 < share <= 1:  # nan too
        raise ReproError(
            f"A share of `{share:g}` of the official pictures cannot be made.",
            "Give one above 0, at most 1, as in --share 0.02.",
        )
    path = folder / STATE
    if not path.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ReproError(
                f"`{folder}` is not empty, and no rehearsal is in it.",
                "Choose another folder with --out.",
            )
        ground = Ground(folder, share)
        ground.keep()
        return ground
    try:
        state = schema.json_file(path)
        version, former, splits = (state[name] for name in ("version", "share", "splits"))
        ground = Ground(folder, former, {name: dict(counts) for name, counts in splits.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReproError(
            f"`{path}` is broken.", f"Remove `{folder}`, or choose another with --out."
        ) from error
    if (version, former) != (VERSION, share):
        raise ReproError(
            f"`{folder}` holds a rehearsal at a share of {former}, by version {version} of it.",
            f"Say --share {former}, or choose another folder with --out.",
        )
    return ground
