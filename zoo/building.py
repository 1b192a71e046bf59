"""Networks and blocks built by name, and filled from official checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from zoo.registry import BLOCKS, MODELS, Entry

if TYPE_CHECKING:
    import torch


class UnknownModelError(ValueError):
    """No network has the given name."""


def list_models(pattern: str = "*") -> list[str]:
    """Names that match a shell pattern, sorted."""
    from fnmatch import fnmatchcase

    return sorted(name for name in MODELS if fnmatchcase(name, pattern))


def create_model(name: str, num_keypoints: int | None = None, **options: object) -> torch.nn.Module:
    """The named network with the initial values of its official training code.

    Top-down networks map images (B, 3, H, W) to heatmaps (B, K, H/4, W/4), or to the official list
    of them; bottom-up networks to the list that their docstring gives. The network is built on
    torch's current default device, so that `with torch.device("meta")` gives one without values.
    """
    entry = _find(name)
    keypoints = entry.keypoints if num_keypoints is None else num_keypoints
    if isinstance(keypoints, bool) or not isinstance(keypoints, int) or keypoints < 1:
        raise ValueError(
            f"`num_keypoints` is `{num_keypoints!r}`; it must be a whole number, 1 or more."
        )
    builder = _builder(entry)
    _check_options(name, options, free=_free_options(builder, entry))
    return builder(keypoints, **entry.options, **options)


def create_block(name: str) -> torch.nn.Module:
    """The named block."""
    entry = BLOCKS[name]
    return _builder(entry)(**entry.options)


def load_published(model: torch.nn.Module, state_dict: Mapping[str, object]) -> None:
    """Fill a network from an official checkpoint: see `zoo.weights.load_published`."""
    from zoo import weights

    weights.load_published(model, state_dict)


def published_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A network's tensors under the official names: see `zoo.weights.published_state`."""
    from zoo import weights

    return weights.published_state(model)


def _builder(entry: Entry) -> Callable[..., torch.nn.Module]:
    """What builds an entry; its module, and with it torch, is imported here and not before."""
    from importlib import import_module

    builder: Callable[..., torch.nn.Module] = getattr(import_module(entry.module), entry.builder)
    return builder


def _find(name: str) -> Entry:
    if name in MODELS:
        return MODELS[name]
    from difflib import get_close_matches

    near = get_close_matches(name, MODELS, n=4, cutoff=0.5)
    hint = f"Did you mean {_listed(near)}?" if near else "`zoo.list_models()` lists the names."
    raise UnknownModelError(f"No model `{name}`. {hint}")


def _free_options(builder: Callable[..., torch.nn.Module], entry: Entry) -> list[str]:
    from inspect import signature

    _, *options = signature(builder).parameters
    return [option for option in options if option not in entry.options]


def _check_options(name: str, options: Mapping[str, object], free: list[str]) -> None:
    unknown = [option for option in options if option not in free]
    if not unknown:
        return
    valid = f"Its options are {_listed(free)}." if free else "It has no options."
    given = ", ".join(f"`{option}={options[option]!r}`" for option in unknown)
    raise ValueError(f"`{name}` does not take {given}. {valid}")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
