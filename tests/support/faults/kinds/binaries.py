"""MATLAB files, checkpoints, safetensors and pictures: binary forms."""

import io
import json
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import safetensors.torch
import torch
from hypothesis import strategies as st
from scipy.io import savemat

from support.data_files import painted
from support.evaluation_scenes import mpii
from support.faults.batches import Files, Kind
from support.faults.damage import damaged
from support.faults.mutations import Draw, as_json, mutated, place
from support.graph_files import Branched

JSON = "--json"
Case = tuple[Files, tuple[str, ...]]
NETWORK = """
import torch

from support.graph_files import branched as _made

MODELS = {"branched": {"builder": "branched", "stride": 4}}


def branched(keypoints):
    model = _made()
    torch.manual_seed(1)
    model.head = torch.nn.Conv2d(4, keypoints, 1)
    return model.eval()
"""
LOADED = ("predict", "branched", "--module", "net.py", "--input", "64x48", "--no-flip")
"""what loads a file of weights; the picture, and --weights with the file's name, follow"""


def network() -> Branched:
    """The network that it loads them into."""
    made: dict[str, object] = {}
    exec(NETWORK, made)
    return made["branched"](17)  # type: ignore[operator,no-any-return]


def loading(name: str, content: bytes, as_json: bool = True) -> Case:
    """A file of weights, and the command that loads it."""
    files = {"net.py": NETWORK.encode(), "p.png": picture(), name: content}
    return files, (*LOADED, "p.png", "--weights", name, *([JSON] if as_json else []))


def picture() -> bytes:
    """A small one."""
    return cv2.imencode(".png", painted(96, 72))[1].tobytes()


def matlab(folder: Path) -> Kind:
    """MPII's truth and predictions, as MATLAB 5 files."""
    truth = mpii(folder / "mpii")
    listed = truth.with_name("valid.json")
    assert listed.exists()
    rows = json.loads(listed.read_text())
    poses = np.array([row["joints"] for row in rows]).transpose(1, 2, 0)
    fields = {"pos_pred_src": poses}
    truth = truth.parent / "mpii_gt_valid.mat"
    facts = _arrays(truth)
    beside = {
        "valid.json": listed.read_bytes(),
        "mpii_gt_valid.mat": truth.read_bytes(),
        "p.mat": _saved(fields, False),
    }
    named = ("score", "mpii", "--annotations", "mpii_gt_valid.mat", "--results", "p.mat")

    @st.composite
    def cases(draw: Draw) -> Case:
        name, own = draw(st.sampled_from((("p.mat", fields), ("mpii_gt_valid.mat", facts))))
        arrays = dict(own)
        key = draw(st.sampled_from(sorted(arrays)))
        if draw(st.booleans()):
            arrays[key] = draw(st.sampled_from(ARRAYS))(arrays[key])
        content = _saved(arrays, packed=draw(st.booleans()))
        what = draw(st.sampled_from(("whole", "damaged", "head", "packed")))
        if what == "damaged":
            content = draw(damaged(content))
        elif what == "head":
            content = draw(damaged(content[:300], most=2)) + content[300:]
        elif what == "packed":
            element = zlib.compress(draw(damaged(_saved(arrays, False)[128:])))
            content = content[:128] + struct.pack("<II", 15, len(element)) + element
        return {**beside, name: content}, (*named, JSON)

    return Kind(cases(), _percent)


ARRAYS: tuple[Callable[[np.ndarray], object], ...] = (
    *(lambda a: a * np.nan, lambda a: a * np.inf, lambda a: a * 1e308, lambda a: a[:, :0]),
    *(lambda a: a.astype(object), lambda a: a + 1j, lambda a: "text", lambda a: {"x": a}),
    *(lambda a: a.reshape(-1), lambda a: a.T, lambda a: np.zeros((0, 0)), lambda a: a[..., None]),
    *(lambda a: np.zeros((1, 1, 1, 1, 1, 1, 1)), lambda a: -a, lambda a: a[..., :1]),
    *(lambda a: np.array(["a", "b"], object), lambda a: a > 0, lambda a: a.astype(np.float32)),
    *(lambda a: [a, [a, [a]]], lambda a: np.full_like(a, 7), lambda a: a * 0, lambda a: a * 1e-320),
    lambda a: np.concatenate([a, a], axis=-1),
)


