"""What `repro fetch` and `repro weights` answer on published files."""

from typing import TypedDict

from repro.papers.values import Size


class FetchedFileAnswer(TypedDict):
    """An official file, and what became of it."""

    name: str
    what: str
    state: str
    """here, fetched, to_fetch, by_hand, or failed"""
    path: str
    """where it lies or belongs; of an archive the folder that it is unpacked into"""
    address: str | None
    page: str
    by_hand: str | None
    """what to do on the page, where there is no address"""
    bytes: int | None
    """exact, or rounded as the page states them"""
    sha256: str | None
    """or its first digits, where no more are published"""
    licence: str | None
    feeds: list[str]
    note: str | None
    source: str | None
    """where it was fetched from now"""
    shown: str | None
    """what shows that it is the published file"""
    why: str | None
    """why it failed"""


class FetchNeed(TypedDict):
    """What is to be downloaded, as far as sizes are stated."""

    download: int
    """bytes"""
    unpacked: int
    """bytes at least that archives become"""
    unstated: int
    """files of which no size is stated"""
    free: int
    """bytes"""


class FetchAnswer(TypedDict):
    """`repro fetch`."""

    files: list[FetchedFileAnswer]
    need: FetchNeed | None
    """null with --list"""
    unpublished: list[str]
    """weights that cells need and nobody publishes"""
    answers: str
    """what is known of whether the addresses answer"""
    exit: int


class PublishedFile(TypedDict):
    """A published checkpoint; null where the page alone has it."""

    model: str
    dataset: str
    input: Size
    file: str | None
    publisher: str
    page: str
    address: str | None
    """where `repro fetch` gets it"""
    licence: str | None
    another_training: bool
    """whether no printed row quotes it"""
    size: int | None
    """bytes"""
    sha256: str | None
    sha256_begins: str | None
    figures: dict[str, str]
    """metric -> per cent as published"""
    protocol: str | None


class ListedFile(PublishedFile):
    """A published checkpoint, and where it lies here."""

    present: str | None


class WeightsAnswer(TypedDict):
    """`repro weights`."""

    checkpoints: list[ListedFile]
    unpublished: str | None
    """why there is none"""
