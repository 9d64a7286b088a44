"""`SearchProblem`: a space, what to optimise and what must hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from search_engine.costs import COSTS
from search_engine.errors import ProblemError
from search_engine.metrics import METRICS
from search_engine.protocols import CostModel, SearchSpace
from search_engine.types import Constraint, Genes, Objective, Trial, TrialStatus, metric_key


@dataclass(frozen=True)
class SearchProblem:
    """What a strategy needs to know.

    Attributes:
        space: where to search.
        objectives: at least one; the first is the one that single-objective strategies optimise.
        constraints: all must hold for a trial to be feasible.
        primary_device: metrics of this device have their bare name in `Trial.metrics`.
    """

    space: SearchSpace
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...] = ()
    primary_device: str = ""

    def __post_init__(self) -> None:
        if not self.objectives:
            raise ProblemError("A search needs at least one objective.")
        for item in (*self.objectives, *self.constraints):
            if item.metric not in METRICS:
                raise ProblemError(
                    f"Unknown metric {item.metric!r}. Known: {', '.join(METRICS)}."
                )
        keys = [self.key(item) for item in self.objectives]
        if len(set(keys)) != len(keys):
            raise ProblemError(f"An objective is named twice: {', '.join(keys)}.")

    def key(self, item: Objective | Constraint) -> str:
        """Name of an objective's or constraint's metric in `Trial.metrics`."""
        return metric_key(item.metric, item.device, self.primary_device)

    def costs(self, trial: Trial) -> NDArray[np.float64]:
        """Objective values to minimise, shape (m,); NaN where the trial has none."""
        return np.array(
            [item.sign * trial.metrics.get(self.key(item), np.nan) for item in self.objectives]
        )

    def violation(self, metrics: Mapping[str, float]) -> float:
        """Sum of relative constraint violations of the metrics that are known; 0 = none.

        Source: sample_based literature's CV, Deb et al., IEEE TEVC 2002, section VI.
        """
        return sum(
            item.violation(metrics[self.key(item)])
            for item in self.constraints
            if self.key(item) in metrics
        )

    def feasible(self, trial: Trial) -> bool:
        """Done, every objective and constrained metric known, every constraint satisfied."""
        needed = {self.key(item) for item in (*self.objectives, *self.constraints)}
        return (
            trial.status is TrialStatus.DONE
            and needed <= trial.metrics.keys()
            and self.violation(trial.metrics) == 0
        )

    @cached_property
    def _analytic(self) -> tuple[tuple[Constraint, CostModel], ...]:
        return tuple(
            (item, COSTS.resolve(item.metric)())
            for item in self.constraints
            if METRICS[item.metric].kind == "analytic"
        )

    def analytic_violation(self, genes: Genes) -> float:
        """Violation of the limits that follow from the network alone, before any evaluation."""
        if not self._analytic:
            return 0.0
        network = self.space.decode(genes)
        return sum(item.violation(model.predict(network)) for item, model in self._analytic)
