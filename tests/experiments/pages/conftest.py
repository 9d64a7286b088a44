"""Experiments as the pages find them in the database."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from experiments.models import Experiment, HypervolumePoint, Trial
from experiments.services import lifecycle
from tests.experiments.work import document

Make = Callable[..., Experiment]


@pytest.fixture
def make(alice) -> Make:
    """Create an experiment of Alice's in some state, with some results."""

    def _make(status: str = "done", results: Sequence[tuple[float, int]] = (), **changes: Any):
        owner = changes.pop("owner", alice)
        experiment = lifecycle.create_experiment(owner=owner, data=document(**changes))
        for number, (accuracy, macs) in enumerate(results):
            _add_result(experiment, number, accuracy, macs)
        experiment.status = status
        experiment.save()
        return experiment

    return _make


def _add_result(experiment: Experiment, number: int, accuracy: float, macs: int) -> None:
    """A feasible candidate on the front."""
    run = experiment.runs.get(is_baseline=False)
    Trial.objects.create(
        experiment=experiment,
        run=run,
        number=number,
        index=number,
        genes=[number],
        hash=f"{number:064d}",
        status=Trial.Status.DONE,
        feasible=True,
        on_front=True,
        costs=[-accuracy, macs],
        metrics={
            "accuracy": {"value": accuracy, "unit": "", "origin": "measured"},
            "macs": {"value": macs, "unit": "", "origin": "analytic"},
        },
    )
    HypervolumePoint.objects.create(
        run=run, trials=number + 1, seconds=number, hypervolume=0.5 + number / 100
    )
