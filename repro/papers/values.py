"""Plain values that every room names."""

from collections.abc import Mapping

Size = tuple[int, int]
"""height and width in pixels"""
Scalar = str | bool | int | float
Options = Mapping[str, Scalar | tuple[Scalar, ...]]
"""of a network, by name"""
