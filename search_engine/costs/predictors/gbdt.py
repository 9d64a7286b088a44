"""`gbdt`: boosted trees over structure, alone or on top of what `ridge` leaves unexplained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.accuracy import within
from search_engine.costs.predictors.features import UnitCounts, count_units
from search_engine.costs.predictors.gbdt_trees import Trees
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.ridge import (
    Ridge,
    RidgeConfig,
    checked_values,
    possible_rules,
)
from search_engine.costs.predictors.structure import Structure
from search_engine.costs.predictors.summed import rules_from_json, rules_to_json
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Origin

FEWEST = 20
_FOLDS = 3
Base = Literal["ridge", "none"]


class GbdtConfig(Config):
    """Settings of `gbdt`."""

    base: Literal["ridge", "none", "choose"] = Field(
        "choose",
        description="What the trees start from: prices per unit, the mean, or whichever predicts "
        "left-out networks better.",
    )
    trees: int = Field(400, ge=10, le=2000, description="At most so many trees.")
    depth: int = Field(4, ge=1, le=8, description="Decisions from root to leaf.")
    learning_rate: float = Field(0.05, gt=0, le=1, description="Step of each tree.")
    liveness: Literal["device", "choose"] = Field(
        "device", description="As of `ridge`: known from the runtime, or chosen by error."
    )


class Gbdt:
    """Gradient-boosted trees on the logarithm of the value.

    They read sums per family of units, the longest and the heaviest path, and, where the networks
    come from a space, its genes and the paths through its cells. On top of `ridge` they learn the
    ratio to what it predicts for networks that it has not seen (leave-one-out), so that little
    data give the ridge and much data correct it. By 3-fold cross-validation the number of
    trees has the least mean error and the base the most predictions within 10 %.

    Source: Friedman, Stochastic gradient boosting, CSDA 38(4), 2002.
    """

    config_class: ClassVar[type[Config]] = GbdtConfig
    origin: ClassVar[Origin] = "predicted"

    def __init__(self, config: GbdtConfig | None = None) -> None:
        self.config = config or GbdtConfig.parse({})
        self.out_of_fold: Floats | None = None
        self.base: Base = "none"
        self._ridge: Ridge | None = None
        self._structure: Structure | None = None
        self._space: SearchSpace | None = None
        self._rules = RuntimeRules()
        self._trees: Trees | None = None
        self._limits = (0.0, np.inf)

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        if len(evidence.values) < FEWEST:
            return f"needs {FEWEST} measured networks, there are {len(evidence.values)}"
        return ""

    def fit(self, evidence: Evidence) -> Self:
        """Learn. PredictorError with too few networks or values that are not positive."""
        rules = possible_rules(evidence.rules, self.config.liveness)
        candidates = [count_units(evidence.networks, rule) for rule in rules]
        networks, space = evidence.networks, _own_space(evidence)
        genes = Structure((), space).genes_of(networks)
        return self.learn(candidates, evidence.values, genes, space)

    def learn(
        self,
        candidates: Sequence[UnitCounts],
        values: Floats,
        genes: Floats | None = None,
        space: SearchSpace | None = None,
    ) -> Self:
        """Fit on counted networks; of several ways to count, that of the ridge is taken.

        Args:
            genes: of the same networks as `Structure.genes_of` gives them; None = not read.

        Attributes set:
            out_of_fold: `n` predictions for the fitting networks, each made without its own value.
        """
        values = checked_values(values, FEWEST)
        ridge = Ridge(RidgeConfig(liveness=self.config.liveness)).learn(candidates, values)
        counts = next(item for item in candidates if item.rules == ridge.rules)
        self._structure = Structure.of(counts, space if genes is not None else None)
        self._space, self._rules = self._structure.space, counts.rules
        rows = self._structure.rows(counts, genes)
        tried = [self._tried(base, ridge, rows, values) for base in self._bases()]
        best = max(tried, key=lambda item: (item.within_10pct, -item.error))
        self.base, self._ridge = best.base, ridge if best.base == "ridge" else None
        start = _start(best.base, ridge, values)
        self._trees = self._grown(rows, np.log(values / start), best.trees)
        self.out_of_fold = best.left_out
        self._limits = (0.3 * float(values.min()), 3 * float(values.max()))
        return self

    def predict(self, networks: Sequence[NetworkSpec]) -> Floats:
        """`n` values. PredictorError: not fitted, another space, or an unknown family of units."""
        if self._structure is None:
            raise PredictorError("Gbdt is not fitted; call fit first.")
        if not len(networks):
            return np.zeros(0)
        genes = self._structure.genes_of(networks)
        return self.answer(count_units(networks, self._rules), genes)

    def answer(self, counts: UnitCounts, genes: Floats | None = None) -> Floats:
        """`n` predictions for networks counted by its own rules."""
        if self._structure is None or self._trees is None:
            raise PredictorError("Gbdt is not fitted; call fit first.")
        ratio = np.exp(self._trees.predict(self._structure.rows(counts, genes)))
        start = self._ridge.answer(counts) if self._ridge else 1.0
        return np.clip(start * ratio, *self._limits)

    @property
    def rules(self) -> RuntimeRules:
        """How the runtime it was fitted for executes networks."""
        return self._rules

    def state_dict(self) -> dict[str, Any]:
        """JSON-able."""
        if self._structure is None or self._trees is None:
            raise PredictorError("Gbdt is not fitted; call fit first.")
        return {
            "rules": rules_to_json(self._rules),
            "families": list(self._structure.families),
            "space": _space_state(self._space),
            "ridge": self._ridge.state_dict() if self._ridge else None,
            "trees": self._trees.to_json(),
            "limits": list(self._limits),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""
        try:
            self._space = _space_from(state["space"])
            self._structure = Structure(tuple(map(str, state["families"])), self._space)
            self._rules = rules_from_json(state["rules"])
            ridge = state["ridge"]
            self._ridge = Ridge().load_state_dict(ridge) if ridge is not None else None
            self._trees = Trees.from_json(state["trees"])
            low, high = map(float, state["limits"])
        except (KeyError, TypeError, ValueError) as error:
            raise PredictorError(f"No state of a gbdt predictor: {error!r}.") from error
        self.base, self._limits = "ridge" if self._ridge else "none", (low, high)
        return self

    def _bases(self) -> tuple[Base, ...]:
        return ("ridge", "none") if self.config.base == "choose" else (self.config.base,)

    def _tried(self, base: Base, ridge: Ridge, rows: Floats, values: Floats) -> "_Tried":
        """Cross-validate one base: error and number of trees with the least."""
        start = _start(base, ridge, values)
        target = np.log(values / start)
        parts = np.array_split(np.random.default_rng(0).permutation(len(values)), _FOLDS)
        stages = np.zeros((self.config.trees + 1, len(values)))
        for part in parts:
            others = np.setdiff1d(np.arange(len(values)), part)
            trees = self._grown(rows[others], target[others], self.config.trees)
            stages[:, part] = trees.staged(rows[part])
        guesses = start * np.exp(stages)
        errors = np.minimum(np.abs(guesses - values) / values, 1).mean(axis=1)
        best = int(errors.argmin())
        close = within(values, guesses[best], 10)
        return _Tried(base, best, close, float(errors[best]), guesses[best])

    def _grown(self, rows: Floats, target: Floats, trees: int) -> Trees:
        return Trees.grown(
            rows, target, trees, depth=self.config.depth, learning_rate=self.config.learning_rate
        )


@dataclass(frozen=True)
class _Tried:
    base: Base
    trees: int
    within_10pct: float
    error: float
    left_out: Floats


def _start(base: Base, ridge: Ridge, values: Floats) -> Floats:
    """What the trees multiply, for the fitting networks."""
    if base == "none" or ridge.out_of_fold is None:
        return np.ones(len(values))
    return ridge.out_of_fold


def _own_space(evidence: Evidence) -> SearchSpace | None:
    """The space, if all networks come from it."""
    space = evidence.space
    return space if space and all(n.space == space.key for n in evidence.networks) else None


def _space_state(space: SearchSpace | None) -> dict[str, Any] | None:
    if space is None:
        return None
    return {
        "document": dict(space.document),
        "input_shape": list(space.input_shape),
        "classes": space.classes,
    }


def _space_from(state: Mapping[str, Any] | None) -> SearchSpace | None:
    if state is None:
        return None
    from search_engine.loading import load_space  # noqa: PLC0415

    shape: Any = tuple(state["input_shape"])
    return load_space(state["document"], input_shape=shape, classes=int(state["classes"]))
