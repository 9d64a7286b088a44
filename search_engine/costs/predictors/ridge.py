"""`ridge`: a price per execution unit, learned from whole networks, in relative error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, get_args

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.predictors.features import (
    UnitCounts,
    count_units,
    family,
    unit_features,
)
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.summed import (
    SummedPredictor,
    fine_grid,
    rules_from_json,
    rules_to_json,
)
from search_engine.costs.units import Liveness, RuntimeRules, Unit
from search_engine.errors import PredictorError

FEWEST = 5
_PENALTIES = np.logspace(-9, 1, 21)
_KEY_SCALES = (0.0, 0.1, 0.5)  # 0 = no prices of their own for single units
_FLOOR = 0.1  # of the smallest value fitted on: no prediction is less
_DEVIATIONS, _ROUNDS = 3.0, 3  # Huber's limit in scaled median absolute deviations; re-weightings


class RidgeConfig(Config):
    """Settings of `ridge`."""

    liveness: Literal["device", "choose"] = Field(
        "device",
        description="Which layers count: as the device's runtime is known to execute them, or as "
        "explains the measurements best. Choose for tables of unknown runtimes.",
    )


class Ridge(SummedPredictor):
    """Intercept plus a sum over units, fitted in relative error with a penalty (ridge regression).

    Units of a family (kind, fused with the same, as many inputs) share a price per unit, per MAC,
    per value moved and per parameter; units that occur often enough also get a correction of their
    own, which the penalty keeps small. Strength of penalty and correction, and the rule of
    liveness where it is not known, are those with the least leave-one-out error. Gross outliers
    count less (Huber weights). Assumes that units run one after another.

    Source: the regressed look-up table of `docs/hardware.md`; leave-one-out errors by the hat
    matrix as in Allen's PRESS (Technometrics 16(1), 1974).
    """

    config_class = RidgeConfig
    config: RidgeConfig

    def __init__(self, config: RidgeConfig | None = None) -> None:
        super().__init__(config)
        self.out_of_fold: Floats | None = None
        self._families: tuple[str, ...] = ()
        self._prices: Floats = np.zeros(0)
        self._corrections: dict[str, float] = {}
        self._intercept = self._floor = 0.0

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        if len(evidence.values) < FEWEST:
            return f"needs {FEWEST} measured networks, there are {len(evidence.values)}"
        return ""

    def fit(self, evidence: Evidence) -> Self:
        """Learn. PredictorError with too few networks or values that are not positive."""
        rules = possible_rules(evidence.rules, self.config.liveness)
        return self.learn([count_units(evidence.networks, r) for r in rules], evidence.values)

    def learn(self, candidates: Sequence[UnitCounts], values: Floats) -> Self:
        """Fit on counted networks; of several ways to count, the best is taken.

        Attributes set:
            out_of_fold: `n` predictions for the fitting networks, each made without its own value.
        """
        values = checked_values(values, FEWEST)
        found = [(_best(_columns(counts), values), counts) for counts in candidates]
        best, counts = min(found, key=lambda pair: pair[0].error)
        for _ in range(_ROUNDS):
            best = _refitted(best, values)
        columns = best.columns
        self._rules, self._families = counts.rules, columns.families
        self._prices = best.weights[: 4 * len(columns.families)]
        corrections = best.weights[4 * len(columns.families) :]
        self._corrections = {
            key: float(weight)
            for key, weight in zip(columns.keys, corrections, strict=True)
            if weight
        }
        self._intercept, self._floor = best.intercept, _FLOOR * float(values.min())
        self._set_grid()
        self.out_of_fold = np.maximum(best.left_out, self._floor)
        return self

    def answer(self, counts: UnitCounts) -> Floats:
        """`n` predictions for networks counted by its own rules."""
        sums: Floats = counts.counts @ self.unit_rows(counts.units)
        return self.from_sums(sums)

    def from_sums(self, sums: Floats) -> Floats:
        """`n x 1` sums to `n` predictions."""
        return np.maximum(self._intercept + sums[:, 0], self._floor)

    def state_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "rules": rules_to_json(self.rules),
            "families": list(self._families),
            "prices": self._prices.tolist(),
            "corrections": self._corrections,
            "intercept": self._intercept,
            "floor": self._floor,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""
        try:
            families = tuple(map(str, state["families"]))
            prices = np.asarray(state["prices"], float)
            corrections = {str(k): float(v) for k, v in dict(state["corrections"]).items()}
            intercept, floor = float(state["intercept"]), float(state["floor"])
            rules = rules_from_json(state["rules"])
        except (KeyError, TypeError, ValueError) as error:
            raise PredictorError(f"No state of a ridge predictor: {error!r}.") from error
        if prices.shape != (4 * len(families),):
            raise PredictorError("No state of a ridge predictor: four prices per family.")
        self._rules, self._families, self._prices = rules, families, prices
        self._corrections, self._intercept, self._floor = corrections, intercept, floor
        self._set_grid()
        return self

    def _rows(self, units: Sequence[Unit]) -> Floats:
        own = np.array([self._corrections.get(unit.key, 0.0) for unit in units])
        rows: Floats = unit_features(units, self._families) @ self._prices + own
        return rows[:, None]

    def _set_grid(self) -> None:
        self._forget_rows()
        largest = max(abs(self._intercept), *map(abs, self._corrections.values()), 0.0, 1e-6)
        self.grid = fine_grid(largest)


def possible_rules(rules: RuntimeRules, liveness: str) -> list[RuntimeRules]:
    """The rules themselves, or one for each way to treat dead layers."""
    if liveness == "device":
        return [rules]
    kinds: tuple[Liveness, ...] = get_args(Liveness)
    return [replace(rules, liveness=kind) for kind in kinds]


def checked_values(values: Floats, fewest: int) -> Floats:
    """Measured values as float64. PredictorError if they are too few or not positive."""
    values = np.asarray(values, float)
    if len(values) < fewest:
        raise PredictorError(f"Needs at least {fewest} measured networks, got {len(values)}.")
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise PredictorError("Measured values must be positive numbers; leave failed ones out.")
    return values


@dataclass(frozen=True)
class _Columns:
    """What a ridge regression reads: family features, then counts of single units."""

    families: tuple[str, ...]
    keys: tuple[str, ...]
    matrix: Floats


@dataclass(frozen=True)
class _Fit:
    """One solution: `left_out` are predictions without the network's own value."""

    columns: _Columns
    penalty: float
    key_scale: float
    weights: Floats
    intercept: float
    left_out: Floats
    error: float


