"""What `run_search` yields, in order: facts, not commands."""

from dataclasses import dataclass

from search_engine.types import EpochReport, Genes, Trial


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
    """A trial has its metrics; `feasible` and `on_front` are as of now."""

    trial: Trial
    feasible: bool
    on_front: bool


@dataclass(frozen=True, slots=True)
class TrialFailed:
    """A trial ended without metrics; it still counts against the budget."""

    trial: Trial


@dataclass(frozen=True, slots=True)
class SearchFinished:
    """The search is over. `reason`: `max_trials`, `max_seconds` or `space_exhausted`."""

    reason: str
    trials: int


Event = TrialStarted | EpochFinished | TrialFinished | TrialFailed | SearchFinished
