"""What `run_search` yields, in order: facts, not commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from search_engine.network import NetworkSpec
from search_engine.protocols import Evaluation
from search_engine.types import EpochReport, Genes, Origin, Trial

StopReason = Literal["max_trials", "max_seconds", "space_exhausted", "nothing_else_feasible"]


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """An architecture was accepted for evaluation."""

    number: int
    genes: Genes


@dataclass(frozen=True, slots=True)
class EpochFinished:
    """A training reported one epoch."""

    number: int
    report: EpochReport


@dataclass(frozen=True, slots=True)
class TrialFinished:
    """A trial has its metrics; `feasible` and `on_front` are as of now.

    Attributes:
        network: what was evaluated.
        origins: where each metric of the trial comes from, by the same keys.
        evaluation: curve, weights and details; None when the trial was over a limit on a device
            and therefore not scored.
    """

    trial: Trial
    feasible: bool
    on_front: bool
    network: NetworkSpec
    origins: Mapping[str, Origin]
    evaluation: Evaluation | None


@dataclass(frozen=True, slots=True)
class TrialFailed:
    """A trial ended without metrics; it still counts against the budget."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class SearchFinished:
    """The search is over.

    Attributes:
        reason: `max_trials`, `max_seconds`, `space_exhausted` (every architecture was proposed) or
            `nothing_else_feasible` (nothing that is left was found to meet the analytic limits).
        trials: how many there are now, earlier ones of a resumed search included.
    """

    reason: StopReason
    trials: int


Event = TrialStarted | EpochFinished | TrialFinished | TrialFailed | SearchFinished