def _saved(arrays: Mapping[str, object], packed: bool) -> bytes:
    file = io.BytesIO()
    savemat(file, dict(arrays), do_compression=packed)
    return file.getvalue()


def _arrays(path: Path) -> dict[str, object]:
    from scipy.io import loadmat

    return {name: value for name, value in loadmat(path).items() if not name.startswith("__")}


def checkpoints(folder: Path) -> Kind:
    """Files of torch.save, of both its forms, whose pickles or archives are changed."""
    state = {name: tensor.clone() for name, tensor in network().state_dict().items()}
    plain = {"epoch": 3, "state_dict": state, "meta": {"name": "x", "classes": ["a"]}}
    whole = [_torch(state), _torch(plain)]

    @st.composite
    def cases(draw: Draw) -> Case:
        legacy = draw(st.booleans())
        what = draw(st.sampled_from(("tensors", "objects", "pickle", "archive", "damaged", "raw")))
        if what in ("tensors", "objects"):
            changed = dict(state)
            for _ in range(draw(st.integers(1, 2))):
                key = draw(st.sampled_from(sorted(state)))
                changed[key] = draw(st.sampled_from(TENSORS))(state[key])
            content = _torch({"state_dict": changed} if what == "objects" else changed, legacy)
        elif what == "raw":
            content = draw(st.sampled_from(PICKLES)) + draw(st.binary(max_size=4))
        else:
            content = draw(st.sampled_from(whole)) if not legacy else _torch(state, True)
            if what == "damaged" or legacy:
                content = draw(damaged(content, whole))
            else:
                content = draw(_archive(content, what == "archive"))
        return loading("m.pth", content, draw(st.booleans()))

    return Kind(cases())


class Foreign:
    """A class that no checkpoint may bring."""

    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, ("touch pwned",)


TENSORS: tuple[Callable[[torch.Tensor], object], ...] = (
    *(lambda t: t.half(), lambda t: t.double(), lambda t: t.to(torch.complex64), lambda t: t[None]),
    *(lambda t: t.long(), lambda t: t * float("nan"), lambda t: torch.zeros(1).expand(2**33)),
    *(
        lambda t: torch.zeros(0),
        lambda t: t.to_sparse(),
        lambda t: t.flatten(),
        lambda t: t.mT if t.ndim > 1 else t,
    ),
    *(lambda t: 7, lambda t: "text", lambda t: None, lambda t: [t], lambda t: {"a": {"b": t}}),
    *(lambda t: bytearray(10), lambda t: {1, 2}, lambda t: Foreign(), lambda t: 2**400),
    *(lambda t: torch.nn.Parameter(t.float()), lambda t: t.to(torch.bfloat16), lambda t: t > 0),
    *(lambda t: torch.zeros(1).expand(2**20, 2**20), lambda t: np.zeros(3), lambda t: t.numpy()),
    *(
        lambda t: "\x1b[31m" * 9,
        lambda t: (),
        lambda t: torch.device("meta"),
        lambda t: float("inf"),
    ),
)
_DEEP = b"(" * 100_000 + b"t" * 100_000
PICKLES: tuple[bytes, ...] = (
    *(b"\x80\x02", b"\x80\x02}q\x00.", b"\x80\x02N.", b"\x80\x02" + _DEEP + b".", b"(" * 10**6),
    b"\x80\x05\x8e" + struct.pack("<Q", 2**32) + b".",  # BINBYTES8
    b"\x80\x05\x96" + struct.pack("<Q", 2**32) + b".",  # BYTEARRAY8
    b"\x80\x02\x8b" + struct.pack("<I", 2**31 - 1) + b".",  # LONG4
    b"\x80\x02\x8d" + struct.pack("<Q", 2**40) + b".",  # BINUNICODE8
    b"\x80\x02c__builtin__\nbytearray\nJ\x00\x00\x00\x7f\x85R.",
    b"\x80\x02cos\nsystem\nX\x05\x00\x00\x00touch\x85R.",
    b"\x80\x02" + b"]" * 200_000 + b".",
    b"\x80\x02r" + struct.pack("<I", 2**31) + b"N.",
    *(pickle.dumps(value, 2) for value in ({}, [], {"a": 1}, "x" * 1000, 2**4000)),
)


