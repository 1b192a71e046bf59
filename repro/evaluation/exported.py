"""The network in an exported file, as the rules of an evaluation read its outputs."""

from repro.errors import ReproError
from repro.exported import form
from repro.exported.form import ABOUT, NCHW
from repro.exported.network_file import NetworkFile
from repro.exported.onnx_network import OnnxNetwork
from repro.papers.datasets import DATASETS
from repro.papers.protocol import GROUPINGS, Protocol
from repro.papers.values import Scalar
from repro.records.remarks import Remark


def network_of(
    file: NetworkFile, rules: Protocol, output: str = ""
) -> tuple[OnnxNetwork, tuple[Remark, ...]]:
    """The network that gives what the rules read, and what was assumed of its outputs.

    `output` names the heatmaps where the user does. ReproError for other joints and other maps.
    """
    if rules.bottom_up:
        if file.stated.head != rules.decode:
            raise ReproError(
                f"`{file.path}` cannot be read by {rules.decode}.",
                "Exported files are taken as top-down networks that give heatmaps, unless they "
                "state another head, as those of `repro export` do.",
            )
        if file.image.height or file.image.width:
            raise ReproError(
                f"`{file.path}` is built for one input size, and whole images have many.",
                "Export it with --dynamic-size.",
            )
        names = tuple(one.name for one in file.outputs)
        return OnnxNetwork(file, names, (NCHW,) * len(names)), ()
    if file.stated.head in GROUPINGS:
        raise ReproError(
            f"`{file.path}` is read by {file.stated.head}, not by {rules.decode}.",
            "Leave --protocol and --decode out.",
        )
    wanted = output or file.stated.output
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
    return OnnxNetwork(file, (maps.name,), (maps.layout,)), remarks


def options_of(output: str) -> dict[str, Scalar]:
    """What a record says of an exported file beside its name and digest."""
    return {"output": output} if output else {}
