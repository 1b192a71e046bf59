"""Hostile inputs of every kind end in an answer or in one sentence, soon and in little memory."""

from pathlib import Path

import pytest

from support.faults import batches
from support.faults.figures import Figures

pytestmark = pytest.mark.faults
CASES = 536
"""of a kind"""
KINDS = (
    *("documents:annotations", "documents:results", "documents:boxes", "documents:records"),
    *("documents:timings", "documents:side_files", "binaries:matlab", "binaries:checkpoints"),
    *("binaries:tensor_files", "binaries:pictures", "graphs:onnx_files", "graphs:openvino_files"),
    *("graphs:ncnn_files", "words:tables", "words:command_lines"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_no_mutation_breaks_a_command(kind: str, tmp_path: Path, figures: Figures) -> None:
    batch = batches.run(kind, CASES, figures.seed, tmp_path)
    figures.add(f"mutations: {kind.partition(':')[2].replace('_', ' ')}", batch.cases)
    for code, count in batch.codes.items():
        ended = code.startswith("exit")
        figures.add(f"mutations that ended: {code}" if ended else f"failures: {code}", count)
    figures.add("failures: of mutations", len(batch.failures))
    assert not batch.failures, "\n\n".join(map(batches.told, batch.failures))
    assert batch.cases >= CASES
