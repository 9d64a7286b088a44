"""The demonstration: one click, about two minutes on two cores, everything real."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from experiments.models import Experiment
from experiments.services.lifecycle import create_experiment

DEMO: dict[str, Any] = {
    "name": "Quick demo: digits on this CPU",
    "dataset": "digits",
    "search_space": "mbconv-tiny",
    "devices": ["local-cpu"],
    "objectives": [
        {"metric": "accuracy", "direction": "maximize"},
        {"metric": "latency_ms", "device": "local-cpu", "direction": "minimize"},
    ],
    "constraints": [{"metric": "params", "op": "<=", "value": 60000}],
    "strategy": {"key": "nsga2", "config": {"population_size": 10}},
    "evaluator": {"key": "short_training", "config": {"epochs": 4}},
    "budget": {"max_trials": 40, "max_seconds": 900},
    "seeds": [0],
}


def start_demo(*, owner: AbstractBaseUser) -> Experiment:
    """Create the demonstration experiment for a user; each click starts a new one.

    Raises:
        ConfigError: the device `local-cpu` was disabled.
    """
    return create_experiment(owner=owner, data=DEMO)
