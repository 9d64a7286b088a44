"""Messages to workers, sent by task name so that callers import no task.

A message is only a doorbell: a lost or doubled one does no harm, because whoever hears it looks
into the database, and the reaper rings again.
"""

import logging

from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError

from experiments.models import Job, Run, Trial
from hardware_profiles.models import Device

SEARCH, EVALUATE, JOBS, DEVICES = "search", "evaluate", "jobs", "devices"

logger = logging.getLogger(__name__)


def device_queue(slug: str) -> str:
    """The queue of one device; its worker takes one message at a time."""
    return f"device.{slug}"


def advance(run_id: object) -> None:
    """A run may be able to go on."""
    Run.objects.filter(pk=run_id).update(rung_at=timezone.now())
    _send("experiments.advance_run", [str(run_id)], SEARCH)


def work_on_trial(trial: Trial) -> None:
    """A queued trial waits for its device or for training."""
    if trial.awaiting:
        _measure(trial.awaiting)
    else:
        _send("experiments.evaluate_trial", [trial.pk], EVALUATE)


def work_on_job(job: Job) -> None:
    """A queued job waits."""
    if job.kind == Job.Kind.MEASURE and job.device.kind == Device.Kind.AGENT:
        serve_agent(job.device.slug)
        return
    here = job.device is not None and job.device.kind == Device.Kind.LOCAL
    queue = device_queue(job.device.slug) if here and job.kind in Job.ON_DEVICE else JOBS
    _send("experiments.run_job", [str(job.pk)], queue)


def serve_agent(slug: str) -> None:
    """Something may wait for a device that an agent measures: its line needs to be filled."""
    _send("experiments.serve_agent", [slug], DEVICES)


def _measure(slug: str) -> None:
    if Device.objects.filter(slug=slug, kind=Device.Kind.AGENT).exists():
        serve_agent(slug)
    else:
        _send("experiments.measure", [slug], device_queue(slug))


def _send(task: str, args: list[object], queue: str) -> None:
    try:
        current_app.send_task(task, args=args, queue=queue, ignore_result=True, retry=False)
    except OperationalError as error:
        logger.warning("The broker did not take %s for queue %s: %s", task, queue, error)
