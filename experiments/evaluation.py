"""Evaluates one trial: claims it, trains or looks it up, stores what was found."""

import logging
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

from experiments import engine, files
from experiments.errors import LeaseLost
from experiments.leases import AWAY, keep_alive, patiently, worker_name
from experiments.models import Experiment, Trial
from experiments.monitor import TrialMonitor
from experiments.services import recording
from experiments.verdict import failure, found_columns, sentence
from hardware_profiles.errors import MissingRowError
from search_engine.errors import Interrupted, SearchEngineError, TrainingError

logger = logging.getLogger(__name__)


def evaluate(trial_id: int) -> None:
    """Score one trial: train it, or whatever the experiment's evaluator does."""
    for trial in recording.claim_trials([trial_id], Trial.Status.TRAINING):
        try:
            with keep_alive(Trial, [trial.pk]) as lost:
                _evaluate(trial, lost)
        except LeaseLost as error:
            logger.warning("%s", error)
            if not Experiment.objects.filter(pk=trial.experiment_id).exists():
                files.remove(trial.experiment_id)


def _evaluate(trial: Trial, lost: threading.Event) -> None:
    path = _checkpoint_path(trial)
    try:
        columns = _score(trial, lost, path)
        line = recording.log_event("info", "evaluate", sentence(trial, columns))
    except Interrupted as stop:
        _interrupted(trial, stop, path)
        return
    except (LeaseLost, *AWAY):
        raise  # not the trial's fault: it is taken back when the lease is over
    except Exception as error:
        if not isinstance(error, SearchEngineError):
            logger.exception("Evaluation of trial %s failed unexpectedly", trial.pk)
        columns = failure(error)
        line = recording.log_event("error", "evaluate", f"#{trial.number} {columns['error']}")
    patiently(lambda: recording.end_trial(trial, line, **columns))
    path.unlink(missing_ok=True)


def _score(trial: Trial, lost: threading.Event, path: Path) -> dict[str, Any]:
    """Columns of the trial when its evaluation has come to an end."""
    evaluator = engine.evaluator_for(trial.experiment)
    problem = engine.problem_for(trial.experiment)
    network = problem.space.decode(tuple(trial.genes))
    [(numbers, missing)] = engine.told_at_once(trial.experiment, [tuple(trial.genes)])
    if missing:
        raise MissingRowError(missing)
    trial.metrics = numbers | trial.metrics  # those it was proposed with stay
    checkpoint = _stored_checkpoint(path)
    with TrialMonitor(trial, lost) as monitor:
        found = evaluator.evaluate(
            network, seed=trial.run.seed, monitor=monitor, checkpoint=checkpoint
        )
    columns = found_columns(problem, trial, found)
    if found.state is not None:
        columns["weights"] = _save_weights(trial, found.state)
    return columns


def _interrupted(trial: Trial, stop: Interrupted, path: Path) -> None:
    if stop.reason not in ("pause", "shutdown"):
        path.unlink(missing_ok=True)
    elif (checkpoint := getattr(stop, "checkpoint", None)) is not None and checkpoint.epoch:
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(path)
    patiently(lambda: recording.release_trial(trial))


def _checkpoint_path(trial: Trial) -> Path:
    return files.folder(files.CHECKPOINTS, trial.experiment_id) / f"{trial.number}.pt"


def _stored_checkpoint(path: Path) -> Any:
    """What an interrupted training left; None if there is nothing usable: it then starts again."""
    if not path.exists():
        return None
    from search_engine.training.checkpoint import Checkpoint  # noqa: PLC0415 - needs PyTorch

    try:
        return Checkpoint.load(path)
    except TrainingError as error:
        logger.warning("%s", error)
        return None


def _save_weights(trial: Trial, state: Any) -> str:
    """Write a state dict below the data folder, whole or not at all; returns the relative path."""
    import torch  # noqa: PLC0415 - loaded when something was trained

    path = files.folder(files.WEIGHTS, trial.experiment_id) / f"{trial.number}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{worker_name().rpartition(':')[2]}.part")
    torch.save(dict(state), unfinished)
    unfinished.replace(path)
    return str(path.relative_to(settings.NASWEB_VAR))
