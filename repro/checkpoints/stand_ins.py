"""What stands for the objects of other programs in a checkpoint, so that its tensors can be read.

PyTorch's weights-only reader stops at a class that it does not know, though only the trainer's
settings are of it. Each such name gets a stand-in that takes any arguments and does nothing, so
that no code of the class is needed and none runs. Arrays of NumPy are real: they may be weights.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from repro.checkpoints.pickles import Walk

ARRAYS = {f"numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")}
NUMPY = {*ARRAYS, "numpy.ndarray", "numpy.dtype"}
SafeGlobal = Callable[..., object] | tuple[Callable[..., object], str]
"""as `torch.serialization.safe_globals` takes them: an object, and the name that it stands for"""


class StandIn:
    """An object of another program, of which only the name of its class is known."""

    maker = ""
    """the full name of its class or function"""

    def __new__(cls, *args: object) -> "StandIn":
        """Take any arguments."""
        return super().__new__(cls)

    def __init__(self, *args: object) -> None:
        """Forget them."""

    def __setstate__(self, state: object) -> None:
        """Forget it."""


def safe_globals(walks: Iterable[Walk]) -> list[SafeGlobal]:
    """Something harmless for every name in pickles that were walked."""
    named: dict[str, type] = {}
    for walk in walks:
        for name in walk.named:
            kind = dict if name in walk.mappings else list if name in walk.lists else StandIn
            named[name] = kind if named.get(name, StandIn) is StandIn else named[name]
    stands: list[SafeGlobal] = [
        (_stand_in(name, kind), name) for name, kind in named.items() if name not in NUMPY
    ]
    arrays = any(name.startswith("numpy.dtype") for name in named)
    return [*stands, *(_arrays() if arrays or named.keys() & NUMPY else ())]


def _stand_in(name: str, kind: type) -> type:
    """A class of its own for each name; those that are filled give what can be filled."""
    if kind is dict:
        return type("MappingStandIn", (), {"__new__": lambda cls, *args: OrderedDict()})
    if kind is list:
        return type("ListStandIn", (), {"__new__": lambda cls, *args: []})
    return type(name.rpartition(".")[2], (StandIn,), {"maker": name})


def _arrays() -> list[SafeGlobal]:
    """What arrays of numbers are rebuilt with."""
    import numpy as np

    rebuild = np.zeros(0).__reduce__()[0]
    dtypes = {type(np.dtype(code)) for code in np.typecodes["All"]}
    assert callable(rebuild)
    return [
        *((rebuild, name) for name in sorted(ARRAYS)),
        (np.ndarray, "numpy.ndarray"),
        (np.dtype, "numpy.dtype"),
        *((dtype, f"numpy.dtypes.{dtype.__name__}") for dtype in dtypes),
    ]
