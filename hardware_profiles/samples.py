"""From raw timings to one number: outliers, disturbed rounds, minimum of round medians, spread.

Source of the protocol: LatBench's and HW-NAS-Bench's measuring practice; the minimum of round
medians repeats best on shared machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from search_engine.config import Config

Status = Literal["ok", "unstable"]
Array = NDArray[np.float64]
_MAD_TO_SIGMA = 1.4826  # median absolute deviation of a normal distribution to its sigma


class MeasurePlan(Config):
    """How carefully to measure. The defaults take half a second for a small network."""

    warmup_runs: int = Field(10, ge=1, le=1000, description="Untimed runs before, at least.")
    warmup_seconds: float = Field(0.3, ge=0, le=30, description="Untimed time before, at least.")
    rounds: int = Field(8, ge=5, le=100, description="Rounds over all networks of the call.")
    runs_per_round: int = Field(15, ge=10, le=20, description="Samples per network and round.")
    sample_seconds: float = Field(
        0.001,
        ge=0,
        le=1,
        description="Shorter networks are repeated within a sample until it takes this long.",
    )
    max_seconds: float = Field(
        10.0, gt=0, le=600, description="Limit for repeating disturbed rounds."
    )
    settle_seconds: float = Field(
        3.0, gt=0, le=600, description="Limit for repeating rounds that merely disagree."
    )
    disturbed_factor: float = Field(
        1.15, gt=1, le=2, description="A round slower than this times the best one is disturbed."
    )
    settled_factor: float = Field(
        1.03, gt=1, le=2, description="Rounds should agree this well, else more are taken."
    )
    quiet_factor: float = Field(
        1.04,
        gt=1,
        le=2,
        description="A round is quiet if the reference network beside it took no longer than "
        "this times its usual time; without enough of them, the quietest within "
        "`disturbed_factor` count.",
    )
    slow_factor: float = Field(
        1.1, gt=1, le=2, description="Host too slow: reference never below this times its usual."
    )
    min_rounds: int = Field(3, ge=2, le=100, description="Undisturbed rounds a number needs.")
    stolen_share: float = Field(
        0.02,
        gt=0,
        le=1,
        description="A round is disturbed if the hypervisor gave more than this share of it to "
        "other machines.",
    )
    outlier_mads: float = Field(
        3.0, gt=0, le=20, description="Samples further from their round's median are dropped."
    )


BRISK = MeasurePlan.parse(
    {
        "warmup_seconds": 0.05,
        "rounds": 6,
        "runs_per_round": 10,
        "settle_seconds": 0.8,
        "max_seconds": 5.0,
    }
)
"""To fit on, where many networks matter more than the last percent of each: about half a
second for a network of a millisecond."""


PATIENT = MeasurePlan.parse({"quiet_factor": 1.025, "settle_seconds": 4.0})
"""To judge models by: rounds in which the reference network is 3 % slow are repeated."""


class Samples(Config):
    """Raw timings of one network.

    Attributes:
        iterations: runs within one sample, back to back.
        rounds: microseconds per sample (all its iterations together), in the order they were
            taken.
        preempted: positions, per round, of samples during which another process had the
            processor; they are no latency of the network.
        reference: nanoseconds that the reference network took beside each round, the worse of
            before and after; empty if there was none.
        reference_limit: rounds beside which it took longer are disturbed.
        stolen: microseconds of each round that the hypervisor gave to other machines; empty in
            samples from before it was noted.
    """

    iterations: int = Field(ge=1)
    rounds: tuple[tuple[int, ...], ...] = Field(min_length=1)
    preempted: tuple[tuple[int, ...], ...]
    reference: tuple[int, ...] = ()
    reference_limit: int | None = None
    stolen: tuple[int, ...] = ()


class Spread(Config):
    """How much the rounds differ.

    Attributes:
        median, p90, iqr: in ms, over the medians of the undisturbed rounds; if they are too few,
            over those of all rounds, to show how restless the host was.
        cv: their standard deviation by their mean.
        rounds_kept, rounds: undisturbed rounds, and all.
    """

    median: float
    p90: float
    iqr: float
    cv: float
    rounds_kept: int
    rounds: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the samples say.

    Attributes:
        latency_ms: minimum of the medians of the undisturbed rounds; if there is none, of all.
        n: samples of undisturbed rounds that were kept.
        settled: enough rounds agree within the plan's `settled_factor`.
    """

    latency_ms: float
    spread: Spread
    n: int
    status: Status
    settled: bool


