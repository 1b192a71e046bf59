"""The catalogue of official files agrees with itself and with the data sets."""

import re
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import downloads
from repro.papers.datasets import DATASETS, REAL


def test_every_split_of_every_real_data_set_is_fed() -> None:
    entries = downloads.catalogue().file
    fed = {(entry.dataset, split, entry.part) for entry in entries for split in entry.feeds}
    for name in REAL:
        for split, files in DATASETS[name].splits.items():
            for part in downloads.PARTS:
                asked = getattr(files, part)
                assert ((name, split, part) in fed) == (asked.fetch is not None), (name, split)


def test_files_lie_where_they_are_looked_for() -> None:
    for entry in downloads.catalogue().file:
        assert entry.page.startswith("http")
        assert entry.address is None or re.match(
            r"https?://.+/" + re.escape(entry.name), entry.address
        )
        if not entry.archive:
            path = str(Path(entry.into) / entry.name)
            assert all(path in part.paths for part in entry.parts()), path


def test_sizes_are_those_that_are_told_by_hand_too() -> None:
    by_name = {entry.name: entry for entry in downloads.catalogue().file}
    for dataset in REAL:
        for files in DATASETS[dataset].splits.values():
            for part in downloads.PARTS:
                fetch = getattr(files, part).fetch
                if fetch is not None and fetch.what in by_name and by_name[fetch.what].size:
                    assert by_name[fetch.what].size == fetch.size.removeprefix("about ")
    assert by_name["train2017.zip"].about == 18 * 10**9
    assert by_name["crowdpose_val.json"].about == 2746206


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('dataset = "coco"', 'dataset = "coko"', "There is no data set `coko`"),
        ('part = "images"', 'part = "image"', "There is no part of a data set `image`"),
        ('feeds = ["val2017"]', 'feeds = ["val2018"]', "There is no split of coco `val2018`"),
        ('size = "1 GB"', 'size = "1 GiB"', "`1 GiB` is no size"),
        ("address = ", "adress = ", "There is no key"),
        ('by_hand = "', 'note = "', "needs either an address or what to do by hand"),
    ],
)
def test_a_wrong_entry_is_one_sentence(own_tables: Path, old: str, new: str, said: str) -> None:
    file = own_tables / "downloads.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ReproError, match=re.escape(said)):
        downloads.catalogue()
