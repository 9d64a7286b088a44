"""Jobs a person asks for beside the search: request, cancel, and what workers report of them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from experiments import doorbell, selectors
from experiments.errors import LeaseLost, StateConflict
from experiments.leases import FREE, MAX_ATTEMPTS, lease_values, worker_name
from experiments.models import Artifact, Job, Trial
from experiments.services import recording
from experiments.space_store import find_space
from hardware_profiles import agents, profiling
from hardware_profiles.models import Device
from search_engine.exporters import EXPORTERS


def request_measurement(
    *,
    owner: AbstractBaseUser,
    device: Device,
    trial: Trial | None = None,
    space: str = "",
    version: int | None = None,
    genes: Sequence[int] = (),
) -> Job:
    """Queue a measurement of a trial's network, or of genes of a space the owner may use.

    Raises:
        StateConflict: the device is disabled, or nothing runs on devices of its kind.
        UnknownKeyError, SpaceError: no such space, or genes that are not of it.
    """
    if not device.is_active:
        raise StateConflict(f"Device {device.slug} is disabled; enable it in the admin first.")
    if device.kind not in Device.MEASURING:
        raise StateConflict(
            f"Device {device.slug} is of kind {device.kind}: its numbers are looked up or "
            "computed, nothing can be measured on it."
        )
    params: dict[str, Any] = {}
    if trial is None:
        found = find_space(space, owner, version)
        checked = found.load().canonical(tuple(genes))
        params = {"search_space": space, "genes": list(checked)}
        if found.row is not None:
            params["search_space_version"] = found.number
    return _store(
        Job(owner=owner, kind=Job.Kind.MEASURE, device=device, trial=trial, params=params)
    )


def request_export(
    *,
    owner: AbstractBaseUser,
    trial: Trial,
    format: str,  # noqa: A002 - the word of the API
    options: dict[str, Any] | None = None,
) -> Job:
    """Queue an export of a trained trial.

    Raises:
        StateConflict: the trial has no trained weights.
        UnknownKeyError, ConfigError: no such format, or options it does not have.
    """
    EXPORTERS.entry(format)
    EXPORTERS.parse_config(format, options or {})
    if not trial.weights:
        raise StateConflict(
            f"Candidate {trial} has no trained weights ({trial.get_status_display()}); "
            "only candidates that were trained here can be exported."
        )
    params = {"format": format, "options": options or {}}
    return _store(Job(owner=owner, kind=Job.Kind.EXPORT, trial=trial, params=params))


@transaction.atomic
def _store(job: Job) -> Job:
    if job.trial is not None:
        recording.lock(job.trial.experiment_id)
    job.rung_at = timezone.now()
    job.save()
    _tell(job)
    transaction.on_commit(partial(doorbell.work_on_job, job))
    return job


@transaction.atomic
def cancel_job(*, job: Job) -> Job:
    """Cancel a job that has not ended; a running one is dropped when its worker reports.

    Raises:
        StateConflict: it has ended.
    """
    if job.trial is not None:
        recording.lock(job.trial.experiment_id)
    job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if job.status not in Job.OPEN:
        raise StateConflict(
            f"The job is {job.status}; only one that has not ended can be cancelled."
        )
    job.status, job.finished_at = Job.Status.CANCELLED, timezone.now()
    job.save(update_fields=["status", "finished_at"])
    if job.profile is not None:
        profiling.end(job.profile, "cancelled")
        agents.cancel(purpose="profile", reference=str(job.profile.pk))
    _tell(job)
    return job


def claim_job(job_id: object) -> Job | None:
    """Take a queued job; None if it is taken, cancelled or gone. LeaseLost: cancelled just now."""
    queued = Job.objects.filter(pk=job_id, status=Job.Status.QUEUED)
    if not queued.update(status=Job.Status.RUNNING, **lease_values()):
        return None
    job = Job.objects.select_related("trial__experiment", "device", "profile").get(pk=job_id)
    report(job, progress=max(job.progress, 0.05))
    return job


@transaction.atomic
def report(job: Job, artifacts: Sequence[Artifact] = (), **columns: Any) -> None:
    """Store how far a job this worker holds is, with the files it made.

    Raises:
        LeaseLost: it was cancelled or taken over; nothing is stored.
    """
    if job.trial is not None:
        recording.lock_for_work(job.trial.experiment_id)
    if columns.get("status") in (Job.Status.DONE, Job.Status.FAILED):
        columns |= {"finished_at": timezone.now(), **FREE}
    mine = Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING, lease_owner=worker_name())
    if not mine.update(**columns):
        raise LeaseLost(f"Job {job.pk} was cancelled or taken from this worker.")
    for name, value in columns.items():
        setattr(job, name, value)
    Artifact.objects.bulk_create(artifacts)
    _tell(job)


@transaction.atomic
def release_job(job: Job) -> None:
    """Put a job this worker holds back into the line; a profiling goes on there. LeaseLost."""
    progress = 0.0 if job.profile is None else job.progress
    report(job, status=Job.Status.QUEUED, progress=progress, rung_at=timezone.now(), **FREE)
    transaction.on_commit(partial(doorbell.work_on_job, job))


@transaction.atomic
def reclaim_job(job: Job) -> None:
    """Take back a job whose worker fell silent: queue it again, or give it up."""
    if job.trial is not None:
        recording.lock(job.trial.experiment_id)
    job.attempts += 1
    columns: dict[str, Any] = {"attempts": job.attempts, "rung_at": timezone.now(), **FREE}
    job.status = Job.Status.QUEUED
    if job.attempts >= MAX_ATTEMPTS:
        job.status, job.error = Job.Status.FAILED, f"The worker died {job.attempts} times."
        columns |= {"error": job.error, "finished_at": timezone.now()}
    dead = selectors.expired(Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING))
    if dead.update(status=job.status, **columns):
        if job.profile is not None and job.status == Job.Status.FAILED:
            profiling.end(job.profile, "failed", job.error)
        _tell(job)
        if job.status == Job.Status.QUEUED:
            transaction.on_commit(partial(doorbell.work_on_job, job))


def _tell(job: Job) -> None:
    if job.trial is None:
        return
    payload = {
        "job": str(job.pk),
        "kind": str(job.kind),
        "status": str(job.status),
        "progress": job.progress,
        "number": job.trial.number,
        "error": job.error,
        "problem": waiting_problem(job),
        "result": _short(job.result),
        "artifacts": [
            {
                "id": str(artifact.pk),
                "name": artifact.name,
                "format": artifact.format,
                "bytes": artifact.bytes,
                "sha256": artifact.sha256,
            }
            for artifact in job.artifacts.all()
        ],
    }
    recording.emit(job.trial.experiment_id, [("job.state", payload)])


def waiting_problem(job: Job) -> str:
    """Why nobody comes for a job that waits for an agent, or nothing."""
    if job.status != Job.Status.WAITING or job.device is None:
        return ""
    return agents.problem(job.device)


def _short(result: dict[str, Any] | None) -> dict[str, Any] | None:
    """A job's result without raw samples: events are for pages."""
    if result is None:
        return None
    return {key: value for key, value in result.items() if key not in ("samples", "environment")}
