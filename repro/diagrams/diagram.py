"""The diagram of a network as data: its parts in the order they run, and where each takes from.

`diagrams.json` beside this file holds one for each drawing that `tables/*/pictures.toml` names,
so that a page is drawn without torch. `python -m repro.diagrams.document` writes it; a test walks
the networks and compares.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "diagrams.json"


@dataclass(frozen=True, slots=True)
class NetworkPart:
    """One part, or several alike in a row."""

    kind: str
    """a class of the zoo, a layer in words, `+` `×` `σ` `concat` for what joins, or `input`, which
    comes first"""
    count: int
    sources: tuple[int, ...]
    """the parts it takes from, by place"""
    channels: tuple[int, ...]
    """of each map it gives"""
    strides: tuple[int, ...]
    """of each map against the image; 0 for one value a channel"""
    output: bool = False
    """whether the network gives it away"""


Diagram = Sequence[NetworkPart]
PartRow = tuple[str, int, Sequence[int], Sequence[int], Sequence[int], bool]
"""a part as the file has it"""


def read() -> Mapping[str, Diagram]:
    """All diagrams by name."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: [_part(one) for one in parts] for name, parts in kept.items()}


def written(diagrams: Mapping[str, Diagram]) -> str:
    """The file of these diagrams, a line each part."""
    blocks = []
    for name, parts in sorted(diagrams.items()):
        lines = ",\n".join(
            "  " + json.dumps(_row(one), ensure_ascii=False, separators=(",", ":")) for one in parts
        )
        blocks.append(f" {json.dumps(name)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _row(part: NetworkPart) -> PartRow:
    return part.kind, part.count, part.sources, part.channels, part.strides, part.output


def _part(row: PartRow) -> NetworkPart:
    kind, count, sources, channels, strides, output = row
    return NetworkPart(kind, count, tuple(sources), tuple(channels), tuple(strides), output)
