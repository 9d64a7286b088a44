"""First guess of what units take: per kernel family a sum of amounts of work, or timed curves.

A family whose units were timed alone gets a function of its own from them (nn-Meter's kernel
regressors, Zhang et al., MobiSys 2021, section 5, for small budgets), and whole networks say by
how much its kernels are slower in context. Other families get a price per kernel, MAC, number
moved and weight from the whole networks. Prices are never negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from search_engine.costs.predictors.kernel_features import COLUMNS, Described
from search_engine.costs.predictors.kernel_forest import Forest
from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError

CURVE_FROM, FOREST_FROM = 4, 24
"""Timed units of a family from which it gets prices of its own, and a forest on top."""

_ERROR = 0.03  # relative error at which a fit is content
_PULL = 0.05  # how hard prices of a family are pulled to those of all, in units of 1 / variance
_LEAST_SHARE = 0.02  # of the total that each kind of work has at least, before families differ


@dataclass(frozen=True, slots=True)
class Curve:
    """Time of a family's units alone: prices of work, times what the forest corrects."""

    prices: Floats
    forest: Forest | None = None

    def __call__(self, units: Described) -> Floats:
        """`m` times."""
        times: Floats = units.work @ self.prices
        return times if self.forest is None else times * np.exp(self.forest.predict(units.trees()))


