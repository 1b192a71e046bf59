"""Networks by name: builders, official parameter names, nothing else.

Importing this package imports neither torch nor timm: both are imported by the builder that is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch

__all__ = [
    "MODELS",
    "Entry",
    "UnknownModelError",
    "create_model",
    "list_models",
    "load_published",
    "published_state",
]


class Entry(NamedTuple):
    """Where a network is built and what its name fixes."""

    module: str
    builder: str
    options: Mapping[str, object] = MappingProxyType({})
    """Options that the name fixes; the builder's other options stay free."""
    keypoints: int = 17
    stride: int = 32
    """Both input sides must be a multiple of it."""
    size: tuple[int, int] | None = None
    """The only input size, height and width, of a network that is built for one."""


class UnknownModelError(ValueError):
    """No network has the given name."""


MODELS: Mapping[str, Entry] = {
    # Heatmap weighting loss (Li and Xiang, ICPR 2022) and the networks beside it
    "simplebaseline_mobilenetv2": Entry("zoo.simplebaseline", "simplebaseline_mobilenetv2"),
    "simplebaseline_mobilenetv3": Entry("zoo.simplebaseline", "simplebaseline_mobilenetv3"),
    "simplebaseline_mobilenetv3_hsig12": Entry(
        "zoo.simplebaseline", "simplebaseline_mobilenetv3", {"hard_sigmoid_divisor": 2}
    ),
    "simplebaseline_shufflenetv2": Entry("zoo.simplebaseline", "simplebaseline_shufflenetv2"),
    "vipnas_mobilenetv3": Entry("zoo.vipnas", "vipnas_mobilenetv3"),
    "small_hrnet_w16": Entry("zoo.hrnet", "small_hrnet"),
    "hwl_mobilenetv3": Entry("zoo.hwl", "hwl_mobilenetv3"),
    "hwl_mobilenetv3_attn_none": Entry("zoo.hwl", "hwl_mobilenetv3", {"attention": "none"}),
    "hwl_mobilenetv3_attn_se": Entry("zoo.hwl", "hwl_mobilenetv3", {"attention": "se"}),
    "hwl_mobilenetv3_attn_cbam": Entry("zoo.hwl", "hwl_mobilenetv3", {"attention": "cbam"}),
    "hwl_mobilenetv3_hsig12": Entry("zoo.hwl", "hwl_mobilenetv3", {"hard_sigmoid_divisor": 2}),
    # Lightweight pose network (Zhang et al., 2019) and the networks beside it
    "lpn_50": Entry("zoo.lpn", "lpn", {"depth": 50, "context": True}, stride=16),
    "lpn_101": Entry("zoo.lpn", "lpn", {"depth": 101, "context": True}, stride=16),
    "lpn_152": Entry("zoo.lpn", "lpn", {"depth": 152, "context": True}, stride=16),
    "lpn_50_nogc": Entry("zoo.lpn", "lpn", {"depth": 50, "context": False}, stride=16),
    "lpn_101_nogc": Entry("zoo.lpn", "lpn", {"depth": 101, "context": False}, stride=16),
    "lpn_152_nogc": Entry("zoo.lpn", "lpn", {"depth": 152, "context": False}, stride=16),
    "simplebaseline_resnet50": Entry("zoo.simplebaseline", "simplebaseline_resnet", {"depth": 50}),
    "simplebaseline_resnet101": Entry(
        "zoo.simplebaseline", "simplebaseline_resnet", {"depth": 101}
    ),
    "simplebaseline_resnet152": Entry(
        "zoo.simplebaseline", "simplebaseline_resnet", {"depth": 152}
    ),
    "hrnet_w32": Entry("zoo.hrnet", "hrnet", {"width": 32}),
    "hrnet_w48": Entry("zoo.hrnet", "hrnet", {"width": 48}),
    "hourglass_8stage": Entry("zoo.hourglass", "hourglass", {"stacks": 8}, stride=64),
    "cpn_resnet50": Entry("zoo.cpn", "cpn", {"projection": True}),
    "cpn_resnet50_noproj": Entry("zoo.cpn", "cpn", {"projection": False}),
}


def list_models(pattern: str = "*") -> list[str]:
    """Names that match a shell pattern, sorted."""
    from fnmatch import fnmatchcase

    return sorted(name for name in MODELS if fnmatchcase(name, pattern))


def create_model(name: str, num_keypoints: int | None = None, **options: object) -> torch.nn.Module:
    """The named network with the initial values of its official training code.

    It maps images (B, 3, H, W) to heatmaps (B, K, H/4, W/4), or to the official list of them. It is
    built on torch's current default device, so that `with torch.device("meta")` gives a network
    without values.
    """
    from importlib import import_module

    entry = _find(name)
    keypoints = entry.keypoints if num_keypoints is None else num_keypoints
    if isinstance(keypoints, bool) or not isinstance(keypoints, int) or keypoints < 1:
        raise ValueError(
            f"`num_keypoints` is `{num_keypoints!r}`; it must be a whole number, 1 or more."
        )
    builder: Callable[..., torch.nn.Module] = getattr(import_module(entry.module), entry.builder)
    _check_options(name, options, free=_free_options(builder, entry))
    return builder(keypoints, **entry.options, **options)


def load_published(model: torch.nn.Module, state_dict: Mapping[str, object]) -> None:
    """Fill a network from an official checkpoint: see `zoo.weights.load_published`."""
    from zoo import weights

    weights.load_published(model, state_dict)


def published_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A network's tensors under the official names: see `zoo.weights.published_state`."""
    from zoo import weights

    return weights.published_state(model)


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
