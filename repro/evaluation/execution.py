"""How a network is run over images."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Execution:
    """Batch and device move the last digits of a result, the others nothing."""

    device: str = "cpu"
    batch: int = 32
    loaders: int = 2
    """threads that load images"""
    threads: int | None = None
    """of the network; as many as torch likes by default"""
    shard: int = 16
    """batches between two savings"""
