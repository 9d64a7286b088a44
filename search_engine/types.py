"""The words of the engine as frozen data: genes, networks, trials, problems and budgets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from search_engine.errors import ProblemError
from search_engine.metrics import METRICS

Genes = tuple[int, ...]
"""One index per variable of a space, in its order; inactive variables are 0 when canonical."""

Origin = Literal["measured", "looked_up", "predicted", "analytic"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A decision with finitely many choices.

    Attributes:
        name: dotted path in the space document, such as `stage1.block2.kernel`.
        choices: JSON scalars, in the order that gene values index.
        active_if: all must hold for the variable to matter: name of an earlier variable and
            the choice values of it under which this one is active. Empty = always active.
    """

    name: str
    choices: tuple[Any, ...]
    active_if: tuple[tuple[str, tuple[Any, ...]], ...] = ()


def _better_direction(metric: str) -> Literal["maximize", "minimize"]:
    """The direction in which a metric improves. ProblemError when it is unknown."""
    if metric not in METRICS:
        raise ProblemError(f"Unknown metric {metric!r}. Known: {', '.join(METRICS)}.")
    return "maximize" if METRICS[metric].better == "higher" else "minimize"


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric to optimise.

    Attributes:
        metric: key of `METRICS`.
        direction: `maximize` or `minimize`; left out, what is better for the metric.
        device: slug of the target for metrics that depend on one.
    """

    metric: str
    direction: Literal["maximize", "minimize", ""] = ""
    device: str = ""

    def __post_init__(self) -> None:
        if self.direction == "":
            object.__setattr__(self, "direction", _better_direction(self.metric))
        if self.direction not in ("maximize", "minimize"):
            raise ProblemError(
                f"Objective {self.metric!r} has direction {self.direction!r}; "
                "allowed are 'maximize' and 'minimize'."
            )

    @property
    def sign(self) -> float:
        """Factor that turns the metric into a cost to minimise."""
        return -1.0 if self.direction == "maximize" else 1.0


@dataclass(frozen=True, slots=True)
class Constraint:
    """A limit that a feasible trial must satisfy, in the metric's own unit."""

    metric: str
    op: Literal["<=", ">="]
    value: float
    device: str = ""

    def __post_init__(self) -> None:
        if self.op not in ("<=", ">="):
            raise ProblemError(
                f"Constraint on {self.metric!r} has op {self.op!r}; allowed: '<=' and '>='."
            )
        if not math.isfinite(self.value):
            raise ProblemError(
                f"Constraint on {self.metric!r} needs a finite value, got {self.value}."
            )

    def violation(self, value: float) -> float:
        """How far `value` misses the limit, relative to it; 0 when satisfied, inf for NaN."""
        if math.isnan(value):
            return math.inf
        excess = value - self.value if self.op == "<=" else self.value - value
        return max(0.0, excess) / (abs(self.value) or 1.0)


def metric_key(metric: str, device: str = "", primary_device: str = "") -> str:
    """Name of a metric in `Trial.metrics`: bare, or `metric@device` off the primary device."""
    return metric if not device or device == primary_device else f"{metric}@{device}"


@dataclass(frozen=True, slots=True)
class Budget:
    """When a run ends, whichever comes first.

    Attributes:
        max_trials: distinct architectures to evaluate.
        max_seconds: wall clock, pauses not counted; None = no limit.
    """

    max_trials: int
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.max_trials < 1:
            raise ProblemError(f"max_trials must be at least 1, got {self.max_trials}.")
        if self.max_seconds is not None and not self.max_seconds > 0:
            raise ProblemError(f"max_seconds must be positive, got {self.max_seconds}.")


class TrialStatus(StrEnum):
    """How an evaluated trial ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """One architecture that was proposed and evaluated, as strategies see it.

    Attributes:
        number: 0-based position among the run's proposals.
        genes: canonical.
        metrics: plain values by `metric_key`; a metric that was not obtained is absent
            (for example accuracy of a candidate over the measured latency limit).
        status: failed trials carry an `error` and must not count as results.
    """

    number: int
    genes: Genes
    metrics: Mapping[str, float] = field(default_factory=dict)
    status: TrialStatus = TrialStatus.DONE
    error: str = ""


@dataclass(frozen=True, slots=True)
class EpochReport:
    """Progress of one training: `epoch` counts from 1, losses are means over the epoch, accuracy
    is in [0, 1], `seconds` leave out waiting for a host that measures."""

    epoch: int
    epochs: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    seconds: float
