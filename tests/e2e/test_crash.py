"""Workers are killed in the middle of a run; the run goes on by itself and ends as planned."""

from collections import Counter

import pytest

from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e

TRIALS = 14


def document() -> dict:
    return {
        "name": "survives",
        "dataset": "digits",
        "search_space": "mbconv-tiny",
        "devices": ["local-cpu"],
        "objectives": [
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "latency_ms", "device": "local-cpu", "direction": "minimize"},
        ],
        "constraints": [{"metric": "params", "op": "<=", "value": 20000}],
        "strategy": {"key": "regularized_evolution", "config": {"population_size": 5}},
        "evaluator": {"key": "short_training", "config": {"epochs": 2}},
        "budget": {"max_trials": TRIALS},
    }


def test_kill_9_of_any_worker_loses_and_doubles_nothing(stack: Stack):
    key = stack.post("/api/v1/experiments/", document())["id"]
    for role in ("evaluate", "device", "search"):
        before = stack.experiment(key)["progress"]["done"]
        stack.wait_for(
            lambda before=before: stack.experiment(key)["progress"]["done"] > before,
            300,
            "another candidate to finish",
        )
        for worker in stack.workers(role):
            worker.kill()
        stack.wait_for(lambda role=role: stack.workers(role), 60, f"a new {role} worker")
    experiment = stack.wait_until_finished(key, 600)
    trials = stack.get(f"/api/v1/experiments/{key}/trials/?limit=1000")["results"]
    assert experiment["status"] == "done"
    assert [trial["number"] for trial in trials] == list(range(TRIALS))
    assert Counter(trial["status"] for trial in trials) == {"done": TRIALS}
    assert max(Counter(trial["hash"] for trial in trials).values()) == 1
    assert all(trial["metrics"]["latency_ms"]["origin"] == "measured" for trial in trials)
