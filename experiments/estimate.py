"""What an experiment would be like, before it starts: size, feasible share, time, examples.

Everything here takes well under a second and starts nothing. Shares and histograms come from
random draws and analytic costs; time comes from what this installation has trained before, or,
as long as that is nothing, from a rough rule that says so.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from numpy.random import default_rng
from numpy.typing import NDArray

from experiments import engine
from experiments.figures.strip import strip_svg
from experiments.forecasts import Forecasts, forecast_notes, forecasts_of
from experiments.models import Trial
from experiments.selectors import living_workers
from experiments.space_facts import decimal_text
from experiments.spec import ExperimentSpec, check_spec, space_of
from hardware_profiles.models import Device, Measurement
from search_engine.evaluators import EVALUATORS
from search_engine.loading import load_dataset
from search_engine.metrics import METRICS
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Constraint, Genes, metric_key

DRAW_SECONDS = 0.6
MAX_DRAWS = 2000
MIN_DRAWS = 30
BINS = 24
EXAMPLES = 3
HISTORY = 100
MIN_HISTORY = 5
MEASURE_SECONDS = 1.0
STEP_OVERHEAD_S, MACS_PER_SECOND = 0.004, 4e9
"""The rough rule: a training step costs its layers' overhead plus three forward passes."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A random architecture and what follows from it."""

    genes: Genes
    network: NetworkSpec
    costs: dict[str, float]


def estimate(data: Any, user: AbstractBaseUser | None = None) -> dict[str, Any]:
    """Estimate for an experiment document.

    Args:
        user: whose search spaces it may name.

    Raises:
        ConfigError: the document would not be accepted either.
    """
    spec = check_spec(data, user)
    space = space_of(spec, user)
    draws = _draw(space)
    forecasts = forecasts_of(spec, space, [draw.network for draw in draws])
    share = float(np.mean(_within_limits(spec, draws, forecasts)))
    per_trial, basis = _seconds_per_trial(spec, draws)
    return {
        "space_size": decimal_text(space.size),
        "draws": len(draws),
        "feasible_share": round(share, 4),
        "histograms": _histograms(spec, draws, forecasts),
        **_time(spec, per_trial),
        "seconds_per_trial": round(float(np.median(per_trial)), 2),
        "time_origin": basis,
        "notes": list(_notes(spec, share, len(draws), basis, forecasts)),
        "samples": [_example(draw) for draw in draws[:EXAMPLES]],
    }


def _draw(space: SearchSpace) -> list[Draw]:
    """Random architectures until the time is up, at least 30, distinct or not."""
    rng, until, draws = default_rng(0), time.monotonic() + DRAW_SECONDS, list[Draw]()
    while len(draws) < MIN_DRAWS or (len(draws) < MAX_DRAWS and time.monotonic() < until):
        genes = space.sample(rng)
        network = space.decode(genes)
        numbers = engine.analytic_metrics(network)
        draws.append(Draw(genes, network, {key: item["value"] for key, item in numbers.items()}))
    return draws


def _within_limits(
    spec: ExperimentSpec, draws: Sequence[Draw], forecasts: Forecasts
) -> NDArray[np.bool_]:
    """Which draws meet every limit that is known before measuring; `n` booleans."""
    met = np.ones(len(draws), bool)
    for limit in spec.engine_constraints():
        key = (limit.metric, limit.device)
        if METRICS[limit.metric].kind == "analytic":
            values = [draw.costs[limit.metric] for draw in draws]
        elif key in forecasts:
            values = forecasts[key].values.tolist()
        else:
            continue
        met &= np.array([limit.violation(value) == 0 for value in values])
    return met


def _histograms(
    spec: ExperimentSpec, draws: Sequence[Draw], forecasts: Forecasts
) -> dict[str, Any]:
    """Distribution of every metric that is an objective or a limit and is known beforehand."""
    limits = {limit.metric: limit.value for limit in spec.constraints}
    names = [o.metric for o in spec.objectives] + list(limits)
    found = {}
    for name in dict.fromkeys(n for n in names if METRICS[n].kind == "analytic"):
        values = np.array([draw.costs[name] for draw in draws], float)
        found[name] = _histogram(values, limits.get(name), "analytic")
    for slug in spec.devices:
        found |= _device_histograms(spec, slug, forecasts)
    return found


def _device_histograms(spec: ExperimentSpec, slug: str, forecasts: Forecasts) -> dict[str, Any]:
    """Forecasts of a device, or else the latencies that were measured earlier."""
    told = {metric: item for (metric, device), item in forecasts.items() if device == slug}
    if not told:
        return _latency_histogram(spec, slug)
    found = {}
    for metric, item in told.items():
        values = item.values[np.isfinite(item.values)]
        limit = next((c.value for c in _limits_on(spec, metric, slug)), None)
        if values.size:
            key = metric_key(metric, slug, spec.primary_device)
            found[key] = _histogram(values, limit, item.origin)
    return found


def _histogram(values: NDArray[np.float64], limit: float | None, origin: str) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=BINS)
    return {
        "edges": [float(f"{edge:.5g}") for edge in edges],
        "counts": counts.tolist(),
        "limit": limit,
        "origin": origin,
    }