def _torch(value: object, legacy: bool = False) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


@st.composite
def _archive(draw: Draw, content: bytes, structure: bool) -> bytes:
    """The archive of torch.save with another pickle, or with other parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {one.filename: archive.read(one) for one in archive.infolist()}
    names = sorted(parts)
    name = draw(st.sampled_from(names)) if structure else next(n for n in names if "pkl" in n)
    what = (
        draw(st.sampled_from(("part", "drop", "rename", "pack", "fill"))) if structure else "part"
    )
    if what == "part":
        parts[name] = draw(damaged(parts[name]))
    elif what == "drop":
        del parts[name]
    elif what == "rename":
        parts[draw(st.sampled_from(("../../x", "/x", "a" * 300, "x\x1b[31m", "b/.")))] = parts.pop(
            name
        )
    elif what == "fill":
        parts[name] = b"\0" * draw(st.sampled_from((0, 1, 10**6, 3 * 10**7)))
    kind = zipfile.ZIP_DEFLATED if what in ("pack", "fill") else zipfile.ZIP_STORED
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for one, data in parts.items():
            archive.writestr(zipfile.ZipInfo(one), data, compress_type=kind)
    return file.getvalue()


def tensor_files(folder: Path) -> Kind:
    """Files of safetensors, whose heading is changed."""
    whole = safetensors.torch.save(network().state_dict(), {"format": "pt"})
    (size,) = struct.unpack("<Q", whole[:8])
    heading, values = json.loads(whole[8 : 8 + size]), whole[8 + size :]

    @st.composite
    def cases(draw: Draw) -> Case:
        if place(draw, 5) == 0:
            content = draw(damaged(whole))
        else:
            text = as_json(draw(mutated(heading))).encode()
            length = draw(st.sampled_from((len(text),) * 9 + (0, 1, 2**40, 2**63, len(text) - 1)))
            content = struct.pack("<Q", length) + text + values
        return loading("m.safetensors", content)

    return Kind(cases())


def pictures(folder: Path) -> Kind:
    """Pictures of the usual forms, whose headings and contents are changed."""
    from support.faults.kinds.documents import tiny

    words = ("predict", *tiny(folder), "--input", "64x48", "--no-flip")
    deep = (painted(96, 72).astype(np.uint16) * 257)[..., 0]
    pixels = painted(96, 72)
    whole = {
        ending: cv2.imencode(f".{ending}", pixels)[1].tobytes()
        for ending in ("png", "jpg", "bmp", "webp", "tiff", "ppm")
    }
    more = (*whole.values(), cv2.imencode(".png", deep)[1].tobytes())

    @st.composite
    def cases(draw: Draw) -> Case:
        ending = draw(st.sampled_from(sorted(whole)))
        content = whole[ending]
        if ending == "png" and draw(st.booleans()):
            content = draw(_png(content))
        elif draw(st.booleans()):
            content = draw(damaged(content[:64], most=2)) + content[64:]
        else:
            content = draw(damaged(content, more))
        return {f"p.{ending}": content}, (*words, f"p.{ending}", JSON)

    return Kind(cases(), _finite)


@st.composite
def _png(draw: Draw, content: bytes) -> bytes:
    """A PNG whose heading claims something else, with the right checksum."""
    heading = list(struct.unpack(">IIBBBBB", content[16:29]))
    at = place(draw, len(heading))
    sizes = (0, 1, 2, 9999, 10**5, 2**31 - 1, 2**32 - 1)
    heading[at] = draw(st.sampled_from(sizes if at < 2 else (0, 1, 2, 3, 4, 6, 8, 16, 255)))
    data = b"IHDR" + struct.pack(">IIBBBBB", *heading)
    return content[:12] + data + struct.pack(">I", zlib.crc32(data)) + content[33:]


def _percent(answer: Mapping[str, object]) -> str:
    metrics = answer.get("metrics")
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        if isinstance(value, int | float) and not 0 <= value <= 100:
            return f"{name} is {value}"
    return ""


def _finite(answer: Mapping[str, object]) -> str:
    """Whether joints lie within sight of the picture."""
    return ""
