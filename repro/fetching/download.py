"""Download one file over HTTP: continued where it was cut, never mixed from two states of it.

The requests are made by pooch's downloader; what is added is what to ask for, and what to do with
the answer.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from repro.fetching import space
from repro.fetching.partial import Origin, Partial, SourceError, refuse_page, unusable
from repro.fetching.wanted_file import WantedFile

if TYPE_CHECKING:
    from requests import Response

CHUNK = 2**16
"""bytes that are lost at most where a connection is cut"""
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""answers after which it is tried again"""
TOO_LARGE = 2
"""times the stated size: what is larger is another file"""

Tell = Callable[[str, int, int | None], None]
"""is told what is going on, how many bytes are there, and of how many"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for, and how often it is asked again."""

    timeout: float = 30.0
    """seconds without a byte"""
    attempts: int = 4
    """in a row that bring nothing new"""
    most: int = 200
    """in all"""
    pause: float = 1.0
    """seconds before the second attempt; twice as long before each that follows"""


class CutError(Exception):
    """A transfer ended early, in a way that another attempt may mend."""


def download(
    address: str,
    wanted: WantedFile,
    partial: Partial,
    tell: Tell,
    patience: Patience | None = None,
) -> None:
    """Make the partial file whole from an address.

    Raise SourceError where the server does not give it, DiskError where the disk does not take it;
    the bytes that came are kept either way, unless they are of no use.
    """
    try:
        _until_whole(address, wanted, partial, tell, patience or Patience())
    finally:
        if partial.size == 0:
            partial.clear()


def _until_whole(
    address: str, wanted: WantedFile, partial: Partial, tell: Tell, patience: Patience
) -> None:
    """Ask again and again, each time for what is not here yet."""
    furthest, idle = partial.size, 0
    for _ in range(patience.most):
        try:
            _attempt(address, wanted, partial, tell, patience.timeout)
            return
        except CutError as error:
            reason = str(error)
        except OSError as error:
            kept = f"; {partial.size:,} bytes of it are kept" if partial.size else ""
            raise unusable(partial.path, error, kept) from error
        idle = 0 if partial.size > furthest else idle + 1
        furthest = max(furthest, partial.size)
        if idle >= patience.attempts:
            break
        time.sleep(min(60.0, patience.pause * 2 ** max(idle - 1, 0)))
    kept = f" {partial.size:,} bytes are kept: the same command goes on." if partial.size else ""
    raise SourceError(f"`{address}` did not give `{wanted.name}` whole: {reason}.{kept}")


def _attempt(
    address: str, wanted: WantedFile, partial: Partial, tell: Tell, timeout: float
) -> None:
    """One request; CutError where another may help."""
    import pooch
    import requests
    from urllib3.exceptions import HTTPError

    with Transfer(address, wanted, partial, tell) as transfer:
        if transfer.whole:
            return
        downloader = pooch.HTTPDownloader(
            chunk_size=CHUNK,
            timeout=timeout,
            headers=transfer.headers(),
            hooks={"response": transfer.answered},
        )
        try:
            downloader(address, transfer, None)
        except requests.HTTPError as error:
            transfer.refused(error.response)
        except (
            *(requests.TooManyRedirects, requests.exceptions.InvalidSchema),
            *(requests.exceptions.InvalidURL, requests.exceptions.MissingSchema),
        ) as error:
            raise SourceError(f"`{address}` leads nowhere: {_first_words(error)}.") from error
        except (requests.RequestException, HTTPError) as error:
            words = _first_words(error)
            silent = isinstance(error, requests.Timeout) or "timed out" in words
            why = (
                f"nothing came for {timeout:g} s" if silent else f"the connection failed ({words})"
            )
            raise CutError(why) from error
        transfer.ended()


def _first_words(error: Exception) -> str:
    """What an error says, in a line that a person reads."""
    cause: Exception | None = error
    while cause is not None:
        error, parts = cause, (getattr(cause, "reason", None), *cause.args)
        cause = next((part for part in parts if isinstance(part, Exception)), None)
    return " ".join(str(error).rpartition("): ")[2].split())[:160].rstrip(".")