@dataclass(frozen=True, slots=True)
class MetricResult:
    """A measured number that is no latency, such as energy or memory, and its circumstances.

    Attributes:
        digest: of the network.
        metric, unit: `energy_mj` in `mJ`, `peak_rss_mib` in `MiB`.
        n: what it rests on: inferences, or processes.
        samples: what the value was computed from, JSON only.
        environment: as in `LatencyResult`, and what the number includes.
    """

    digest: str
    metric: str
    value: float
    unit: str
    spread: Spread
    n: int
    status: Status
    note: str
    samples: Mapping[str, Any]
    environment: Mapping[str, Any]


def spread_of(values: Sequence[float]) -> Spread:
    """Spread of repeated measurements that were all kept."""
    array = np.array(values, dtype=np.float64)
    return _spread(array, np.ones(array.size, dtype=bool))


def summarise(samples: Samples, plan: MeasurePlan) -> Summary:
    """Reduce raw samples by the plan's rules; the same samples always give the same summary."""
    rounds = [_kept(samples, index, plan) for index in range(len(samples.rounds))]
    medians = np.array([np.median(kept) if kept.size else np.inf for kept in rounds])
    best = float(medians.min())
    undisturbed = np.isfinite(medians) & (medians <= best * plan.disturbed_factor)
    agreeing = np.isfinite(medians) & (medians <= best * plan.settled_factor)
    enough = bool(undisturbed.sum() >= plan.min_rounds)
    everything = np.array([np.median(_milliseconds(samples, i)) for i in range(len(rounds))])
    return Summary(
        latency_ms=best if np.isfinite(best) else float(everything.min()),
        spread=_spread(medians[undisturbed] if enough else everything, undisturbed),
        n=sum(kept.size for kept, good in zip(rounds, undisturbed, strict=True) if good),
        status="ok" if enough else "unstable",
        settled=bool(agreeing.sum() >= plan.min_rounds),
    )


def _milliseconds(samples: Samples, index: int) -> Array:
    return np.array(samples.rounds[index], dtype=np.float64) / samples.iterations / 1000


def _kept(samples: Samples, index: int, plan: MeasurePlan) -> Array:
    """Latencies (ms) of a round without preempted samples and outliers.

    A round beside which the host was slow, that was stolen from by the hypervisor, or that lost
    more than half of its samples to other processes, is lost as a whole.
    """
    if samples.reference_limit and samples.reference[index] > samples.reference_limit:
        return np.empty(0)
    if samples.stolen and samples.stolen[index] > plan.stolen_share * sum(samples.rounds[index]):
        return np.empty(0)
    taken = _milliseconds(samples, index)
    own = np.ones(taken.size, dtype=bool)
    own[list(samples.preempted[index])] = False
    alone = taken[own]
    if alone.size * 2 < taken.size:
        return np.empty(0)
    deviation = np.abs(alone - np.median(alone))
    kept: Array = alone[deviation <= plan.outlier_mads * _MAD_TO_SIGMA * np.median(deviation)]
    return kept


def _spread(medians: Array, undisturbed: NDArray[np.bool_]) -> Spread:
    low, middle, high, p90 = np.percentile(medians, [25, 50, 75, 90])
    return Spread(
        median=float(middle),
        p90=float(p90),
        iqr=float(high - low),
        cv=float(medians.std() / medians.mean()),
        rounds_kept=int(undisturbed.sum()),
        rounds=undisturbed.size,
    )
