"""The network in an exported file, as the rules of an evaluation read its outputs."""

from repro.errors import ReproError
from repro.exported import form, heads
from repro.exported.exported_network import ExportedNetwork
from repro.exported.form import ABOUT
from repro.exported.heads import HeadOutput
from repro.exported.network_file import NetworkFile
from repro.exported.opening import OPENVINO, kind_of
from repro.papers.datasets import DATASETS
from repro.papers.protocol import ROWS, Protocol
from repro.papers.values import Scalar, Size
from repro.records.remarks import Remark


def network_of(
    file: NetworkFile, rules: Protocol, output: str = "", size: Size | None = None
) -> tuple[ExportedNetwork, Size, tuple[Remark, ...]]:
    """The network that gives what the rules read, its input, and what was assumed of the two.

    `output` names the outputs of its head where the user does, `size` is the user's. ReproError
    for other joints, other outputs, and another input.
    """
    ready, chosen, canvas, of_size = sized(file, rules, size)
    outputs, of_outputs = _outputs(ready, rules, output or file.stated.output)
    return ExportedNetwork(ready, outputs, canvas), chosen, (*of_size, *of_outputs)


def sized(
    file: NetworkFile, rules: Protocol, given: Size | None
) -> tuple[NetworkFile, Size, Size | None, tuple[Remark, ...]]:
    """The file for its input, what that is, and what whole images are scaled into, if anything.

    A network of whole images takes them with the short side that is named; where its input has one
    size, or its head gives rows, they are scaled into that.
    """
    if not rules.bottom_up:
        size, remarks = file.size(given)
        return file, size, None, remarks
    if "size" in file.stated.beside:
        given = given or file.stated.size
    if file.fixed is not None and given in (None, file.fixed):
        size, remarks = file.size(given)
        text = f"`{file.name}` has an input of {size[0]}x{size[1]}: images are scaled into it"
        text += "." if kind_of(file.path) != OPENVINO else "; --input 368x368 names a short side."
        return file, size, size, (*remarks, Remark(ABOUT, text))
    resized = file if file.fixed is None else file.any_size()
    size, remarks = (resized or file).size(given)  # an error where it cannot be resized
    if resized is None or rules.decode == ROWS:
        return file if resized is None else resized, size, size, remarks
    if size[0] != size[1]:
        raise ReproError(
            f"`{file.path}` takes whole images, not inputs of {size[0]}x{size[1]}.",
            f"Name the short side of the images, twice: --input {size[0]}x{size[0]}.",
        )
    return resized, size, None, remarks


def _outputs(
    file: NetworkFile, rules: Protocol, wanted: str
) -> tuple[tuple[HeadOutput, ...], tuple[Remark, ...]]:
    """The outputs that the rules read."""
    head = heads.of_decoding(rules.decode)
    if head.decode:
        sides = file.image.height, file.image.width
        return heads.outputs_of(head, file.outputs, rules.keypoints, wanted, sides, file.path)
    maps, remarks = form.heatmap_output(file.outputs, rules.keypoints, wanted, file.path)
    joints = maps.keypoints or file.stated.keypoints
    if joints not in (None, rules.keypoints):
        fitting = [name for name, entry in DATASETS.items() if len(entry.skeleton.joints) == joints]
        could = f" With {joints} joints: {', '.join(fitting)}." if fitting else ""
        raise ReproError(
            f"`{file.path}` finds {joints} joints; {rules.on} has {rules.keypoints}.",
            f"Choose the data set it was trained for: --dataset.{could}",
        )
    if file.stated.keypoints not in (None, joints):
        text = f"`{file.name}` states {file.stated.keypoints} joints; its heatmaps have {joints}."
        remarks = (*remarks, Remark(ABOUT, text))
    return (HeadOutput(maps.name, maps.layout),), remarks


def options_of(output: str, layout: str) -> dict[str, Scalar]:
    """What a record says of an exported file beside its name and digest."""
    return {name: word for name, word in (("output", output), ("layout", layout)) if word}
