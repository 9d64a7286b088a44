"""Rows for tests of the API: real experiments, with trials that were not trained."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from experiments.models import Artifact, Experiment, Job, Run, Trial
from experiments.services.lifecycle import create_experiment
from experiments.services.tokens import issue_token
from experiments.spaces import draw, space_for
from tests.experiments import work

BASE = "/api/v1/"


def document(**changes: Any) -> dict[str, Any]:
    """A document that is accepted."""
    limit = {"metric": "params", "op": "<=", "value": 200_000}
    return work.document(**{"constraints": [limit], **changes})


class Client(APIClient):
    """Speaks to the API as one user, with a real token; paths are relative to /api/v1/."""

    def __init__(self, user: User | None = None, **options: Any) -> None:
        super().__init__(**options)
        if user is not None:
            self.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=user)[1]}")

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        full = path if path.startswith(("/", "http")) else BASE + path
        return super().generic(method, full, *args, **kwargs)


def experiment_of(owner: User, **changes: Any) -> Experiment:
    """A queued experiment."""
    return create_experiment(owner=owner, data=document(**changes))


def add_trials(experiment: Experiment, n: int, **columns: Any) -> list[Trial]:
    """Finished trials of the first run, with real genes and rising made-up metrics."""
    run = experiment.runs.first()
    assert run is not None
    space = space_for(experiment.config["search_space"], experiment.config["dataset"])
    first, now = experiment.trials.count(), timezone.now()
    found = draw(space, n, seed=first)
    rows = [
        _trial(run, number, architecture, now, columns)
        for number, architecture in enumerate(found, start=first)
    ]
    return Trial.objects.bulk_create(rows)


def _trial(run: Run, number: int, architecture: Any, now: Any, columns: dict[str, Any]) -> Trial:
    accuracy = {"value": 0.5 + number / 1000, "unit": "", "origin": "measured"}
    metrics = architecture["costs"] | {"accuracy": accuracy}
    values = {
        "status": Trial.Status.DONE,
        "metrics": metrics,
        "costs": [-accuracy["value"], metrics["macs"]["value"]],
        "feasible": True,
        "violation": 0.0,
        "started_at": now,
        "finished_at": now + timedelta(seconds=1 + number % 3),
        "curve": [{"epoch": 1, "epochs": 1, "train_loss": 2.0, "val_loss": 1.9,
                   "val_accuracy": 0.5, "seconds": 0.1}],
    }  # fmt: skip
    return Trial(
        experiment=run.experiment,
        run=run,
        number=number,
        index=number,
        genes=architecture["genes"],
        hash=architecture["hash"],
        **values | columns,
    )


def add_artifact(owner: User, trial: Trial, content: bytes = b"model") -> Artifact:
    """A finished export job with its file."""
    job = Job.objects.create(
        owner=owner, kind=Job.Kind.EXPORT, trial=trial, status=Job.Status.DONE, progress=1
    )
    name = f"{job.pk}.onnx"
    Path(settings.NASWEB_VAR, name).write_bytes(content)
    return Artifact.objects.create(
        job=job, trial=trial, name="model.onnx", format="onnx", path=name, bytes=len(content),
        sha256="5" * 64,
    )  # fmt: skip
