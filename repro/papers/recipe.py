"""How a network is trained: everything that a training does beside the network itself."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from repro.errors import ReproError, unknown

Setting = str | bool | int | float
OPTIMIZERS = ("Adam", "AdamW", "SGD")
INITS = ("network", "normal 0.001", "torch")


@dataclass(frozen=True, slots=True)
class Loss:
    """What is made small: a name among `repro.pose.losses`, and its settings."""

    name: str = ""
    """empty where a recipe leaves the loss to the network"""
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def __str__(self) -> str:
        settings = ", ".join(f"{key} {value}" for key, value in self.settings.items())
        return f"{self.name} ({settings})" if settings else self.name


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training, complete; a chance is a probability, an angle in degrees."""

    optimizer: str
    """one of OPTIMIZERS; what is not said here is as in PyTorch"""
    lr: float
    epochs: int
    batch: int
    """persons, or whole images, of one step of the optimizer on all devices together"""
    loss: Loss = Loss()
    whole: bool = False
    """whether the network looks at whole images, not at one person"""
    momentum: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = None
    """largest norm of all gradients together; not limited by default"""
    decay: float = 0.1
    """what the learning rate is multiplied by at each milestone"""
    milestones: tuple[int, ...] = ()
    """epochs, counted from 0, which the decayed rate begins with"""
    warmup_iterations: int = 0
    """steps over which the learning rate rises to its value, in a straight line"""
    warmup_ratio: float = 1.0
    """the share of the learning rate that the warm-up begins with"""
    stages: int = 1
    """rounds of training, each after the first from the best weights of the one before"""
    restart_epoch: int = 0
    """the epoch that those stages begin with; milestones and epochs stay absolute"""
    average: float = 0.0
    """decay of the moving average of the weights that is evaluated and kept; 0: none"""
    evaluate_every: int = 10
    """epochs; also after the last of a stage"""
    init: str = "network"
    """`network`: as the network's official code; `normal 0.001`: the weights of all convolutions;
    `torch`: as PyTorch leaves its layers"""
    pretraining: str = ""
    """the data whose weights the training begins with"""
    sigma: float = 2.0
    """of the Gaussian targets, in heatmap pixels"""
    centre: str = "nearest"
    """`nearest` heatmap pixel to the joint, or the `exact` place"""
    cut: float = 3.0
    """sigmas beyond which a target is 0; inf: nowhere"""
    flip: float = 0.0
    """chance"""
    half_body: float = 0.0
    """chance, where more than 8 joints are labelled"""
    scale_factor: float = 0.0
    """boxes are scaled by 1 + factor · N(0, 1), at most by 1 ± factor"""
    rotation_factor: float = 0.0
    """rotation by factor · N(0, 1), at most by twice the factor"""
    rotation_chance: float = 0.6
    centre_shift: float = 0.0
    """largest shift of the box, as a share of its sides"""
    centre_chance: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    """whole images: least and largest, of the short side"""
    rotation: float = 0.0
    """whole images: largest, evenly to both sides"""
    translation: float = 0.0
    """whole images: largest, in 200ths of the scaled short side"""

    def __post_init__(self) -> None:
        """Raise ReproError for a value that no training can have."""
        if self.optimizer not in OPTIMIZERS:
            raise unknown("optimizer", self.optimizer, OPTIMIZERS)
        if self.init not in INITS:
            raise unknown("initialisation", self.init, INITS)
        if self.centre not in ("nearest", "exact"):
            raise unknown("centre of targets", self.centre, ("nearest", "exact"))
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            for number in value if isinstance(value, tuple) else (value,):
                if number is not None and not least <= number <= most:
                    raise ReproError(
                        f"`{name}` of a recipe is {number:g}.",
                        f"It is {least:g} to {most:g}." if most < HUGE else f"{least:g} or more.",
                    )
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ReproError(f"The milestones {self.milestones} do not rise.", "Put them in order.")
        if self.stages > 1 and self.restart_epoch >= self.epochs:
            raise ReproError(
                f"A stage cannot restart at epoch {self.restart_epoch} of {self.epochs}.",
                "Restart before the last epoch, `--set restart_epoch=N`, `--set stages=1`, or "
                "--scale-schedule.",
            )
        if self.scale[0] > self.scale[1]:
            raise ReproError(f"No scale is within {self.scale}.", "Put the least first.")

    def described(self) -> dict[str, object]:
        """As plain data."""
        return {**dataclasses.asdict(self), "loss": str(self.loss)}


HUGE = 1e9
BOUNDS: Mapping[str, tuple[float, float]] = {
    "lr": (1e-12, 1e3),
    "epochs": (1, 100_000),
    "batch": (1, 2**20),
    "momentum": (0, 1),
    "weight_decay": (0, 1),
    "clip": (1e-9, HUGE),
    "decay": (0, 1),
    "milestones": (1, HUGE),
    "warmup_iterations": (0, HUGE),
    "warmup_ratio": (0, 1),
    "stages": (1, 100),
    "restart_epoch": (0, HUGE),
    "average": (0, 0.99999),
    "evaluate_every": (1, HUGE),
    "sigma": (0.1, 100),
    "cut": (0.1, float("inf")),
    "flip": (0, 1),
    "half_body": (0, 1),
    "scale_factor": (0, 0.99),
    "rotation_factor": (0, 180),
    "rotation_chance": (0, 1),
    "centre_shift": (0, 10),
    "centre_chance": (0, 1),
    "scale": (0.01, 100),
    "rotation": (0, 180),
    "translation": (0, 1000),
}
"""least and largest value of the fields that are numbers"""
