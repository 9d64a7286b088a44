"""Doors for the queue: each takes an id, survives double delivery and holds no logic.

The heavy parts are imported on first use: a search worker never loads PyTorch.
"""

# ruff: noqa: PLC0415

import logging
from threading import Thread
from typing import Any

from celery import shared_task, signals

from experiments import doorbell, selectors
from experiments.models import Job, Trial

RING_AGAIN_SECONDS = 15.0
RING_AT_MOST = 200

logger = logging.getLogger(__name__)


@shared_task(name="experiments.advance_run")
def advance_run(run_id: str) -> None:
    """A run may be able to go on."""
    from experiments.runner import advance

    advance(run_id)


@shared_task(name="experiments.evaluate_trial")
def evaluate_trial(trial_id: int) -> None:
    """A trial waits for training."""
    from experiments.evaluation import evaluate

    evaluate(trial_id)


@shared_task(name="experiments.measure")
def measure(slug: str) -> None:
    """Trials wait for a device."""
    from experiments.measuring import measure as measure_waiting

    measure_waiting(slug)


@shared_task(name="experiments.serve_agent")
def serve_agent(slug: str) -> None:
    """Networks wait for an agent's device."""
    from experiments.agent_work import serve

    serve(slug)


@shared_task(name="experiments.run_job")
def run_job(job_id: str) -> None:
    """A job waits."""
    from experiments.job_work import run_job as work

    work(job_id)


@shared_task(name="experiments.reap")
def reap() -> None:
    """Take back what dead workers held, and ring again for what may have been forgotten."""
    from experiments import agent_work
    from experiments.services import jobs, profiles, recording

    for trial in selectors.expired(
        Trial.objects.filter(status__in=[Trial.Status.MEASURING, Trial.Status.TRAINING])
    ):
        recording.reclaim(trial)
    for job in selectors.expired(Job.objects.filter(status=Job.Status.RUNNING)):
        jobs.reclaim_job(job)
    agent_work.reap()
    profiles.take_up_waiting()
    _ring_again()


def _ring_again() -> None:
    from django.utils import timezone

    now = timezone.now()
    for run in selectors.stale(selectors.active_runs(), RING_AGAIN_SECONDS)[:RING_AT_MOST]:
        doorbell.advance(run.pk)
    for trial in selectors.forgotten_trials(RING_AGAIN_SECONDS)[:RING_AT_MOST]:
        Trial.objects.filter(pk=trial.pk).update(rung_at=now)
        doorbell.work_on_trial(trial)
    for job in selectors.stale(Job.objects.filter(status=Job.Status.QUEUED), RING_AGAIN_SECONDS):
        Job.objects.filter(pk=job.pk).update(rung_at=now)
        doorbell.work_on_job(job)


@signals.worker_ready.connect
def count_spaces(sender: Any, **_: object) -> None:
    """A search worker leaves the sizes of built-in spaces in the cache before a page asks."""
    from experiments.space_facts import builtin_facts
    from search_engine.spaces import SPACES

    if any(queue.name == "search" for queue in sender.task_consumer.queues):
        Thread(target=builtin_facts, args=(SPACES.keys(),), daemon=True).start()


@signals.worker_shutting_down.connect
def let_go(**_: object) -> None:
    """The worker is ending: trainings in progress go back into the line at their next batch."""
    from experiments.monitor import shutdown

    shutdown.set()
