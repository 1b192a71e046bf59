"""Every network by name: where it is built, and what its name fixes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


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
    grouping: str = ""
    """How persons are found among its maps of a whole image: `associative embedding`, `centre
    offsets` or `part affinity fields`. Empty for a network that looks at one person."""


def _for_each_data_set(networks: Mapping[str, Entry]) -> dict[str, Entry]:
    """Each network under its plain name, and for the joints of COCO and of CrowdPose."""
    joints = {"_coco": 17, "_crowdpose": 14}
    return {
        name + suffix: entry._replace(
            keypoints=joints.get(suffix, entry.keypoints),
            grouping=entry.grouping or "associative embedding",
        )
        for name, entry in networks.items()
        for suffix in ("", *joints)
    }


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
    # Lite-HRNet, Dite-HRNet and CBAM-Lite-HRNet
    "litehrnet_18": Entry("zoo.litehrnet", "litehrnet", {"depth": 18}),
    "litehrnet_30": Entry("zoo.litehrnet", "litehrnet", {"depth": 30}),
    "naive_litehrnet_18": Entry("zoo.litehrnet", "naive_litehrnet"),
    # PP-TinyPose (PaddleDetection, 2021) is the wider naive Lite-HRNet, for 256x192 and 128x96
    "pp_tinypose": Entry("zoo.litehrnet", "naive_litehrnet", {"width": 40}),
    "ditehrnet_18": Entry("zoo.ditehrnet", "ditehrnet", {"depth": 18}),
    "ditehrnet_30": Entry("zoo.ditehrnet", "ditehrnet", {"depth": 30}),
    "cbam_litehrnet": Entry("zoo.cbam_litehrnet", "cbam_litehrnet"),
    # with Lite-HRNet's own channels, which the paper does not print
    "cbam_litehrnet_18": Entry("zoo.cbam_litehrnet", "cbam_litehrnet", {"depth": 18, "width": 40}),
    "cbam_litehrnet_30": Entry("zoo.cbam_litehrnet", "cbam_litehrnet", {"depth": 30, "width": 40}),
    # TokenPose
    "tokenpose_s_v1": Entry("zoo.tokenpose", "tokenpose_s", size=(256, 192)),
    "tokenpose_b": Entry("zoo.tokenpose", "tokenpose_b", size=(256, 192)),
    "tokenpose_l_d24": Entry("zoo.tokenpose", "tokenpose_l", {"depth": 24}, size=(256, 192)),
    "tokenpose_l_d6_mpii": Entry(
        "zoo.tokenpose", "tokenpose_l", {"depth": 6}, keypoints=16, size=(256, 256)
    ),
    # Bottom-up networks of one data set
    "lightweight_openpose": Entry(
        "zoo.lightweight_openpose",
        "lightweight_openpose",
        {"refinements": 1},
        stride=8,
        grouping="part affinity fields",
    ),
    "lightweight_openpose_r3": Entry(
        "zoo.lightweight_openpose",
        "lightweight_openpose",
        {"refinements": 3},
        stride=8,
        grouping="part affinity fields",
    ),
    "lightweight_openpose_0001": Entry(
        "zoo.lightweight_openpose_0001",
        "lightweight_openpose_0001",
        stride=8,
        grouping="part affinity fields",
    ),
    # Bottom-up networks of COCO and CrowdPose: `litepose_s`, `litepose_s_coco`, `_crowdpose` ...
    **_for_each_data_set(
        {
            "litepose_s": Entry("zoo.litepose", "litepose", {"scale": "s"}, stride=16),
            "litepose_xs": Entry("zoo.litepose", "litepose", {"scale": "xs"}, stride=16),
            "wlitepose_s": Entry(
                "zoo.wlitepose", "wlitepose", {"scale": "s", "reading": "fit"}, 14, stride=16
            ),
            "wlitepose_xs": Entry(
                "zoo.wlitepose", "wlitepose", {"scale": "xs", "reading": "fit"}, 14, stride=16
            ),
            "wlitepose_s_text": Entry(
                "zoo.wlitepose", "wlitepose", {"scale": "s", "reading": "text"}, 14
            ),
            "wlitepose_xs_text": Entry(
                "zoo.wlitepose", "wlitepose", {"scale": "xs", "reading": "text"}, 14
            ),
            "wlitepose_s_reading": Entry(
                "zoo.wlitepose_readings", "wlitepose_reading", {"scale": "s"}, 14
            ),
            "wlitepose_xs_reading": Entry(
                "zoo.wlitepose_readings", "wlitepose_reading", {"scale": "xs"}, 14
            ),
            "higherhrnet_w16": Entry("zoo.higherhrnet", "small_higherhrnet", {"width": 16}),
            "higherhrnet_w16_plain": Entry("zoo.higherhrnet", "higherhrnet", {"width": 16}),
            "higherhrnet_w24": Entry("zoo.higherhrnet", "small_higherhrnet", {"width": 24}),
            "higherhrnet_w24_plain": Entry("zoo.higherhrnet", "higherhrnet", {"width": 24}),
            "higherhrnet_w32": Entry("zoo.higherhrnet", "higherhrnet", {"width": 32}),
            "higherhrnet_w48": Entry("zoo.higherhrnet", "higherhrnet", {"width": 48}),
            "swahr_w48": Entry("zoo.higherhrnet", "swahr"),
            "efficienthrnet_h1": Entry("zoo.efficienthrnet", "efficienthrnet", {"phi": -1}),
            "efficienthrnet_h2": Entry("zoo.efficienthrnet", "efficienthrnet", {"phi": -2}),
            "efficienthrnet_h3": Entry("zoo.efficienthrnet", "efficienthrnet", {"phi": -3}),
            "efficienthrnet_h4": Entry("zoo.efficienthrnet", "efficienthrnet", {"phi": -4}),
            "dekr_w48": Entry("zoo.dekr", "dekr", grouping="centre offsets"),
        }
    ),
}

BLOCKS: Mapping[str, Entry] = {"cbam_block": Entry("zoo.cbam", "CBAM", {"channels": 64})}
"""Blocks with a golden of their own: feature map to feature map, no network."""
