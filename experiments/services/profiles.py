"""Profiling jobs: request, pause, resume, extend, and what happens when an agent answered."""

from datetime import timedelta
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from experiments import doorbell
from experiments.errors import StateConflict
from experiments.leases import FREE
from experiments.models import Job
from experiments.space_store import find_space
from hardware_profiles import profiling
from hardware_profiles.models import Device, Profile
from hardware_profiles.profiling import Budget

COOL_SECONDS = 60.0
COOLED_AT_MOST = 3
"""A run that a slow machine paused goes on by itself after a while, this many times."""

_EXTENDABLE = (*Job.OPEN, Job.Status.DONE)


@transaction.atomic
def request_profile(
    *,
    owner: AbstractBaseUser,
    device: Device,
    space: str,
    version: int | None = None,
    budget: Budget | None = None,
) -> Job:
    """Queue a profiling of a device for a search space the owner may use.

    Raises:
        StateConflict: the device is disabled, or is being profiled for this space already.
        ProfilingError: it cannot be profiled, or the space is too small.
        UnknownKeyError: no such space.
    """
    found = find_space(space, owner, version)
    device = Device.objects.select_for_update(of=("self",)).get(pk=device.pk)
    if not device.is_active:
        raise StateConflict(f"Device {device.slug} is disabled; enable it in the admin first.")
    going = Job.objects.filter(device=device, kind=Job.Kind.PROFILE, status__in=Job.OPEN)
    if other := going.filter(profile__space=space).first():
        raise StateConflict(
            f"Device {device.slug} is being profiled for {space} already, by job {other.pk} "
            f"({other.status}). Resume, extend or cancel that one."
        )
    profile = profiling.start(
        device=device,
        space=found.load(),
        slug=space,
        version=found.number,
        budget=budget,
        requested_by=owner,
    )
    params = {"search_space": space, "budget": profile.budget}
    job = Job(owner=owner, kind=Job.Kind.PROFILE, device=device, profile=profile, params=params)
    job.rung_at = timezone.now()
    job.save()
    transaction.on_commit(partial(doorbell.work_on_job, job))
    return job


@transaction.atomic
def pause_job(*, job: Job, why: str = "Paused by a person.") -> Job:
    """Stop after the networks that are being measured now; they are kept.

    Raises:
        StateConflict: it is no profiling job, or neither waits nor runs.
    """
    job = _locked(job, (Job.Status.QUEUED, Job.Status.RUNNING, Job.Status.WAITING), "paused")
    profiling.pause(job.profile, why)
    _set(job, status=Job.Status.PAUSED, rung_at=timezone.now(), **FREE)
    return job


@transaction.atomic
def resume_job(*, job: Job) -> Job:
    """Go on where it stood.

    Raises:
        StateConflict: it is no profiling job, or is not paused.
    """
    job = _locked(job, (Job.Status.PAUSED,), "resumed")
    profiling.pause(job.profile, "")
    _queue(job)
    return job


@transaction.atomic
def extend_job(*, job: Job, networks: int = 0, seconds: float = 0) -> Job:
    """Add to the budget; a job that is done measures on and fits another version.

    Raises:
        StateConflict: it is no profiling job, or failed or was cancelled.
        ProfilingError, ConfigError: it has a fixed size, or the sum is over the limits.
    """
    job = _locked(job, _EXTENDABLE, "extended")
    was_done = job.status == Job.Status.DONE
    profile = profiling.extend(job.profile, networks=networks, seconds=seconds)
    _set(job, params={**job.params, "budget": profile.budget})
    if was_done:
        share = profiling.public_progress(profile)["share"]
        _set(job, finished_at=None, result=None, progress=share)
        _queue(job)
    return job


@transaction.atomic
def agent_answered(profile: Profile) -> None:
    """Queue the job of a run again as soon as nothing of its batch is with an agent any more."""
    waiting = Job.objects.filter(profile=profile, status=Job.Status.WAITING)
    for job in waiting.select_for_update(of=("self",)).select_related("device", "profile"):
        if not profiling.pending(job.profile):
            _queue(job)


def take_up_waiting() -> None:
    """For the reaper: jobs whose agents answered unheard, and those whose machine has cooled."""
    jobs = Job.objects.filter(kind=Job.Kind.PROFILE).select_related("profile")
    for job in jobs.filter(status=Job.Status.WAITING):
        agent_answered(job.profile)
    long_ago = timezone.now() - timedelta(seconds=COOL_SECONDS)
    for job in jobs.filter(status=Job.Status.PAUSED, rung_at__lt=long_ago):
        progress = job.profile.progress
        hot = progress["throttled"] and progress["paused"] == progress["throttled"]
        if hot and progress.get("cooled", 0) < COOLED_AT_MOST:
            _cooled(job)


@transaction.atomic
def _cooled(job: Job) -> None:
    job = _locked(job, (Job.Status.PAUSED,), "resumed")
    profiling.pause(job.profile, "", cooled=True)
    _queue(job)


def _locked(job: Job, allowed: tuple[str, ...], action: str) -> Job:
    rows = Job.objects.select_for_update(of=("self",)).select_related("device", "profile")
    job = rows.get(pk=job.pk)
    if job.kind != Job.Kind.PROFILE:
        raise StateConflict(f"Only profiling jobs can be {action}; this is a {job.kind} job.")
    if job.status not in allowed:
        states = ", ".join(str(state) for state in allowed)
        raise StateConflict(f"The job is {job.status}; it can be {action} while it is {states}.")
    return job


def _queue(job: Job) -> None:
    _set(job, status=Job.Status.QUEUED, rung_at=timezone.now(), attempts=0, **FREE)
    transaction.on_commit(partial(doorbell.work_on_job, job))


def _set(job: Job, **columns: object) -> None:
    Job.objects.filter(pk=job.pk).update(**columns)
    for name, value in columns.items():
        setattr(job, name, value)