def _latency_histogram(spec: ExperimentSpec, slug: str) -> dict[str, Any]:
    """Latencies measured earlier on networks of this space."""
    values = _known_latencies(spec, slug)
    if len(values) < MIN_HISTORY:
        return {}
    limit = next((c.value for c in _latency_limits(spec, slug)), None)
    counts, edges = np.histogram(values, bins=min(BINS, len(values)))
    key = "latency_ms" if slug == spec.primary_device else f"latency_ms@{slug}"
    return {
        key: {
            "edges": [float(f"{edge:.4g}") for edge in edges],
            "counts": counts.tolist(),
            "limit": limit,
            "origin": "measured",
        }
    }


def _known_latencies(spec: ExperimentSpec, slug: str) -> list[float]:
    rows = Measurement.objects.filter(
        device__slug=slug,
        space=spec.search_space,
        metric="latency_ms",
        status="ok",
        quarantined=False,
    ).order_by("-created_at")
    return list(rows.values_list("value", flat=True)[:500])


def _latency_limits(spec: ExperimentSpec, slug: str) -> list[Constraint]:
    return _limits_on(spec, "latency_ms", slug)


def _limits_on(spec: ExperimentSpec, metric: str, slug: str) -> list[Constraint]:
    return [c for c in spec.engine_constraints() if (c.metric, c.device) == (metric, slug)]


def _seconds_per_trial(spec: ExperimentSpec, draws: Sequence[Draw]) -> tuple[np.ndarray, str]:
    """Training seconds of candidates like these: seen before, or by the rough rule."""
    if spec.dataset is None:
        return np.array([0.001]), "looked_up"
    seen = _seen_seconds(spec)
    if len(seen) >= MIN_HISTORY:
        return np.array(seen), "measured"
    epochs = getattr(_evaluator_config(spec), "epochs", 1)
    batch = getattr(_evaluator_config(spec), "batch_size", 64)
    samples = len(load_dataset(spec.dataset).load("train").y)
    steps = epochs * -(-samples // batch)
    macs = np.array([draw.costs["macs"] for draw in draws])
    return steps * (STEP_OVERHEAD_S + 3 * batch * macs / MACS_PER_SECOND), "analytic"


def _evaluator_config(spec: ExperimentSpec) -> Any:
    return EVALUATORS.parse_config(spec.evaluator.key, spec.evaluator.config)


def _seen_seconds(spec: ExperimentSpec) -> list[float]:
    """Sum of epoch times of candidates trained with the same data, space and settings."""
    version = {}
    if spec.search_space_version is not None:
        version = {"experiment__config__search_space_version": spec.search_space_version}
    curves = (
        Trial.objects.filter(
            status=Trial.Status.DONE,
            experiment__config__dataset=spec.dataset,
            experiment__config__search_space=spec.search_space,
            experiment__config__evaluator=spec.evaluator.model_dump(mode="json"),
            **version,
        )
        .exclude(curve=[])
        .order_by("-finished_at")
        .values_list("curve", flat=True)[:HISTORY]
    )
    return [sum(epoch["seconds"] for epoch in curve) for curve in curves]


def _time(spec: ExperimentSpec, per_trial: np.ndarray) -> dict[str, Any]:
    """Wall clock of all runs: trainings share the workers, measurements stop them all."""
    workers = max(1, sum(worker["role"] == "evaluate" for worker in living_workers()))
    runs = len(spec.seeds) * (2 if spec.baseline else 1)
    trials = spec.budget.max_trials
    rng = default_rng(0)
    totals = rng.choice(per_trial, size=(100, min(trials, 200))).mean(axis=1) * trials / workers
    measuring = sum(device.kind in Device.MEASURING for device in engine.devices_of(spec))
    walls = runs * (totals + trials * MEASURE_SECONDS * measuring)
    if spec.budget.max_seconds is not None:
        walls = np.minimum(walls, runs * spec.budget.max_seconds)
    low, middle, high = np.percentile(walls, [10, 50, 90])
    return {
        "seconds_p10": round(float(low), 1),
        "seconds": round(float(middle), 1),
        "seconds_p90": round(float(high), 1),
        "workers": workers,
    }


def _notes(
    spec: ExperimentSpec, share: float, draws: int, basis: str, forecasts: Forecasts
) -> Iterator[str]:
    if share < 0.05:
        yield (
            f"Only {share:.1%} of {draws:,} random architectures meet the limits that are known "
            "before measuring: the search will spend its start on finding them."
        )
    if basis == "analytic":
        yield "Nothing like this was trained here yet: the time is a rough guess."
    for slug in spec.devices:
        if forecast := forecasts.get(("latency_ms", slug)):
            yield from forecast_notes(slug, forecast)
        else:
            for limit in _latency_limits(spec, slug):
                yield _latency_note(spec, slug, limit)


def _latency_note(spec: ExperimentSpec, slug: str, limit: Constraint) -> str:
    known = _known_latencies(spec, slug)
    if len(known) < MIN_HISTORY:
        return (
            f"Latency on {slug} is measured during the search; how many architectures meet "
            f"{limit.op} {limit.value:g} ms is not known yet."
        )
    within = sum(limit.violation(value) == 0 for value in known)
    return (
        f"Of {len(known)} networks of this space measured on {slug} before, {within} "
        f"({within / len(known):.0%}) meet {limit.op} {limit.value:g} ms."
    )


def _example(draw: Draw) -> dict[str, Any]:
    return {
        "genes": list(draw.genes),
        "hash": draw.network.digest,
        "costs": engine.analytic_metrics(draw.network),
        "strip_svg": strip_svg(draw.network),
    }
