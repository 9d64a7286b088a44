"""What a trial's numbers mean: columns to store, and one sentence for the log."""

from typing import Any

import numpy as np

from experiments import engine
from experiments.models import Trial
from search_engine.metrics import METRICS
from search_engine.problem import SearchProblem
from search_engine.protocols import Evaluation
from search_engine.types import Trial as EngineTrial

MAX_ERROR = 2000


def verdict(problem: SearchProblem, metrics: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Columns of a finished trial that has these number objects."""
    trial = EngineTrial(0, (), engine.plain(metrics))
    costs = problem.costs(trial)
    return {
        "status": Trial.Status.DONE,
        "metrics": metrics,
        "violation": min(problem.violation(trial.metrics), 1e12),
        "feasible": problem.feasible(trial),
        "costs": None if np.isnan(costs).any() else costs.tolist(),
    }


def found_columns(problem: SearchProblem, trial: Trial, found: Evaluation) -> dict[str, Any]:
    """Columns of a trial that an evaluator has scored."""
    more: dict[str, Any] = {}
    if "standard_error" in found.details:
        more["spread"] = {"standard_error": found.details["standard_error"]}
        more["n"] = found.details["n"]
    numbers = {
        key: engine.number(value, key, found.origin, **more) for key, value in found.metrics.items()
    }
    return {
        **verdict(problem, {**trial.metrics, **numbers}),
        "details": {**trial.details, **found.details},
    }


def failure(error: Exception) -> dict[str, Any]:
    """Columns of a trial that ended with an error."""
    return {
        "status": Trial.Status.FAILED,
        "error": f"{type(error).__name__}: {error}"[:MAX_ERROR],
        "feasible": False,
    }


def sentence(trial: Trial, columns: dict[str, Any]) -> str:
    """`#7 latency 0.412 ms, accuracy 0.9798` for the log panel."""
    parts = []
    for key, item in columns["metrics"].items():
        metric = METRICS[key.partition("@")[0]]
        if metric.kind != "analytic":
            parts.append(f"{metric.label.lower()} {item['value']:.4g} {item['unit']}".rstrip())
    suffix = "" if columns["feasible"] else " (infeasible)"
    return f"#{trial.number} {', '.join(parts)}{suffix}"
