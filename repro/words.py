"""Words in a sentence."""

from collections.abc import Sequence


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`; empty for none."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