def _columns(counts: UnitCounts) -> _Columns:
    families = tuple(sorted({family(unit) for unit in counts.units}))
    shared = counts.counts @ unit_features(counts.units, families)
    common = np.flatnonzero(((counts.counts > 0).sum(axis=0) > 2) & (np.ptp(counts.counts, 0) > 0))
    keys = tuple(counts.units[i].key for i in common)
    return _Columns(families, keys, np.hstack([shared, counts.counts[:, common]]))


def _best(columns: _Columns, values: Floats) -> _Fit:
    trust = np.ones(len(values))
    fits = [fit for scale in _KEY_SCALES for fit in _path(columns, values, trust, scale)]
    return min(fits, key=lambda fit: fit.error)


def _refitted(fit: _Fit, values: Floats) -> _Fit:
    """The same settings once more, with less trust in values far from the others."""
    residuals = np.abs(fit.left_out - values) / values
    limit = max(_DEVIATIONS * 1.4826 * float(np.median(residuals)), 1e-12)
    trust = np.minimum(1.0, limit / np.maximum(residuals, 1e-300))
    return _path(fit.columns, values, trust, fit.key_scale, (fit.penalty,))[0]


def _path(
    columns: _Columns,
    values: Floats,
    trust: Floats,
    key_scale: float,
    penalties: Sequence[float] | Floats = _PENALTIES,
) -> list[_Fit]:
    """Solutions for a row of penalties from one decomposition."""
    weight = trust / values**2
    weight /= weight.sum()
    centre, middle = weight @ columns.matrix, float(weight @ values)
    root = np.sqrt(weight)
    spread = (columns.matrix - centre) * root[:, None]
    norms = np.sqrt((spread**2).sum(axis=0))
    scale = np.where(norms > 1e-9 * (np.abs(centre) + 1e-12), 1 / np.maximum(norms, 1e-300), 0.0)
    scale[4 * len(columns.families) :] *= key_scale
    used = np.flatnonzero(scale)
    left, sizes, right = np.linalg.svd(spread[:, used] * scale[used], full_matrices=False)
    target = root * (values - middle)
    along, fits = left.T @ target, []
    for penalty in penalties:
        shrink = sizes**2 / (sizes**2 + penalty)
        leverage = np.minimum((left**2) @ shrink + weight, 1 - 1e-9)
        wrong = (target - left @ (shrink * along)) / root / (1 - leverage)
        solution = np.zeros(columns.matrix.shape[1])
        solution[used] = scale[used] * (right.T @ (sizes / (sizes**2 + penalty) * along))
        fits.append(
            _Fit(
                columns,
                float(penalty),
                key_scale,
                solution,
                middle - float(centre @ solution),
                values - wrong,
                float(np.minimum(np.abs(wrong) / values, 1).mean()),
            )
        )
    return fits
