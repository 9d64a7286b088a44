"""Kernel-level predictor: time per execution unit as a function of its family and shape."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.predictors.kernel_features import Described, described
from search_engine.costs.predictors.kernel_guess import CURVE_FROM, Guess, unknown_families
from search_engine.costs.predictors.kernel_process import Shape, covariance, posterior
from search_engine.costs.predictors.protocol import Evidence, Floats, KernelSample
from search_engine.costs.predictors.summed import (
    SummedPredictor,
    fine_grid,
    rules_from_json,
    rules_to_json,
)
from search_engine.costs.units import Unit, units_of
from search_engine.errors import PredictorError, SearchEngineError

FEWEST = 5
"""Networks it needs, unless every family was timed alone."""

_JUDGES = 8  # networks that can choose the shape of the process without help from timed units
_LEAST = 0.02  # of its usual time that each unit takes, and of the fastest network each network
_FORMAT = 1


class KernelConfig(Config):
    """Settings of the kernel-level predictor."""

    timed_noise: float = Field(
        3.0,
        ge=1,
        le=100,
        description="How much less a unit timed alone says about networks than a network does.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Of the random forests.")


class KernelPredictor(SummedPredictor):
    """A first guess per kernel family, corrected by a Gaussian process over unit shapes.

    In the manner of nn-Meter (Zhang et al., MobiSys 2021), for budgets of minutes instead of
    days: whole networks are evidence about kernels too, as sums of them, and what no network and
    no timing said about a shape is taken from its neighbours. A network takes an offset and the
    sum of its units, so the order and the partition of units do not matter.
    """

    config_class = KernelConfig
    config: KernelConfig

    def __init__(self, config: KernelConfig | None = None) -> None:
        super().__init__(config)
        self._guess: Guess | None = None
        self._units: list[Unit] = []
        self._shape = Shape(1.0, 0.0)
        self._pull: Floats = np.zeros(0)
        self._least = 0.0
        self.left_out: Floats = np.zeros(0)

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if there are enough networks, or enough timed units of every family."""
        if len(evidence.networks) >= FEWEST or len(_usable(evidence.kernels)) >= CURVE_FROM:
            return ""
        return (
            f"It needs {FEWEST} measured networks, or {CURVE_FROM} timed units of a family; "
            f"there are {len(evidence.networks)} and {len(_usable(evidence.kernels))}."
        )

    def fit(self, evidence: Evidence) -> Self:
        """Learn from whole networks and timed units. PredictorError."""
        if reason := self.applicable(evidence):
            raise PredictorError(reason)
        values = np.asarray(evidence.values, dtype=np.float64)
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise PredictorError("Measured values must be finite and above 0.")
        self._rules = evidence.rules
        kernels = _usable(evidence.kernels)
        self._units, counts, rows = _gathered(evidence, kernels)
        units = described(self._units)
        times = np.array([sample.value_ms for sample in kernels])
        timed = described([sample.unit for sample in kernels]) if kernels else None
        self._guess = Guess.fit(units, counts, values, timed, times, self.config.seed)
        self._correct(units, counts, values, rows, times)
        self._forget_rows()
        return self

    def _correct(
        self,
        units: Described,
        counts: Floats,
        values: Floats,
        rows: NDArray[np.int64],
        times: Floats,
    ) -> None:
        """Fit the process to what the guess leaves unexplained."""
        guess = self._fitted_guess()
        first, typical = guess(units), guess.typical(units)
        expected = guess.offset + counts @ first
        single = np.eye(len(units))[rows]  # which unit each timing is of
        taken = guess.in_context(units.kinds[rows], times)
        total, judges = len(values) + len(rows), len(values)
        learnt = posterior(
            units,
            np.vstack([counts * typical / values[:, None], single * typical / taken[:, None]]),
            np.concatenate([1 - expected / values, 1 - single @ first / taken]),
            np.concatenate([np.ones(len(values)), np.full(len(rows), self.config.timed_noise)]),
            np.arange(total) < (judges if judges >= _JUDGES else total),
        )
        self._shape, self._pull = learnt.shape, learnt.pull
        self.left_out = learnt.left_out[: len(values)]
        fastest = min(values) if len(values) else min(times)
        self._least = _LEAST * float(fastest)
        self.grid = fine_grid(float(max(values, default=max(times, default=1.0))))

    def _rows(self, units: Sequence[Unit]) -> Floats:
        guess, new = self._fitted_guess(), described(units)
        unknown_families(guess, new)
        typical = guess.typical(new)
        deviations = covariance(new, described(self._units), self._shape) @ self._pull
        return np.maximum(guess(new) + typical * deviations, _LEAST * typical)[:, None]

    def from_sums(self, sums: Floats) -> Floats:
        """The offset and the sum of the units."""
        found: Floats = np.maximum(self._fitted_guess().offset + sums[:, 0], self._least)
        return found

    def _fitted_guess(self) -> Guess:
        _ = self.rules
        assert self._guess is not None
        return self._guess

    def state_dict(self) -> dict[str, Any]:
        """Units that were seen, their pull on others, and the first guess."""
        return {
            "format": _FORMAT,
            "rules": rules_to_json(self.rules),
            "guess": self._fitted_guess().to_json(),
            "units": [unit.to_json() for unit in self._units],
            "pull": self._pull.tolist(),
            "length": self._shape.length,
            "own": self._shape.own,
            "least": self._least,
            "grid": self.grid,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError."""
        try:
            if state["format"] != _FORMAT:
                raise PredictorError(f"Format {state['format']!r:.40} is not {_FORMAT}.")
            rules, guess = rules_from_json(state["rules"]), Guess.from_json(state["guess"])
            units = [Unit.from_json(unit) for unit in state["units"]]
            pull = np.asarray(state["pull"], dtype=np.float64)
            shape = Shape(float(state["length"]), float(state["own"]))
            least, grid = float(state["least"]), float(state["grid"])
            if pull.shape != (len(units),) or not units:
                raise ValueError(f"{len(pull)} pulls of {len(units)} units")
            _ = described(units)
        except (SearchEngineError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise PredictorError(f"No state of a kernel predictor: {error}") from error
        self._rules, self._guess, self._units, self._pull = rules, guess, units, pull
        self._shape, self._least, self.grid = shape, least, grid
        self._forget_rows()
        return self


def _usable(kernels: Sequence[KernelSample]) -> list[KernelSample]:
    """Timings of families of which enough units were timed to say how time grows."""
    valid = [s for s in kernels if np.isfinite(s.value_ms) and s.value_ms > 0]
    families = Counter(sample.unit.kind for sample in valid)
    return [sample for sample in valid if families[sample.unit.kind] >= CURVE_FROM]


def _gathered(
    evidence: Evidence, kernels: Sequence[KernelSample]
) -> tuple[list[Unit], Floats, NDArray[np.int64]]:
    """Distinct units, how often each is in each network, and which one each timing is of."""
    groups = [units_of(network, evidence.rules) for network in evidence.networks]
    everything = [*(unit for group in groups for unit in group), *(s.unit for s in kernels)]
    distinct = {unit.key: unit for unit in everything}
    place = {key: index for index, key in enumerate(distinct)}
    counts = np.zeros((len(groups), len(distinct)))
    for row, group in enumerate(groups):
        for key, count in Counter(unit.key for unit in group).items():
            counts[row, place[key]] = count
    rows = np.array([place[sample.unit.key] for sample in kernels], dtype=np.int64)
    return list(distinct.values()), counts, rows
