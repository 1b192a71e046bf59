"""Run a network over images: of a data set, or a user's own."""

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from repro.data.boxes import Instances
from repro.data.crops import Crops
from repro.data.people import Annotations, Poses
from repro.data.pictures import Colour, Pictures
from repro.evaluation import inference
from repro.evaluation.inference import Tell
from repro.evaluation.network import Network
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.papers.values import Size


def poses(
    network: Network,
    look: EvaluationRequest,
    size: Size,
    images: Path,
    annotations: Annotations,
    instances: Instances | None,
    shards: Shards,
    tell: Tell,
    upright: bool = False,
) -> tuple[Poses, NDArray[np.int64] | None]:
    """The persons found, and of which instances they are; None without boxes.

    Images are taken as stored, or turned `upright` as EXIF asks. Finished shards are taken from
    disk. For MPII all poses stay, in the order of its persons.
    """
    rules = look.protocol
    colour = cast(Colour, rules.colour)
    if instances is None:
        pictures = Pictures(images, annotations, colour, upright)
        found = inference.bottom_up(network, pictures, size, rules, shards, look.execution, tell)
        return found, None
    crops = Crops(images, annotations, instances, size, colour, rules.udp, upright)
    found = inference.top_down(network, crops, size, rules, shards, look.execution, tell)
    if rules.dataset == "mpii":
        return found, np.arange(len(found))
    found = inference.rescored(found)
    kept = inference.kept(found, instances.extents(size).prod(axis=1), rules)
    return found[kept], kept