class Transfer:
    """One attempt: what it asks for, what was answered, and the file that the bytes go to.

    It is the file that pooch writes to.
    """

    def __init__(self, address: str, wanted: WantedFile, partial: Partial, tell: Tell) -> None:
        self.address, self.wanted, self.partial, self.tell = address, wanted, partial, tell
        self.origin = partial.origin()
        self.asked = 0
        """the first byte that was asked for"""
        self.size = partial.size
        self.total: int | None = None
        """bytes of the whole file, as the server says"""
        self.response: Response | None = None
        self.file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    @property
    def whole(self) -> bool:
        """Whether nothing is left to fetch."""
        total = self.origin.total if self.origin else None
        return self.size > 0 and self.size == (total if total is not None else self.wanted.size)

    def headers(self) -> dict[str, str]:
        """What is asked for: the rest, where it is sure to fit what is here; else all.

        It fits where the server can compare the state of its file with ours, or a hash will tell.
        """
        same = self.origin is not None and self.origin.address == self.address
        validator = self.origin.validator if self.origin is not None and same else ""
        if self.size and not (validator or self.wanted.sha256):
            self._begin_anew()
        headers = {"Accept-Encoding": "identity"}
        self.asked = self.size
        if self.asked:
            headers["Range"] = f"bytes={self.asked}-"
            if validator:
                headers["If-Range"] = validator
        return headers

    def _begin_anew(self) -> None:
        self.partial.clear()
        self.size, self.origin = 0, None

    def answered(self, response: "Response", **_: object) -> None:
        """See whether what comes is what was asked for, before a byte of it is taken."""
        self.response = response
        if response.is_redirect or response.status_code >= 400:
            return
        if "text/html" in response.headers.get("Content-Type", "").lower():
            refuse_page(self.wanted.name, b"<", self.wanted.cure)
        if response.status_code == 206:
            self._continues(response)
        elif response.status_code == 200:
            self._begins(response)
        else:
            raise SourceError(f"`{self.address}` answers {response.status_code}, without a file.")
        self._fits()
        self.partial.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.partial.path.open("ab")
        self.partial.keep(Origin(self.address, _validator(response), self.total))

    def _continues(self, response: "Response") -> None:
        """The rest follows, if it is the rest of the same file."""
        given = response.headers.get("Content-Range", "")
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", given.strip())
        first = int(match[1]) if match else None
        total = int(match[3]) if match and match[3] != "*" else None
        now, before = _validator(response), self.origin.validator if self.origin else ""
        same = self.origin is None or self.origin.address != self.address
        same = same or now == before or not (now and before)
        if not self.asked or first != self.asked or _coded(response) or not same:
            self._begin_anew()
            raise CutError(f"the server sent another part (`{given:.60}`) than was asked for")
        known = self.origin.total if self.origin else None
        if total is not None and known is not None and total != known:
            self._begin_anew()
            raise CutError("the file was changed on the server meanwhile")
        self.total = total if total is not None else known

    def _begins(self, response: "Response") -> None:
        """All of it follows: what is here goes."""
        if self.size:
            self._begin_anew()
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdecimal() and not _coded(response) else None

    def _fits(self) -> None:
        """Raise where the size shows that it is another file, or there is no room for it."""
        exact, about, total = self.wanted.size, self.wanted.about, self.total
        if total is None:
            return
        if exact is not None and total != exact:
            raise SourceError(f"`{self.address}` has {total:,} bytes, and should have {exact:,}.")
        if about is not None and total > TOO_LARGE * about:
            raise SourceError(
                f"`{self.address}` has {total:,} bytes; about {about:,} are stated for it."
            )
        space.check(self.partial.path, total - self.size)

    def write(self, chunk: bytes) -> None:
        """Take the bytes that came."""
        assert self.file is not None
        if self.size == 0:
            refuse_page(self.wanted.name, chunk[:64], self.wanted.cure)
        about = self.wanted.about
        most = self.wanted.size or (None if about is None else TOO_LARGE * about)
        if most is not None and self.size + len(chunk) > most:
            self._begin_anew()
            raise SourceError(f"`{self.address}` sends more than {most:,} bytes.")
        self.file.write(chunk)
        self.size += len(chunk)
        self.tell(self.wanted.name, self.size, self.total or about)

    def flush(self) -> None:
        """See that they are in the file, not in memory."""
        assert self.file is not None
        self.file.flush()

    def refused(self, response: "Response") -> None:
        """An error that the server answered with: passing, or not."""
        code = response.status_code
        if code == 416 and self.asked:
            self._begin_anew()
            raise CutError("the server has no such rest of it")
        if code in PASSING:
            raise CutError(f"the server answers {code} {response.reason}")
        raise SourceError(
            f"`{self.address}` answers {code} {response.reason}.",
            f"See {self.wanted.page}, or give a mirror with --from.",
        )

    def ended(self) -> None:
        """Nothing more comes: is it whole?"""
        if self.total is not None and self.size != self.total:
            raise CutError(f"{self.size:,} of {self.total:,} bytes came")
        certain = self.total is not None or self.wanted.size is not None or self.wanted.sha256
        if not (certain or self.wanted.archive):
            self._begin_anew()
            raise SourceError(
                f"Nothing tells whether `{self.wanted.name}` is whole: the server states no length "
                "of it, and no hash is published."
            )
        origin = self.partial.origin() or Origin(self.address)
        self.partial.keep(replace(origin, total=self.size))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.file is not None:
            self.file.close()
        if self.response is not None:
            self.response.close()


def _coded(response: "Response") -> bool:
    """Whether the bytes are compressed on the way, so that their number is another."""
    return response.headers.get("Content-Encoding", "identity").lower() != "identity"


def _validator(response: "Response") -> str:
    """What tells this state of the server's file from others; empty where nothing does."""
    tag: str = response.headers.get("ETag", "")
    date: str = response.headers.get("Last-Modified", "")
    return date if tag.startswith("W/") or not tag else tag
