"""Exported networks: ONNX, OpenVINO's IR and ncnn, as weights and as networks that run."""

import io
import re
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from hypothesis import strategies as st

from support.faults.batches import Files, Kind
from support.faults.damage import damaged, damaged_text
from support.faults.kinds.binaries import loading, network, picture
from support.faults.mutations import STRINGS, Draw, place
from support.graph_files import write_ncnn, write_openvino

JSON = "--json"
Case = tuple[Files, tuple[str, ...]]
RUN = ("predict", "NAME", "p.png", "--no-flip", JSON)
"""the command that runs a network"""
SELDOM = 20
"""one case in so many runs the network, which takes a process of its own"""


def onnx_files(folder: Path) -> Kind:
    """ONNX files: their messages changed field by field, or their bytes damaged."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network(), (torch.zeros(1, 3, 64, 48),), file, dynamo=False)
    whole = file.getvalue()

    @st.composite
    def cases(draw: Draw) -> Case:
        if place(draw, 4) == 0:
            content = draw(damaged(whole))
        else:
            model = onnx.load_model_from_string(whole)
            for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
                _change(draw, model)
            content = model.SerializeToString()
        return _read(draw, "m.onnx", {"m.onnx": content}, ("count", "m.onnx", JSON))

    return Kind(cases())


def _read(draw: Draw, name: str, files: Files, also: tuple[str, ...] = ()) -> Case:
    """Who reads a network: as weights most often, seldom by running it."""
    what = place(draw, SELDOM)
    if what == SELDOM // 2:
        return {**files, "p.png": picture()}, tuple(name if one == "NAME" else one for one in RUN)
    if also and what % 2:
        return files, also
    loaded, words = loading(name, b"", what % 4 == 0)
    return {**loaded, **files}, words


def _change(draw: Draw, message: Any) -> None:
    """Change a field of a message, at any depth."""
    while True:
        fields = [one for one in message.DESCRIPTOR.fields if _filled(message, one)]
        field = draw(st.sampled_from(fields or list(message.DESCRIPTOR.fields)))
        value = getattr(message, field.name)
        repeated = _repeated(field)
        inner = value if not repeated else list(value)
        if field.type != field.TYPE_MESSAGE:
            break
        if repeated and (not inner or place(draw, 10) == 0):
            _resize(draw, value)
            return
        message = draw(st.sampled_from(inner)) if repeated else value
        if not message.ListFields():
            return
    new = draw(st.sampled_from(VALUES[field.cpp_type]))
    if field.type == field.TYPE_STRING:
        new = new.decode("utf-8", "replace")
    if not repeated:
        setattr(message, field.name, new)
    elif value and draw(st.booleans()):
        value[place(draw, len(value))] = new
    else:
        value.extend([new] * draw(st.sampled_from((1, 2, 1000))))


def _filled(message: Any, field: Any) -> bool:
    return bool(getattr(message, field.name)) if _repeated(field) else message.HasField(field.name)


def _repeated(field: Any) -> bool:
    return bool(getattr(field, "is_repeated", None)) or getattr(field, "label", 0) == 3


def _resize(draw: Draw, messages: Any) -> None:
    """Double one of several messages, leave it out, or turn their order."""
    if not messages:
        return
    at = place(draw, len(messages))
    what = draw(st.sampled_from(("drop", "double", "many", "turn")))
    if what == "drop":
        del messages[at]
    elif what == "turn":
        turned = list(messages)[::-1]
        del messages[:]
        messages.extend(turned)
    else:
        messages.extend([messages[at]] * (1 if what == "double" else 300))


_TEXTS = tuple(one for one in STRINGS if one.isprintable() and len(one) < 400)
_WHOLE = (0, 1, 2, 3, 7, 11, 16, 255, 2**31 - 1)
VALUES: dict[int, tuple[object, ...]] = {
    1: (*_WHOLE, -1, -(2**31)),  # int32
    2: (*_WHOLE, -1, 2**62, 2**40, -(2**63)),  # int64
    3: (*_WHOLE, 2**32 - 1),  # uint32
    4: (*_WHOLE, 2**64 - 1),  # uint64
    5: (0.0, -1.0, float("nan"), float("inf"), 1e300),  # double
    6: (0.0, -1.0, float("nan"), float("inf"), 1e38),  # float
    7: (True, False),
    8: (0, 1, 2, 7),  # one of several
    9: (*(one.encode() for one in _TEXTS), b"", b"\xff\xfe", b"\0" * 999),  # text or bytes
}


def openvino_files(folder: Path) -> Kind:
    """OpenVINO's pairs of files: the XML changed by words and elements, the values damaged."""
    path, _ = write_openvino(folder, network())
    text, values = path.read_text(), path.with_suffix(".bin").read_bytes()

    @st.composite
    def cases(draw: Draw) -> Case:
        what = draw(
            st.sampled_from(("words",) * 16 + ("elements",) * 3 + ("bomb", "damaged", "values"))
        )
        xml, data = text, values
        if what == "words":
            xml = draw(_words(text, '(?:="|<dim>)([^"<]*)'))
        elif what == "elements":
            xml = draw(_words(text, "(<[^>]*>)"))
        elif what == "bomb":
            xml = draw(st.sampled_from(BOMBS)) + text.partition("?>")[2]
        elif what == "values":
            data = draw(damaged(values))
        content = draw(damaged(xml.encode())) if what == "damaged" else draw(damaged_text(xml))
        return _read(draw, "small.xml", {"small.xml": content, "small.bin": data})

    return Kind(cases())


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = (
    f'<?xml version="1.0"?><!DOCTYPE net [<!ENTITY l0 "ha">{_LAUGHS}]><x>&l9;</x>',
    '<?xml version="1.0"?><!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]><net>&x;</net>',
    '<?xml version="1.0"?>' + "<a>" * 50_000,
    '<?xml version="1.0"?><net ' + " ".join(f'a{n}="1"' for n in range(20_000)) + ">",
    '<?xml version="1.0" encoding="utf-7"?>',
)


