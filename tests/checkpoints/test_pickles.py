"""Pickles are walked and never run: what they call, and with what."""

import io
import pickle
import pickletools
import resource
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from repro.checkpoints.opcodes import OPCODES
from repro.checkpoints.pickles import BrokenPickleError, walk
from repro.checkpoints.reading import read
from repro.errors import ReproError

BYTES = b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R"
HEX = b"X\x03\x00\x00\x00hex"


def call(name: str, argument: bytes) -> bytes:
    """A pickle of protocol 2 that calls something with one argument."""
    module, _, last = name.rpartition(".")
    return b"\x80\x02c" + f"{module}\n{last}\n".encode() + argument + b"\x85R."


HUGE = b"\x8a\x05\x00\x00\x00\x00\x01"  # 2^32
BOMBS = {
    "bytearray": (call("builtins.bytearray", HUGE), "builtins.bytearray"),
    "bytearray of Python 2": (call("__builtin__.bytearray", HUGE), "builtins.bytearray"),
    "storage": (call("torch.storage.UntypedStorage", HUGE), "torch.storage.UntypedStorage"),
    "tensor": (call("torch.FloatTensor", HUGE), "torch.FloatTensor"),
    "class": (call("torch.Tensor", HUGE).replace(b"R", b"\x81"), "torch.Tensor"),
    "array": (call("numpy.ndarray", HUGE), "numpy.ndarray"),
    "codec": (
        b"\x80\x02c_codecs\nencode\n" + BYTES + HEX + b"\x86R.",
        "_codecs.encode",
    ),
    "hidden in a rebuilt tensor": (
        b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cbuiltins\nbytearray\n"
        b"ctorch\nTensor\n" + HUGE + b"\x85}tR.",
        "torch._tensor._rebuild_from_type_v2",
    ),
    "system": (call("os.system", b"X\x04\x00\x00\x00true"), "os.system"),
    "evaluation": (call("__builtin__.eval", b"X\x01\x00\x00\x001"), "builtins.eval"),
    "program": (call("subprocess.Popen", b"X\x01\x00\x00\x001"), "subprocess.Popen"),
    "code": (call("types.CodeType", b"K\x01"), "types.CodeType"),
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("form", ["bare", "archive"])
def test_what_would_fill_the_memory_or_run_is_named(tmp_path: Path, kind: str, form: str) -> None:
    content, name = BOMBS[kind]
    assert walk(io.BytesIO(content)).refused == name
    path = tmp_path / "m.pth"
    if form == "bare":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("m/data.pkl", content)
            archive.writestr("m/version", "3")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ReproError, match=r"calls for|is a pickle, but no checkpoint"):
        read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**18  # KiB


def test_copies_of_copies_are_refused() -> None:
    copies = b"h\x01h\x00\x85R" * 10_000
    numbers = b"]q\x00(" + b"K\x01" * 50_000 + b"e"
    with pytest.raises(BrokenPickleError, match="asks for more memory"):
        walk(io.BytesIO(b"\x80\x02" + numbers + b"cbuiltins\nset\nq\x01" + copies + b"."))


def test_what_saved_files_call_is_harmless() -> None:
    import numpy as np

    values = [b"\x00\xff", bytearray(b"ab"), np.arange(3.0), np.float32(1), OrderedDict(a={1, 2})]
    for protocol in range(6):
        assert not walk(io.BytesIO(pickle.dumps(values, protocol))).refused


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x02", b"\x80\x02R.", b"\x80\x02\x85.", b"e.", b"u."]
)
def test_a_broken_pickle_is_told(content: bytes) -> None:
    with pytest.raises(BrokenPickleError):
        walk(io.BytesIO(content))


def test_the_reader_sees_the_same_pickle(tmp_path: Path) -> None:
    """An archive with two entries of one name is judged by the one that would be loaded."""
    good, path = tmp_path / "good.pth", tmp_path / "m.pth"
    torch.save({"a": torch.zeros(2)}, good)
    bomb = BOMBS["bytearray"][0]
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as archive:
        for entry in old.namelist():
            archive.writestr(entry, old.read(entry))
        archive.writestr("other/data.pkl", bomb)
        archive.writestr("GOOD/DATA.PKL", bomb)
    try:
        assert set(read(path).tensors) == {"a"}
    except ReproError as error:
        assert "calls for" in str(error) or "damaged" in str(error)


@pytest.mark.parametrize("protocol", range(6))
def test_opcodes_are_those_that_the_library_reads(protocol: int) -> None:
    values = [1, -(2**40), 3.5, "é\n", b"\x00\xff", None, True, {"a": (1, 2)}, OrderedDict(b=[])]
    content = pickle.dumps([values, bytearray(b"x"), "x" * 300, {1, 2}], protocol)
    place, found = 0, []
    while place < len(content):
        name, read_argument = OPCODES[content[place]]
        argument, place = (
            (None, place + 1) if read_argument is None else read_argument(content, place + 1)
        )
        found.append((name, argument))
    assert found == [(code.name, argument) for code, argument, _ in pickletools.genops(content)]


HUNGRY = {
    "marks": (b"(" * 10**6, "too deep in each other"),
    "a long number": (b"\x8b\xff\xff\xff\x7f", "longer than it is"),
    "a number of digits": (b"L" + b"9" * 60_000 + b"L\n.", "too many digits"),
    "a long text": (b"\x8d" + b"\xff" * 8, "longer than it is"),
    "bytes": (b"\x96" + b"\xff" * 7 + b"\x7f", "longer than it is"),
    "an endless line": (b"cos" + b"x" * 10**6, "without an end"),
    "many steps": (b"N0" * 2**20 + b"N.", "more than 2,097,152 steps"),
    "doubled keys": (b"}(N" + b"2\x86" * 60 + b"Nu.", "tuples in tuples"),
    "doubled entries": (b"\x8f(N" + b"2\x86" * 60 + b"\x90.", "tuples in tuples"),
    "no opcode": (b"\x01.", "no checkpoint needs"),
}


@pytest.mark.parametrize("kind", HUNGRY)
def test_what_would_take_time_or_memory_is_told(kind: str) -> None:
    content, reason = HUNGRY[kind]
    with pytest.raises(BrokenPickleError, match=reason):
        walk(io.BytesIO(b"\x80\x02" + content))


def test_an_older_file_claims_no_more_values_than_it_has_bytes(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=False)
    assert set(read(path).tensors) == {"a"}
    three = b"K\x03N"  # the number of values, and no view
    assert path.read_bytes().count(three) == 1
    path.write_bytes(path.read_bytes().replace(three, b"\x8a\x05\x00\x00\x00\x00\x01N"))
    with pytest.raises(ReproError, match="claims 4,294,967,296 values in"):
        read(path)


def test_entries_that_lie_in_each_other_are_told(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    torch.save({"a": torch.zeros(300), "b": torch.zeros(300)}, path)
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.getinfo(f"m/data/{place}") for place in (0, 1))
    content = bytearray(path.read_bytes())
    listed = content.rfind(second.filename.encode()) - 46
    content[listed + 42 : listed + 46] = (first.header_offset + 64).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ReproError, match="lies in another"):
        read(path)


def test_a_hostile_file_is_told_before_libraries_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "m.pth").write_bytes(BOMBS["bytearray"][0])
    code = (
        "import sys; from pathlib import Path; from repro.checkpoints import screening\n"
        "try:\n    screening.check(Path('m.pth'))\n"
        "except Exception as error:\n    print(error)\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "calls for `builtins.bytearray`" in done.stdout
