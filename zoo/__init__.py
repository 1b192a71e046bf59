"""Networks by name: builders, official parameter names, nothing else.

Importing this package imports neither torch nor timm: both are imported by the builder that is
asked for.
"""

from zoo.building import (
    UnknownModelError,
    create_block,
    create_model,
    list_models,
    load_published,
    published_state,
)
from zoo.registry import BLOCKS, MODELS, Entry

__all__ = [
    "BLOCKS",
    "MODELS",
    "Entry",
    "UnknownModelError",
    "create_block",
    "create_model",
    "list_models",
    "load_published",
    "published_state",
]