def ncnn_files(folder: Path) -> Kind:
    """ncnn's pairs of files: words of the text changed, lines doubled, the values damaged."""
    path = write_ncnn(folder, network())
    text, values = path.read_text(), path.with_suffix(".bin").read_bytes()
    base, _ = loading("small.param", b"")

    @st.composite
    def cases(draw: Draw) -> Case:
        what = draw(st.sampled_from(("words",) * 6 + ("lines",) * 2 + ("damaged", "values")))
        lines, data = text, values
        if what == "words":
            lines = draw(_words(text, "([^ \n=]+)"))
        elif what == "lines":
            lines = draw(_words(text, "([^\n]*\n)"))
        elif what == "values":
            data = draw(damaged(values))
        content = draw(damaged(lines.encode())) if what == "damaged" else draw(damaged_text(lines))
        words = loading("small.param", b"", place(draw, 4) == 0)[1]
        return {**base, "small.param": content, "small.bin": data}, words

    return Kind(cases())


@st.composite
def _words(draw: Draw, text: str, pattern: str) -> str:
    """A text in which what a pattern finds is changed, left out, doubled or exchanged."""
    for _ in range(draw(st.sampled_from((1, 1, 1, 2)))):
        found = list(re.finditer(pattern, text))
        if not found:
            break
        one, other = (found[place(draw, len(found))] for _ in range(2))
        way = draw(st.sampled_from(("new", "new", "new", "drop", "double", "other")))
        new = {"drop": "", "double": one[1] * 2, "other": other[1]}.get(way)
        if new is None:
            new = draw(st.sampled_from(NEW))
        text = text[: one.start(1)] + new + text[one.end(1) :]
    return text


NEW = (
    *("0", "-1", "1", "2", "999999999", "9" * 30, "9" * 5000, "1e300", "nan", "inf", "0x7f", "2.5"),
    *("-2147483648", "18446744073709551615", "", " ", "a" * 2000, "&#27;[31m", "&amp;", "Const"),
    *("Convolution", "LSTM", "f16", "i64", "u1", "1,1,1,1", "-1,-1", "0,0", "٣", "image", "Conv_0"),
    "\x1b[31m",
)
