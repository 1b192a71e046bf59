"""What `repro export` writes into a file's metadata, in the words that are read back."""

import json
from collections.abc import Mapping

from repro import env
from repro.papers.protocol import Protocol, normalisation
from repro.papers.values import Options, Size

HEATMAPS = "heatmaps"
INITIAL = "initial values"
"""of weights that nobody gave"""


def of_network(
    model: str, size: Size, keypoints: int, options: Options, rules: Protocol, name: str
) -> dict[str, str]:
    """The facts on a network of the zoo that is evaluated by the rules of a protocol of that name.

    Mean and deviation are of pixel values from 0 to 255, in the order of the input's channels.
    Joints and what belongs to them are left out where the network has not those of the data set.
    """
    mean, deviation = normalisation(rules.normalise)
    facts: dict[str, object] = {
        "producer": f"repro {env.__version__}",
        "model": model,
        "options": dict(sorted(options.items())),
        "input": f"{size[0]}x{size[1]}",
        "keypoints": keypoints,
        "head": rules.decode if rules.bottom_up else HEATMAPS,
        "colour": rules.colour,
        "normalise": rules.normalise,
        "mean": list(mean),
        "std": list(deviation),
        "dataset": rules.dataset,
        "protocol": name.partition(",")[0],
    }
    if keypoints == rules.keypoints:
        facts["joints"] = list(rules.skeleton.joints)
        facts["flip_pairs"] = flip_pairs(rules.skeleton.mirrored)
        facts["limbs"] = list(map(list, rules.skeleton.limbs))
        if rules.skeleton.sigmas:
            facts["sigmas"] = list(rules.skeleton.sigmas)
    return texts(facts)


def flip_pairs(mirrored: tuple[int, ...]) -> list[list[int]]:
    """The pairs of joints that change places in a mirrored image, the smaller number first."""
    return [[left, right] for left, right in enumerate(mirrored) if left < right]


def texts(facts: Mapping[str, object]) -> dict[str, str]:
    """Facts as metadata: text as it is, all else as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()
    }
