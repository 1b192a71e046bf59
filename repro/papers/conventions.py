"""The counting conventions that published costs follow, by name.

All of them count multiply-accumulates (MACs), whatever the papers call them. The rules
themselves are code, in `repro.counting.counter`; what `G` stands for belongs to the table's column.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Convention:
    """One way of counting the multiply-accumulates of a forward pass."""

    name: str
    tool: str
    """the program that counts so"""
    rules: str
    """what it counts, in words"""
    giga: tuple[int, ...] = (10**9,)
    """what the tool, or the tables made with it, take G for"""
    decimals: int | None = None
    """with how many the tool prints a sum in G, where tables were seen to round its print again"""

    def unit(self, usual: int) -> int:
        """What G stands for in a count by it: `usual`, unless its tables take another."""
        return usual if usual in self.giga else self.giga[0]


_ALL = (
    Convention(
        "fvcore",
        "fvcore FlopCountAnalysis",
        "convolutions and matrix products without bias, 2 per element of a batch and 5 of a layer "
        "normalisation, 1 of adaptive pooling and upsampling; activations are free",
    ),
    Convention(
        "mmcv",
        "mmcv get_model_complexity_info (MMPose)",
        "convolutions with bias, transposed ones on their input grid, 2 per element of a batch "
        "normalisation, 1 per element of ReLU, pooling and upsampling modules",
    ),
    Convention(
        "hrnet",
        "get_model_summary of the HRNet, SimpleBaseline and LPN repositories",
        "convolutions and linear layers only, without bias; transposed convolutions on their "
        "output grid, four times too many at stride 2",
        giga=(2**30, 10**9),
    ),
    Convention(
        "torchstat",
        "torchstat, the copy in the Lite-HRNet repository",
        "like mmcv, but pooling by window size, upsampling without its channels, and a module "
        "that is called several times counts once",
        giga=(2**30,),
    ),
    Convention(
        "conv",
        "true multiply-accumulates",
        "every convolution, linear layer and matrix product that runs, without bias; transposed "
        "convolutions on their input grid",
    ),
    Convention(
        "ptflops",
        "ptflops 0.6 (LitePose)",
        "like hrnet, with bias, 2 per element of a batch normalisation, 1 per element of "
        "activation, pooling and upsampling modules; deformable convolutions are free",
        decimals=2,
    ),
)

CONVENTIONS = {convention.name: convention for convention in _ALL}

TRUE = "conv"
"""the convention of what a network really does"""
USUAL = "fvcore"
"""the convention of a count that names none"""

GIGA = {10**9: "G = 1e9", 2**30: "G = 2^30"}
"""what the papers' G stands for"""
