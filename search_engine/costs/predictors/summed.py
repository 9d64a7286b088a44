"""Base of predictors that are functions of sums over execution units."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np

from search_engine.config import Config
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.types import Origin

MAX_ROWS = 100_000
GRID = 2.0**-36
"""Default step of rows, in their unit (of a millisecond 15 femtoseconds)."""


class SummedPredictor(ABC):
    """Sums rows over the units of a network, then maps the sums to predictions.

    Rows are rounded to multiples of `grid` as they are made. Sums of such numbers are exact in
    float64 up to 2⁵³ steps, so their order does not matter and tables over the parts of a search
    space (`gene_tables`) give the very numbers that decoding gives. Counts are exact anyway.

    Subclasses fit, set `self._rules` (and `self.grid` if theirs differs), and implement `_rows`
    and `from_sums`. `from_sums` must treat every row of its argument alike, whatever stands in
    the others: use `weighted` instead of a matrix product, whose rounding depends on the number
    of rows. Whoever changes what `_rows` answers calls `_forget_rows` afterwards.
    """

    config_class: ClassVar[type[Config]] = Config
    origin: ClassVar[Origin] = "predicted"

    def __init__(self, config: Config | None = None) -> None:
        self.config = self.config_class() if config is None else config
        self.grid = GRID
        self._rules: RuntimeRules | None = None
        self._known: dict[str, Floats] = {}

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        return ""

    @abstractmethod
    def fit(self, evidence: Evidence) -> Self:
        """Learn. PredictorError if it cannot."""

    @abstractmethod
    def _rows(self, units: Sequence[Unit]) -> Floats:
        """`m x k` rows of units that were not asked for before; may raise PredictorError."""

    @abstractmethod
    def from_sums(self, sums: Floats) -> Floats:
        """`n x k` sums to `n` predictions."""

    @property
    def rules(self) -> RuntimeRules:
        """How the runtime it was fitted for executes networks. PredictorError if not fitted."""
        if self._rules is None:
            raise PredictorError(f"{type(self).__name__} is not fitted; call fit first.")
        return self._rules

    def unit_rows(self, units: Sequence[Unit]) -> Floats:
        """`m x k`: what each unit contributes; remembered by `unit.key`.

        Raises:
            PredictorError: not fitted, or a unit it knows nothing of.
        """
        _ = self.rules
        new = {unit.key: unit for unit in units if unit.key not in self._known}
        if new and len(self._known) + len(new) > MAX_ROWS:
            self._known.clear()
            new = {unit.key: unit for unit in units}
        if new:
            rows = np.asarray(self._rows(list(new.values())), dtype=np.float64)
            self._known.update(zip(new, np.round(rows / self.grid) * self.grid, strict=True))
        return np.stack([self._known[unit.key] for unit in units]) if units else np.zeros((0, 0))

    def predict(self, networks: Sequence[NetworkSpec]) -> Floats:
        """`n` values: `from_sums` of the sums over the units of each network."""
        groups = [units_of(network, self.rules) for network in networks]
        self.unit_rows([unit for group in groups for unit in group])  # new ones in one batch
        if not networks:
            return np.zeros(0)
        if not self._known:
            raise PredictorError("The runtime runs no layer of any of these networks.")
        nothing = np.zeros_like(next(iter(self._known.values())))
        sums = [self.unit_rows(group).sum(axis=0) if group else nothing for group in groups]
        return self.from_sums(np.stack(sums))

    def _forget_rows(self) -> None:
        self._known.clear()


def weighted(sums: Floats, weights: Sequence[float] | Floats) -> Floats:
    """`n x k` sums times `k` weights, each row rounded alike whatever the number of rows."""
    total = np.zeros(len(sums))
    for column, weight in enumerate(weights):
        total += sums[:, column] * float(weight)
    return total


def fine_grid(largest: float) -> float:
    """Step for rows up to `largest` whose sums over 1,000 units stay exact."""
    return float(2.0 ** (math.ceil(math.log2(largest)) - 43)) if largest > 0 else GRID


def rules_to_json(rules: RuntimeRules) -> dict[str, Any]:
    """Plain data; `rules_from_json` gives equal rules back."""
    return {
        "liveness": rules.liveness,
        "fusions": sorted(map(list, rules.fusions)),
        "shared_activations": rules.shared_activations,
        "block": rules.block,
        "merges": rules.merges,
        "zeros_apart": rules.zeros_apart,
    }


def rules_from_json(data: Any) -> RuntimeRules:
    """Rebuild rules. PredictorError if these are none."""
    try:
        liveness = data["liveness"]
        fusions = frozenset((str(kind), str(op)) for kind, op in data["fusions"])
        shared, block = bool(data["shared_activations"]), int(data["block"])
        merges, zeros = bool(data.get("merges")), bool(data.get("zeros_apart"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PredictorError(f"No rules of a runtime: lacks or mistypes {error}.") from error
    if liveness not in ("none", "unused_output", "full_path"):
        raise PredictorError(
            f"Liveness is none, unused_output or full_path, the state has {liveness!r:.40}."
        )
    return RuntimeRules(liveness, fusions, shared, block, merges, zeros)


def checked_values(evidence: Evidence) -> Floats:
    """The measured values. PredictorError where they are not one positive number per network."""
    values = np.asarray(evidence.values, dtype=np.float64)
    if values.shape != (len(evidence.networks),):
        raise PredictorError(
            f"{len(evidence.networks)} networks need as many values, got shape {values.shape}."
        )
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong):
        raise PredictorError(
            f"Measured values are positive numbers; number {wrong[0]} is {values[wrong[0]]}."
        )
    return values


@contextmanager
def reading_state(predictor: object, state: Mapping[str, Any], version: int) -> Iterator[None]:
    """Turn what goes wrong while a state is read into one PredictorError."""
    name = type(predictor).__name__
    if not isinstance(state, Mapping) or state.get("version") != version:
        found = state.get("version") if isinstance(state, Mapping) else state
        raise PredictorError(f"No state of {name}: version {found!r:.40}, expected {version}.")
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise PredictorError(f"No state of {name}: lacks or mistypes {error}.") from error
