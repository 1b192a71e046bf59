"""What to say where a batch does not fit into memory."""

import gc
from collections.abc import Callable

import torch

from repro.errors import RunError
from repro.speed.measure.allocation import give_back

SIGNS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "bad allocation",
    "could not create a primitive",  # oneDNN, for want of memory
)


def ran_out(error: BaseException) -> bool:
    """Whether an error is about memory."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


def advice(
    batch: int, accumulate: int, devices: int, fits: Callable[[int], bool] | None
) -> RunError:
    """The error for a batch that did not fit: which part of it would, and how to keep the recipe.

    `batch` is that of the recipe, of which every device sees `batch / devices / accumulate` at a
    time; `fits` tries so many at a time, None where that cannot be tried.
    """
    share = batch // devices
    tried = share // accumulate
    smaller = [parts for parts in range(accumulate + 1, share + 1) if share % parts == 0]
    for parts in smaller:
        if fits is None or _tried(fits, share // parts):
            would = "may fit" if fits is None else "fit" if share // parts > 1 else "fits"
            return RunError(
                f"{tried:,} samples at a time do not fit into memory; {share // parts:,} {would}.",
                f"Say --accumulate {parts}: every step is still of the recipe's {batch:,} samples, "
                "only that batch normalisation sees fewer at a time.",
            )
    return RunError(
        f"{tried:,} samples at a time do not fit into memory, and afterwards no fewer did.",
        "Try it with more --accumulate, a smaller --input, or --precision bf16 on a GPU.",
    )


def _tried(fits: Callable[[int], bool], count: int) -> bool:
    gc.collect()
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        return fits(count)
    except Exception as error:
        if not ran_out(error):
            raise
        return False
