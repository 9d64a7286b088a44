"""Runs what workers would run, in this process, until nothing is left to do."""

from typing import Any

import pytest

from experiments import runner
from experiments.evaluation import evaluate
from experiments.job_work import run_job
from experiments.measuring import measure
from experiments.models import Job, Run, Trial
from search_engine.evaluators import EVALUATORS

TINY = {"epochs": 1, "batch_size": 256}


def document(**changes: Any) -> dict[str, Any]:
    """A small experiment that trains on digits and needs no device."""
    return {
        "name": "small",
        "dataset": "digits",
        "search_space": "mbconv-tiny",
        "objectives": [
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "macs", "direction": "minimize"},
        ],
        "constraints": [{"metric": "params", "op": "<=", "value": 20000}],
        "strategy": {"key": "nsga2", "config": {"population_size": 4}},
        "evaluator": {"key": "short_training", "config": TINY},
        "budget": {"max_trials": 6},
        **changes,
    }


def tabular(**changes: Any) -> dict[str, Any]:
    """An experiment on the NAS-Bench-201 table: nothing is trained. Skips without the table."""
    if reason := EVALUATORS.resolve("tabular").available():
        pytest.skip(reason)
    return document(
        **{
            "name": "table",
            "dataset": None,
            "search_space": "nasbench201",
            "constraints": [],
            "evaluator": {"key": "tabular", "config": {}},
            "budget": {"max_trials": 60},
            **changes,
        }
    )


def work_until_idle(limit: int = 500) -> None:
    """Advance runs, measure, train and do jobs until a round changes nothing."""
    for _ in range(limit):
        if not work_once():
            return
    raise AssertionError(f"Still busy after {limit} rounds.")


def work_once() -> bool:
    """One round over everything that waits; False if nothing did."""
    before = _state()
    for run in Run.objects.filter(status__in=Run.ACTIVE):
        runner.advance(run.pk)
    waiting = Trial.objects.filter(status=Trial.Status.QUEUED, run__status__in=Run.ACTIVE)
    for slug in set(waiting.exclude(awaiting="").values_list("awaiting", flat=True)):
        measure(slug)
    for key in waiting.filter(awaiting="").values_list("pk", flat=True):
        evaluate(key)
    for key in Job.objects.filter(status=Job.Status.QUEUED).values_list("pk", flat=True):
        run_job(key)
    return _state() != before


def _state() -> list[Any]:
    return [
        list(Run.objects.order_by("pk").values_list("pk", "status")),
        list(Trial.objects.order_by("pk").values_list("pk", "status", "awaiting")),
        list(Job.objects.order_by("pk").values_list("pk", "status")),
    ]
