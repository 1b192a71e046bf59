"""How many samples trainings and evaluations of the official data sets have, as published."""

from repro.papers.datasets import DATASETS, Dataset
from repro.papers.protocol import GROUND_TRUTH, Protocol


def samples(dataset: Dataset, split: str, whole: bool) -> int | None:
    """What a network is trained on: images, else labelled persons; None where nobody says.

    Where the persons of a split are not published, it has as many in an image as the split that
    networks are compared on.
    """
    facts = dataset.facts(split)
    if facts is None:
        return None
    known = facts.images if whole else facts.labelled or facts.people
    compared = dataset.facts(dataset.compared_on)
    if known is None and facts.images and compared and compared.images and compared.labelled:
        known = round(facts.images * compared.labelled / compared.images)
    return known


def looked_at(rules: Protocol) -> int | None:
    """The crops or images of an evaluation; None where nobody says.

    Where a detector's boxes are not published, as many as there are labelled persons.
    """
    dataset = DATASETS[rules.dataset]
    facts = dataset.facts(rules.split)
    if facts is not None and facts.boxes and rules.boxes != GROUND_TRUTH and not rules.bottom_up:
        return facts.boxes
    return samples(dataset, rules.split, rules.bottom_up)


def images(rules: Protocol) -> int:
    """The images of an evaluation; 0 where nobody says."""
    facts = DATASETS[rules.dataset].facts(rules.split)
    return (facts.images if facts is not None else None) or 0
