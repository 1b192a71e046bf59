"""Facts of official data sets that a test gives instead."""

from dataclasses import replace

import pytest

from repro.papers.datasets import DATASETS, OfficialFacts


def set_facts(
    monkeypatch: pytest.MonkeyPatch, dataset: str, split: str, facts: OfficialFacts | None
) -> None:
    """As if these were the facts of a split."""
    splits = DATASETS[dataset].splits
    monkeypatch.setitem(splits, split, replace(splits[split], facts=facts))  # type: ignore[arg-type]
