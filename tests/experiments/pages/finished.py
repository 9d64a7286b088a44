"""A finished experiment whose candidates can be drawn."""

from typing import Any

from django.contrib.auth.models import User

from experiments.models import Experiment, Run, Trial
from tests.experiments.api.world import add_trials, experiment_of


def finished(owner: User, **changes: Any) -> Experiment:
    """An experiment of six candidates with real architectures and made-up accuracies."""
    experiment = experiment_of(owner, **changes)
    details = {"standard_error": 0.012, "n": 360, "split": "val"}
    trials = add_trials(experiment, 6, weights="weights/x.pt", details=details)
    Trial.objects.filter(pk__in=[trials[0].pk, trials[5].pk]).update(on_front=True)
    Run.objects.filter(experiment=experiment).update(status=Run.Status.DONE)
    experiment.status, experiment.next_number = Experiment.Status.DONE, 6
    experiment.save()
    return experiment
