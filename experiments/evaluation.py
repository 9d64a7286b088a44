"""Evaluates one trial: claims it, trains or looks it up, stores what was found."""

import logging
from pathlib import Path
from typing import Any

from django.conf import settings

from experiments import engine
from experiments.errors import LeaseLost
from experiments.leases import keep_alive, worker_name
from experiments.models import Trial
from experiments.monitor import TrialMonitor
from experiments.services import recording
from experiments.verdict import failure, found_columns, sentence
from search_engine.errors import Interrupted, SearchEngineError, TrainingError

logger = logging.getLogger(__name__)


def evaluate(trial_id: int) -> None:
    """Score one trial: train it, or whatever the experiment's evaluator does."""
    for trial in recording.claim_trials([trial_id], Trial.Status.TRAINING):
        try:
            with keep_alive(Trial, [trial.pk]) as lost, TrialMonitor(trial, lost) as monitor:
                _evaluate(trial, monitor)
        except LeaseLost as error:
            logger.warning("%s", error)


def _evaluate(trial: Trial, monitor: TrialMonitor) -> None:
    evaluator = engine.evaluator_for(trial.experiment)
    problem = engine.problem_for(trial.experiment)
    network = problem.space.decode(tuple(trial.genes))
    path = _checkpoint_path(trial)
    try:
        found = evaluator.evaluate(
            network, seed=trial.run.seed, monitor=monitor, checkpoint=_stored_checkpoint(path)
        )
    except Interrupted as stop:
        _interrupted(trial, stop, path)
        return
    except LeaseLost:
        raise
    except Exception as error:
        if not isinstance(error, SearchEngineError):
            logger.exception("Evaluation of trial %s failed unexpectedly", trial.pk)
        columns = failure(error)
        line = recording.log_event("error", "evaluate", f"#{trial.number} {columns['error']}")
    else:
        columns = found_columns(problem, trial, found)
        if found.state is not None:
            columns["weights"] = _save_weights(trial, found.state)
        line = recording.log_event("info", "evaluate", sentence(trial, columns))
    recording.end_trial(trial, line, **columns)
    path.unlink(missing_ok=True)


def _interrupted(trial: Trial, stop: Interrupted, path: Path) -> None:
    if stop.reason in ("pause", "shutdown"):
        if (checkpoint := getattr(stop, "checkpoint", None)) is not None and checkpoint.epoch:
            path.parent.mkdir(parents=True, exist_ok=True)
            checkpoint.save(path)
        recording.release_trial(trial)
    else:
        path.unlink(missing_ok=True)
        recording.release_trial(trial, status=Trial.Status.CANCELLED)


def _checkpoint_path(trial: Trial) -> Path:
    return Path(settings.NASWEB_VAR) / "checkpoints" / f"{trial.pk}.pt"


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

    relative = Path("weights") / str(trial.experiment_id) / f"{trial.number}.pt"
    path = Path(settings.NASWEB_VAR) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{worker_name().rpartition(':')[2]}.part")
    torch.save(dict(state), unfinished)
    unfinished.replace(path)
    return str(relative)
