"""What a command did with a hostile input, and whether it may."""

import contextlib
import json
import os
import re
import resource
import signal
import sys
import tempfile
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import FileIO, TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import cli

SECONDS = 10.0
"""of the processor that a case may take, so that a busy machine changes nothing"""
MEMORY = 2 * 2**30
"""bytes that a case may add to the process"""
LONGEST = 6_000
"""signs of a sentence"""
CODES = {0, 2, 3, 4, 5, 6}
JUDGED = {3, 4, 5}
"""codes that follow an answer instead of an error"""
RAW = re.compile(
    r"\w*Warning: |\[ ?WARN|Exception ignored|Traceback \(most|\[ONNXRuntimeError\].*\n.*\n"
)
NATIVE = re.compile(
    r"^(libpng (error|warning): |Warning: unknown JFIF|Corrupt JPEG).*\n", re.MULTILINE
)
"""what the libraries that decode pictures print by themselves"""
PLACE = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
ROOT = Path(cli.__file__).parent

Wrong = Callable[[Mapping[str, object]], str]
"""what is wrong with an answer that should not have been given; empty for nothing"""


class Overdue(BaseException):
    """A command took too long."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    words: tuple[str, ...]
    code: int | None = None
    out: str = ""
    err: str = ""
    sort: str = ""
    """of failure; empty if all is well"""
    where: str = ""
    """what tells this failure from others"""


@dataclass
class Judge:
    """Carries commands out in this process, whose standard streams it takes."""

    wrong: Wrong = lambda answer: ""
    streams: tuple[BinaryIO, BinaryIO] = field(init=False)
    highest: int = field(init=False)
    """kilobytes that the process held at most, before all cases"""

    def __post_init__(self) -> None:
        self.streams = (_taken(1), _taken(2))
        self.highest = _highest()
        signal.signal(signal.SIGPROF, _overdue)

    def __call__(self, words: Sequence[str]) -> Outcome:
        """Carry a command out, and judge it."""
        sys.argv = ["repro", *words]
        code: int | None = None
        sort = where = ""
        with self._streams():
            try:
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                cli.main()
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 0
            except Overdue as late:
                sort, where = "hang", _place(late)
            except BaseException as error:
                sort, where = "traceback", f"{type(error).__name__} {_place(error)}: {error!s:.150}"
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        out, err = (_text(stream) for stream in self.streams)
        if not sort:
            sort, where = self._judged(words, code, out, err)
        more = _highest() - self.highest
        if more > MEMORY // _KILO:
            sort, where = sort or "memory", where or f"{more * _KILO:,} bytes"
            self.highest += more
        return Outcome(tuple(words), code, out, err, sort, where)

    def _judged(
        self, words: Sequence[str], code: int | None, out: str, err: str
    ) -> tuple[str, str]:
        """The sort of failure, and what tells it from others."""
        own = NATIVE.sub("", err)
        raw = RAW.search(own) or RAW.search(out)
        if code not in CODES:
            return "traceback", f"exit code {code}: {err[-300:]}"
        if raw:
            return "raw message", raw[0] + own[raw.end() : raw.end() + 200]
        for text in (out, err):
            for sign in text:
                if not (sign.isprintable() or sign == "\n") and _harmful(sign):
                    return (
                        "control sign",
                        f"{sign!r} in {text[max(0, text.index(sign) - 60) :][:120]!r}",
                    )
        if code not in (0, *JUDGED):
            length = sum(map(len, words))
            whole = code == 2 and out and "error: " not in err
            return ("", "") if whole else _sentence(err, length)
        answer = _answer(out) if "--json" in words and out else {}
        if isinstance(answer, str):
            return "wrong answer", answer
        why = self.wrong(answer)
        return ("accepted", why) if why else ("", "")

    @contextlib.contextmanager
    def _streams(self) -> Iterator[None]:
        """Standard output and error go into files, emptied before."""
        own = sys.stdout, sys.stderr
        for number, stream in enumerate(self.streams, 1):
            os.ftruncate(stream.fileno(), 0)
            os.lseek(stream.fileno(), 0, os.SEEK_SET)
            os.dup2(stream.fileno(), number)
        sys.stdout, sys.stderr = (_writer(number) for number in (1, 2))
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            sys.stdout, sys.stderr = own


_KILO = 1 if sys.platform == "darwin" else 1024


def _highest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _taken(number: int) -> BinaryIO:
    """A file that a standard stream goes to from now on."""
    file = tempfile.TemporaryFile("w+b", buffering=0)  # noqa: SIM115
    os.dup2(file.fileno(), number)
    return file  # type: ignore[return-value]


def _writer(number: int) -> TextIOWrapper:
    raw = FileIO(number, "w", closefd=False)
    return TextIOWrapper(raw, encoding="utf-8", write_through=True)  # type: ignore[type-var]


def _text(stream: BinaryIO) -> str:
    size = min(os.fstat(stream.fileno()).st_size, 2**22)
    return os.pread(stream.fileno(), size, 0).decode("utf-8", "replace")


def _overdue(number: int, frame: FrameType | None) -> None:
    raise Overdue


def _place(error: BaseException) -> str:
    """The last place in this project that an error came through, and where it was raised."""
    found = PLACE.findall("".join(traceback.format_tb(error.__traceback__)))
    ours = [one for one in found if one[0].startswith(str(ROOT / "repro"))] or found
    named = [_named(*one) for one in (ours[-1:] + found[-1:])]
    return " < ".join(dict.fromkeys(named))


def _named(file: str, line: str, function: str) -> str:
    path = Path(file)
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
    return f"{place}:{line} {function}"


def _harmful(sign: str) -> bool:
    """Whether a sign moves a cursor, hides or turns text, or is none."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _sentence(err: str, own: int) -> tuple[str, str]:
    """What is wrong with how an error is told of a command of so many signs."""
    before, sign, after = NATIVE.sub("", err).partition("error: ")
    lines = (sign + after.partition("\nwarning: ")[0]).splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("error: ")]
    if not starts or before[-1:] not in ("", "\n"):
        return "no sentence", err[-300:]
    said = lines[starts[0] :]
    if len(starts) > 1 and len(said) > 3:
        return "", ""  # of several pictures or files each has its own
    if len(said) > 3 or len("".join(said)) > LONGEST + 2 * own:
        return "long sentence", f"{len(said)} lines: {err[:300]!r}"
    return "", ""


def _answer(out: str) -> dict[str, object] | str:
    """The one JSON object of an answer; a sentence where it is none."""

    def refuse(name: str) -> object:
        raise ValueError(f"{name} in an answer")

    try:
        answer = json.loads(out, parse_constant=refuse)
    except ValueError as error:
        return f"{error}: {out[:200]!r}"
    return answer if isinstance(answer, dict) else f"no object: {out[:200]!r}"