@dataclass(slots=True)
class Guess:
    """What a network takes beside its units (`offset`), and what each unit takes.

    Attributes:
        prices: of all families together, one per column of work.
        factors: by family, on its `COLUMNS` amounts.
        curves: of families that were timed alone, in the unit of those timings.
        unit: what one of those units is in the unit of the networks' values.
    """

    offset: float
    prices: Floats
    factors: dict[str, Floats]
    curves: dict[str, Curve] = field(default_factory=dict)
    unit: float = 1.0

    @classmethod
    def fit(
        cls,
        units: Described,
        counts: Floats,
        values: Floats,
        timed: Described | None,
        times: Floats,
        seed: int,
    ) -> Self:
        """Learn.

        Args:
            units: `u` units that occur anywhere.
            counts: `n x u`: how often in each measured network.
            values: `n` measured.
            timed, times: units that were timed alone, and their times.
        """
        curves = _curves(timed, times, seed) if timed is not None else {}
        whole = np.hstack([np.ones((len(values), 1)), counts @ units.work])
        start, *prices = _prices(whole, values)
        factors = {str(kind): _start(kind in curves) for kind in units.kinds}
        guess = cls(float(start), np.array(prices), factors)
        guess.curves, guess.unit = curves, _unit(values, curves, units, counts)
        if len(values):
            guess._fit_factors(units, counts, values)
        return guess

    def __call__(self, units: Described) -> Floats:
        """`m` values. PredictorError: a family it has not seen."""
        blocks = self._amounts(units)
        total: Floats = np.sum([blocks[kind] @ self.factors[kind] for kind in blocks], axis=0)
        return total

    def in_context(self, kinds: NDArray[np.str_], times: Floats) -> Floats:
        """What units take within networks that took `times` alone; their families have curves."""
        chosen = np.array([self.factors[kind] for kind in kinds]).reshape(-1, COLUMNS)
        taken = self.prices[0] * chosen[:, 0] + self.unit * chosen[:, 1] * times
        found: Floats = np.maximum(taken, 1e-12)
        return found

    def typical(self, units: Described) -> Floats:
        """`m` values above 0: how much a unit may deviate is a share of this."""
        blocks = self._amounts(units)
        start = np.sum([blocks[kind] @ _start(kind in self.curves) for kind in blocks], axis=0)
        found: Floats = np.maximum((start + self(units)) / 2, 1e-12)
        return found

    def _amounts(self, units: Described) -> dict[str, Floats]:
        """By family `m x COLUMNS`, zero for units of other families; curves take two columns."""
        blocks = {}
        for kind in self.factors:
            mine = units.kinds == kind
            block = units.work * self.prices
            if kind in self.curves:
                block[:, 1] = self.unit * self.curves[kind](units)
                block[:, 2:] = 0
            blocks[kind] = block * mine[:, None]
        return blocks

    def _fit_factors(self, units: Described, counts: Floats, values: Floats) -> None:
        """Least squares of relative errors, factors not negative, drawn to where they start."""
        blocks = self._amounts(units)
        amounts = np.hstack([blocks[kind] for kind in self.factors])
        rows = np.hstack([np.full((len(values), 1), self.offset), counts @ amounts])
        goal = np.concatenate([[1.0], *(_start(kind in self.curves) for kind in self.factors)])
        pull = np.sqrt(_PULL)
        design = np.vstack([rows / values[:, None] / _ERROR, pull * np.eye(len(goal))])
        wanted = np.concatenate([np.full(len(values), 1 / _ERROR), pull * goal])
        factors = nnls(design, wanted, maxiter=30 * len(goal))[0]
        self.offset *= float(factors[0])
        for number, kind in enumerate(self.factors):
            self.factors[kind] = factors[1 + COLUMNS * number : 1 + COLUMNS * (number + 1)]

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` answers the same."""
        return {
            "offset": self.offset,
            "unit": self.unit,
            "prices": self.prices.tolist(),
            "factors": {kind: factors.tolist() for kind, factors in self.factors.items()},
            "curves": {
                kind: {
                    "prices": curve.prices.tolist(),
                    "forest": None if curve.forest is None else curve.forest.to_json(),
                }
                for kind, curve in self.curves.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild. KeyError, TypeError, ValueError or PredictorError if it is no guess."""
        curves = {}
        for kind, curve in data["curves"].items():
            forest = curve["forest"]
            curves[kind] = Curve(
                _four(curve["prices"]), None if forest is None else Forest.from_json(forest)
            )
        factors = {str(kind): _four(values) for kind, values in data["factors"].items()}
        offset, unit = float(data["offset"]), float(data["unit"])
        return cls(offset, _four(data["prices"]), factors, curves, unit)


def _start(timed: bool) -> Floats:
    """Factors before networks speak: a timed kernel has its start-up in its time."""
    return np.array([0.0, 1.0, 0.0, 0.0]) if timed else np.ones(COLUMNS)


def _four(values: Sequence[float]) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (COLUMNS,) or not np.isfinite(array).all():
        raise ValueError(f"{COLUMNS} finite numbers, got {values!r:.80}")
    return array


def _prices(amounts: Floats, values: Floats) -> Floats:
    """`k` prices of `n x k` amounts, relative least squares; none of them is nothing."""
    if not len(values):
        return np.zeros(amounts.shape[1])
    rows = amounts / values[:, None]
    scale = np.linalg.norm(rows, axis=0)
    scale[scale == 0] = 1.0
    prices = nnls(rows / scale, np.ones(len(values)))[0] / scale
    means = rows.mean(axis=0)
    least = np.divide(_LEAST_SHARE, means, out=np.zeros_like(means), where=means > 0)
    found: Floats = np.maximum(prices, least)
    return found


def _curves(timed: Described, times: Floats, seed: int) -> dict[str, Curve]:
    """Functions of the families of which enough units were timed."""
    prices = _prices(timed.work, times)
    curves = {}
    for kind in sorted(set(timed.kinds.tolist())):
        mine = timed.kinds == kind
        if mine.sum() < CURVE_FROM:
            continue
        units, taken = timed.take(mine), times[mine]
        curve = Curve(prices * _factors(units.work * prices, taken))
        if mine.sum() >= FOREST_FROM:
            forest = Forest.fit(units.trees(), np.log(taken / curve(units)), seed)
            curve = Curve(curve.prices, forest)
        curves[kind] = curve
    return curves


def _factors(amounts: Floats, times: Floats) -> Floats:
    pull = np.sqrt(_PULL)
    design = np.vstack([amounts / times[:, None] / _ERROR, pull * np.eye(COLUMNS)])
    wanted = np.concatenate([np.full(len(times), 1 / _ERROR), np.full(COLUMNS, pull)])
    found: Floats = np.maximum(nnls(design, wanted)[0], 1e-3)
    return found


def _unit(values: Floats, curves: Mapping[str, Curve], units: Described, counts: Floats) -> float:
    """What the networks' unit is to the curves': 1, unless the networks are not in ms but mJ.

    Parts take at most about what the whole takes; where they do not, the units differ.
    """
    if not len(values) or not curves:
        return 1.0
    alone = np.sum([curve(units) * (units.kinds == kind) for kind, curve in curves.items()], axis=0)
    shares = (counts @ alone) / values
    share = float(np.median(shares[shares > 0])) if (shares > 0).any() else 1.0
    return 1.0 if 0.05 < share < 1.5 else 0.5 / share


def unknown_families(guess: Guess, units: Described) -> None:
    """PredictorError names families that no measured network and no timed unit had."""
    unknown = sorted(set(units.kinds.tolist()) - set(guess.factors))
    if unknown:
        raise PredictorError(
            f"Nothing is known of kernels of the families {', '.join(unknown)}; known are "
            f"{', '.join(sorted(guess.factors))}. Profile a space that has them on this device."
        )
