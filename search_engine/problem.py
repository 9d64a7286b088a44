"""`SearchProblem`: a space, what to optimise and what must hold."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from search_engine.costs import COSTS
from search_engine.errors import ProblemError
from search_engine.metrics import METRICS
from search_engine.pareto import non_dominated_mask
from search_engine.protocols import CostModel, SearchSpace
from search_engine.types import Constraint, Genes, Objective, Trial, TrialStatus, metric_key

_CACHED_ARCHITECTURES = 65_536  # a tuple of floats each: tens of megabytes at most


@dataclass(frozen=True)
class SearchProblem:
    """What a strategy needs to know.

    Attributes:
        space: where to search.
        objectives: at least one; the first is the one that single-objective strategies optimise.
        constraints: all must hold for a trial to be feasible.
        primary_device: metrics of this device have their bare name in `Trial.metrics`.

    Raises:
        ProblemError: no objective, one named twice, an unknown metric, or a device for a metric
            that does not depend on one.
    """

    space: SearchSpace
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...] = ()
    primary_device: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "objectives", tuple(self.objectives))
        object.__setattr__(self, "constraints", tuple(self.constraints))
        if not self.objectives:
            raise ProblemError("A search needs at least one objective.")
        for item in self.items:
            _check_metric(item)
        keys = [self.key(item) for item in self.objectives]
        if len(set(keys)) != len(keys):
            raise ProblemError(f"An objective is named twice: {', '.join(keys)}.")

    def key(self, item: Objective | Constraint) -> str:
        """Name of an objective's or constraint's metric in `Trial.metrics`."""
        return metric_key(item.metric, item.device, self.primary_device)

    @property
    def items(self) -> tuple[Objective | Constraint, ...]:
        """Objectives, then constraints."""
        return (*self.objectives, *self.constraints)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Metric keys that a trial needs to count as feasible, objectives first."""
        return tuple(dict.fromkeys(self.key(item) for item in self.items))

    def costs(self, trial: Trial) -> NDArray[np.float64]:
        """Objective values to minimise, shape (m,); NaN where the trial has none."""
        return np.array(
            [item.sign * trial.metrics.get(self.key(item), math.nan) for item in self.objectives]
        )

    def violation(self, metrics: Mapping[str, float]) -> float:
        """Sum of relative constraint violations of the metrics that are known; 0 = none.

        Source: constrained domination of Deb et al., IEEE TEVC 6(2), 2002, section VI-A.
        """
        return sum(
            item.violation(metrics[self.key(item)])
            for item in self.constraints
            if self.key(item) in metrics
        )

    def infeasibility(self, trial: Trial) -> float:
        """0 for a feasible trial, otherwise how far it is from feasible, to rank by.

        Returns:
            The violation of the known metrics; infinite for a failed trial and for one that
            violates nothing known but lacks a metric.
        """
        if trial.status is not TrialStatus.DONE:
            return math.inf
        violation = self.violation(trial.metrics)
        if violation > 0:
            return violation
        known = all(not math.isnan(trial.metrics.get(key, math.nan)) for key in self.required)
        return 0.0 if known else math.inf

    def feasible(self, trial: Trial) -> bool:
        """Done, every objective and constrained metric known, every constraint satisfied."""
        return self.infeasibility(trial) == 0

    def front(self, trials: Iterable[Trial]) -> list[Trial]:
        """The feasible trials that no other feasible trial beats, best first objective first."""
        feasible = [trial for trial in trials if self.feasible(trial)]
        costs = [self.costs(trial) for trial in feasible]
        mask = non_dominated_mask(np.array(costs))
        chosen = [
            (tuple(cost.tolist()), trial.number, trial)
            for cost, trial, best in zip(costs, feasible, mask, strict=True)
            if best
        ]
        return [trial for _, _, trial in sorted(chosen, key=lambda item: item[:2])]

    @cached_property
    def analytic_limits(self) -> tuple[Constraint, ...]:
        """Constraints that follow from the network alone, in the order they were given."""
        return tuple(item for item in self.constraints if METRICS[item.metric].kind == "analytic")

    def analytic_values(self, genes: Genes) -> tuple[float, ...]:
        """What a network has of each metric in `analytic_limits`; cached, bounded."""
        return self._values(genes)

    def analytic_violation(self, genes: Genes) -> float:
        """Violation of the limits that follow from the network alone, before any evaluation."""
        if not self.analytic_limits:
            return 0.0
        values = self._values(genes)
        pairs = zip(self.analytic_limits, values, strict=True)
        return sum(limit.violation(value) for limit, value in pairs)

    @cached_property
    def _values(self) -> Callable[[Genes], tuple[float, ...]]:
        models: list[CostModel] = [COSTS.resolve(item.metric)() for item in self.analytic_limits]

        @lru_cache(maxsize=_CACHED_ARCHITECTURES)
        def values(genes: Genes) -> tuple[float, ...]:
            network = self.space.decode(genes)
            return tuple(model.predict(network) for model in models)

        return values


def _check_metric(item: Objective | Constraint) -> None:
    if item.metric not in METRICS:
        raise ProblemError(f"Unknown metric {item.metric!r}. Known: {', '.join(METRICS)}.")
    if item.device and not METRICS[item.metric].needs_device:
        raise ProblemError(
            f"{METRICS[item.metric].label} does not depend on a device, got device "
            f"{item.device!r}. Leave the device out."
        )
