"""What a unit takes by its shape alone: linear in work and traffic, per kernel family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search_engine.costs.predictors.lut_calibration import nonnegative
from search_engine.costs.predictors.protocol import Floats
from search_engine.costs.units import Unit

EVERY = "*"
LEAST_SHARE = 0.1
WIDTH = 4


def shape_features(unit: Unit) -> Floats:
    """1, multiply-accumulates, numbers moved, weights read."""
    return np.array([1.0, unit.macs, unit.values_moved, unit.params])


@dataclass(frozen=True, slots=True)
class ShapePrior:
    """Coefficients of `shape_features` by kernel family, and for all families under `*`.

    A family takes at least a tenth of what all families together suggest, so that none is free
    because its work always came with that of another.
    """

    coefficients: Mapping[str, tuple[float, ...]]
    base: float = 0.0

    def __call__(self, unit: Unit) -> float:
        """Estimate, positive."""
        features = shape_features(unit)
        common = float(features @ np.array(self.coefficients[EVERY]))
        own = self.coefficients.get(unit.kind)
        if own is None:
            return common
        return max(float(features @ np.array(own)), LEAST_SHARE * common)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        coefficients = {kind: list(values) for kind, values in self.coefficients.items()}
        return {"coefficients": coefficients, "base": self.base}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ShapePrior":
        """Rebuild it."""
        read = {k: tuple(map(float, v)) for k, v in data["coefficients"].items()}
        return cls(read, float(data["base"]))


def prior_from_networks(groups: Sequence[Sequence[Unit]], measured: Floats) -> ShapePrior:
    """Least squares of the relative error over whole networks, coefficients not negative."""
    features = {unit.key: shape_features(unit) for group in groups for unit in group}
    kinds = sorted({unit.kind for group in groups for unit in group})
    place = {kind: number for number, kind in enumerate(kinds)}
    sums = np.zeros((len(groups), len(kinds), WIDTH))
    for row, group in enumerate(groups):
        for unit in group:
            sums[row, place[unit.kind]] += features[unit.key]
    common, base = _fitted(sums.sum(axis=1), measured)
    own, base = _fitted(sums.reshape(len(groups), -1), measured, ridge=1e-4)
    table = {kind: tuple(own[i * WIDTH : (i + 1) * WIDTH]) for i, kind in enumerate(kinds)}
    return ShapePrior({EVERY: tuple(common), **table}, base)


def prior_from_units(units: Sequence[Unit], measured: Floats) -> ShapePrior:
    """The same from single units that were timed."""
    features = np.stack([shape_features(unit) for unit in units])
    table = {EVERY: _positive(features, measured)}
    for kind in sorted({unit.kind for unit in units}):
        mine = np.array([unit.kind == kind for unit in units])
        table[kind] = _positive(features[mine], measured[mine])
    return ShapePrior(table)


def _positive(features: Floats, measured: Floats) -> tuple[float, ...]:
    found = nonnegative(features / measured[:, None], np.ones(len(measured)), ridge=1e-4)
    return tuple(found.tolist())


def _fitted(sums: Floats, measured: Floats, ridge: float = 1e-6) -> tuple[list[float], float]:
    rows = np.column_stack([np.ones(len(sums)), sums]) / measured[:, None]
    base, *rest = nonnegative(rows, np.ones(len(sums)), ridge).tolist()
    return rest, base
