"""What is said where a batch does not fit into memory."""

import pytest
import torch

from repro.training import loop


def fitting(most: int, tried: list[int]):  # type: ignore[no-untyped-def]
    def fits(count: int) -> bool:
        tried.append(count)
        if count > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return True

    return fits


def test_out_of_memory_says_what_fits_and_keeps_the_batch() -> None:
    tried: list[int] = []
    found = loop.memory_advice(64, 1, 1, fitting(20, tried))
    assert tried == [32, 16]
    assert str(found) == "64 samples at a time do not fit into memory; 16 fit."
    assert "--accumulate 4" in found.hint and "recipe's 64 samples" in found.hint


def test_out_of_memory_with_parts_and_devices() -> None:
    found = loop.memory_advice(64, 2, 2, None)  # 16 at a time
    assert str(found) == "16 samples at a time do not fit into memory; 8 may fit."
    assert "--accumulate 4" in found.hint
    assert "no fewer did" in str(loop.memory_advice(8, 1, 1, fitting(0, [])))


def test_only_errors_about_memory_are_taken_for_such() -> None:
    assert loop.out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert loop.out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory"))
    assert not loop.out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(ValueError, match="other"):
        loop.memory_advice(8, 1, 1, lambda count: (_ for _ in ()).throw(ValueError("other")))
