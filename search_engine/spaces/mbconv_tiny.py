"""Inverted residuals for small images, from a few thousand to some hundred thousand parameters.

Blocks: Sandler et al., MobileNetV2, CVPR 2018, section 3; searched kernel, expansion and
squeeze-and-excite: Tan et al., MnasNet, CVPR 2019, section 4.1. Widths are scaled down for
8x8 to 64x64 pixels, and strides depend on the map, so that the last stage sees about 4x4.
"""

from typing import Any

MBCONV: dict[str, Any] = {
    "block": "mbconv",
    "label": "MB {kernel}×{kernel} e{expansion} w{width}",
    "variables": {"kernel": {"choice": [3, 5, 7]}, "expansion": {"choice": [2, 3, 6]}},
    "residual": [
        {
            "op": "conv",
            "name": "expand",
            "kernel": 1,
            "out_channels": {"channels": {"variable": "expansion"}},
            "activation": "relu6",
        },
        {
            "op": "conv",
            "name": "depthwise",
            "kernel": {"variable": "kernel"},
            "stride": {"first": {"halve_above": {"variable": "side"}}, "rest": 1},
            "groups": {"channels": 1},
            "out_channels": {"channels": 1},
            "activation": "relu6",
        },
        {"name": "se", "optional": {"op": "squeeze_excite", "ratio": 8}},
        {
            "op": "conv",
            "name": "project",
            "kernel": 1,
            "out_channels": {"variable": "width"},
            "activation": "none",
        },
    ],
}


def _stage(number: int, widths: list[int], depths: list[int], side: int) -> dict[str, Any]:
    """Blocks of one width; the first halves maps whose side is larger than `side` pixels."""
    return {
        "name": f"stage{number}",
        "stage": f"Stage {number}",
        "variables": {
            "width": {"choice": widths},
            "depth": {"choice": depths},
            "side": side,
        },
        "sequence": [{"repeat": {"use": "mbconv"}, "times": {"variable": "depth"}}],
    }


DOCUMENT: dict[str, Any] = {
    "nasweb_space": 1,
    "name": "mbconv-tiny",
    "label": "MBConv tiny",
    "version": 1,
    "summary": "Inverted residuals with searched kernel, expansion, width, depth and attention.",
    "source": "Sandler et al., CVPR 2018, arXiv 1801.04381; "
    "Tan et al., CVPR 2019, arXiv 1807.11626",
    "input": {"shape": [1, 8, 8], "channels": [1, 3], "min_side": 8, "max_side": 64},
    "classes": 10,
    "define": {"mbconv": MBCONV},
    "network": [
        {
            "op": "conv",
            "name": "stem",
            "block": "stem",
            "stage": "Stem",
            "label": "{kernel}×{kernel} w{out_channels}",
            "kernel": 3,
            "stride": {"halve_above": 32},
            "out_channels": {"choice": [8, 12, 16], "name": "width"},
            "activation": "relu6",
        },
        _stage(1, [8, 12, 16], [1, 2], 4),
        _stage(2, [16, 24, 32], [1, 2, 3], 4),
        _stage(3, [24, 32, 48], [1, 2, 3], 4),
        {
            "op": "head",
            "name": "head",
            "block": "head",
            "stage": "Head",
            "outputs": {"task": "classes"},
        },
    ],
}
