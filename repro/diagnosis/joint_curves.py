"""How the share of a joint that is close enough grows with what is close enough."""

import numpy as np

from repro.data.people import Floats
from repro.diagnosis.joints import JudgedJoints
from repro.diagnosis.persons import JudgedPersons
from repro.diagnosis.shares import ErrorShares

SIMILARITY, PCK = "similarity", "PCK"
MEASURES = {
    SIMILARITY: np.linspace(0.05, 1.0, 20).round(2),
    PCK: np.linspace(0.025, 0.5, 20).round(3),
}
"""measure -> its thresholds: at least so similar; at most so far, in sizes of the person"""


def curves(persons: JudgedPersons, joints: JudgedJoints) -> ErrorShares:
    """The shares of all labelled joints of those who are to be found; `MEASURE/JOINT/NUMBER`.

    The joints of a person without a pose are close enough nowhere.
    """
    images = persons.annotations.images
    names = persons.annotations.entry.skeleton.joints
    who, joint = np.nonzero(persons.labelled & persons.expected[:, None])
    cell = persons.image[who] * len(names) + joint
    cells = len(images) * len(names)
    whole = np.bincount(cell, minlength=cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = joints.away[who, joint] / persons.sizes[who]
    # a joint is close from the first of these places on, to the last for the similarity
    similar = np.searchsorted(MEASURES[SIMILARITY], joints.similarity[who, joint], "right")
    close = np.searchsorted(MEASURES[PCK], share, "left")
    parts = [
        _counts(cell, similar, cells, len(MEASURES[SIMILARITY]))[:, ::-1].cumsum(axis=1)[:, ::-1][
            :, 1:
        ],
        _counts(cell, close, cells, len(MEASURES[PCK])).cumsum(axis=1)[:, :-1],
    ]
    shape = len(images), -1
    numbers = [thresholds.size for thresholds in MEASURES.values()]
    return ErrorShares(
        images.ids,
        tuple(
            f"{measure}/{name}/{number}"
            for measure, thresholds in MEASURES.items()
            for name in names
            for number in range(len(thresholds))
        ),
        np.concatenate([part.reshape(shape) for part in parts], axis=1),
        np.concatenate(
            [np.repeat(whole.astype(np.float64), number).reshape(shape) for number in numbers],
            axis=1,
        ),
    )


def _counts(cell: np.ndarray, place: np.ndarray, cells: int, last: int) -> Floats:
    """(cells, last + 1) how many fall at each place."""
    flat = np.bincount(cell * (last + 1) + place, minlength=cells * (last + 1))
    return flat.reshape(cells, last + 1).astype(np.float64)
