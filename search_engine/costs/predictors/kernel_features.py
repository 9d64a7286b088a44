"""What the kernel-level predictor knows of an execution unit: family, shape, work, variant."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, prod

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.protocol import Floats
from search_engine.costs.units import Unit

COLUMNS = 4
"""Columns of work: one (a kernel is started), MACs, numbers moved, weights read."""

_VECTORS = (8, 16)  # lanes of fp32 in a vector register; kernels step at their multiples
_SHAPE = frozenset(
    {
        "out_channels",
        "kernel",
        "kernel_width",
        "stride",
        "stride_width",
        "padding",
        "padding_width",
        "dilation",
        "groups",
        "bias",
        "outputs",
    }
)


@dataclass(frozen=True, slots=True)
class Described:
    """`m` units as arrays.

    Attributes:
        kinds, keys: kernel family and identity.
        variants: what is neither family nor shape (activation, norm, fused layers), as text.
        points: `m x d` shapes on logarithmic axes, an octave being 1.
        work: `m x COLUMNS` amounts that time grows with.
    """

    kinds: NDArray[np.str_]
    keys: NDArray[np.str_]
    variants: NDArray[np.str_]
    points: Floats
    work: Floats

    def __len__(self) -> int:
        return len(self.work)

    def take(self, mask: NDArray[np.bool_]) -> "Described":
        """Those that the mask names."""
        return Described(
            self.kinds[mask],
            self.keys[mask],
            self.variants[mask],
            self.points[mask],
            self.work[mask],
        )

    def trees(self) -> Floats:
        """`m x (d + 3)` features for regression trees: the points and the logarithms of work."""
        return np.hstack([self.points, np.log2(1.0 + self.work[:, 1:])])


def described(units: Sequence[Unit]) -> Described:
    """Read units; at least one."""
    return Described(
        kinds=np.array([unit.kind for unit in units]),
        keys=np.array([unit.key for unit in units]),
        variants=np.array([_variant(unit) for unit in units]),
        points=np.array([_point(unit) for unit in units]),
        work=np.array(
            [[1, unit.macs, unit.values_moved, unit.params] for unit in units], dtype=np.float64
        ),
    )


def _point(unit: Unit) -> list[float]:
    """Where a unit lies; axes that matter less than an octave of channels are shorter."""
    inputs, outputs = unit.inputs[0][0], unit.output[0]
    height = unit.attributes.get("kernel", 1) or 1
    width = unit.attributes.get("kernel_width") or height
    aligned = [
        0.5 * (channels % lanes == 0) for channels in (inputs, outputs) for lanes in _VECTORS
    ]
    return [
        log2(inputs),
        log2(outputs),
        log2(prod(unit.output[1:])),
        log2(height * width),
        log2(unit.attributes.get("stride", 1)),
        log2(unit.attributes.get("dilation", 1)),
        float(len(unit.inputs)),
        *aligned,
    ]


def _variant(unit: Unit) -> str:
    rest = {name: value for name, value in unit.attributes.items() if name not in _SHAPE}
    return f"{sorted(rest.items())} {'&'.join(unit.fused)}"
