"""What `repro explain` says of a printed accuracy whose network was evaluated on some images."""

from typing import TypedDict


class FigureOnImages(TypedDict):
    """A figure that was measured on some images, in per cent."""

    value: float
    unit: str
    low: float | None
    """of the 95 % interval over images"""
    high: float | None


class PredictedFigure(TypedDict):
    """Where the figure on the whole set is to be expected, in per cent."""

    value: float
    low: float
    """of the 95 % prediction interval"""
    high: float


class AnchorAnswer(TypedDict):
    """Another network whose published figure tells how hard the images are."""

    network: str
    architecture: str
    published: str | None
    """as printed, in per cent, on the whole set"""
    measured: float | None
    """on the images"""
    record: str | None


class EstimateOnImages(TypedDict):
    """A printed accuracy as some images of its data set suggest it; no verdict."""

    set: str
    images: int
    metric: str
    rules: str
    """by which the network was evaluated on them"""
    measured: FigureOnImages
    record: str
    prediction: PredictedFigure | None
    """null where there are too few anchors"""
    anchors: list[AnchorAnswer]
    why: str
    """what is lacking for a prediction; else empty"""
    remarks: list[str]
