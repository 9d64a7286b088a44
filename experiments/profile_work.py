"""Does a profiling job batch by batch; candidates and people that want the device go first."""

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction

from experiments.leases import AWAY, FREE
from experiments.measuring import measure
from experiments.models import Job, Run, Trial
from experiments.monitor import stop_at_shutdown
from experiments.services import jobs, profiles
from hardware_profiles import agents, profiling
from hardware_profiles.measure import LatencyResult
from hardware_profiles.models import Device, Profile
from hardware_profiles.services import measure_networks
from search_engine.errors import Interrupted, SearchEngineError
from search_engine.network import NetworkSpec

AGENT_BATCH = 6
"""Models of so many networks are made and sent before an agent can begin."""

Measure = Callable[..., list[LatencyResult]]


def profile_device(job: Job, measure_here: Measure = measure_networks) -> dict[str, Any] | None:
    """Go on with a claimed job; its result, or None if it waits, for an agent, for a cool machine
    or behind what other devices have to measure.

    Whatever happens, what was measured stays, and whoever claims the job next goes on with it.

    Args:
        measure_here: measures networks on a device of this host.

    Raises:
        Interrupted: this worker is ending.
        LeaseLost: the job was paused, cancelled or taken over.
        SearchEngineError: the device cannot be profiled.
    """
    profile = job.profile
    through_agent = job.device.kind == Device.Kind.AGENT
    most = AGENT_BATCH if through_agent else profiling.BATCH
    while networks := profiling.next_batch(profile, most):
        if through_agent:
            _ask_agent(job, networks)
            return None
        _measure(job.device, profile, networks, measure_here)
        progress = profiling.public_progress(profile)
        jobs.report(job, progress=progress["share"], attempts=0)
        if progress["throttled"]:
            profiles.pause_job(job=job, why=progress["throttled"])
            return None
        _serve_others(job.device)
        stop_at_shutdown()
        if _wanted_elsewhere(job.device):
            jobs.release_job(job)
            return None
    model = profiling.finish(profile)
    return {
        "profile": str(profile.pk),
        "model": model and str(model.pk),
        "version": model and model.version,
        "report": profile.report,
    }


@transaction.atomic
def _ask_agent(job: Job, networks: list[NetworkSpec]) -> None:
    agents.enqueue(
        device=job.device,
        purpose="profile",
        reference=str(job.profile.pk),
        networks=networks,
    )
    share = profiling.public_progress(job.profile)["share"]
    jobs.report(job, status=Job.Status.WAITING, progress=share, attempts=0, **FREE)


def _measure(
    device: Device, profile: Profile, networks: list[NetworkSpec], measure_here: Measure
) -> None:
    """Measure together and record; if one spoils the session, find out which."""
    began = time.monotonic()
    try:
        plan = profiling.plan_for(profile)
        results = measure_here(device, networks, plan, between_rounds=stop_at_shutdown)
    except (Interrupted, *AWAY):
        raise
    except SearchEngineError as error:
        if len(networks) == 1:
            profiling.reject(profile, networks[0].digest, f"{error}")
            return
        for network in networks:
            _measure(device, profile, [network], measure_here)
        return
    each = (time.monotonic() - began) / len(networks)
    for network, result in zip(networks, results, strict=True):
        profiling.record(profile, network, result, seconds=each)


def _serve_others(device: Device) -> None:
    """Candidates of searches and single measurements do not wait until a profiling is over."""
    from experiments.job_work import run_job  # noqa: PLC0415 - which calls this module

    line = Trial.objects.filter(awaiting=device.slug, status=Trial.Status.QUEUED)
    if line.filter(run__status__in=Run.ACTIVE).exists():
        measure(device.slug)
    waiting = Job.objects.filter(device=device, kind=Job.Kind.MEASURE, status=Job.Status.QUEUED)
    for key in waiting.order_by("created_at").values_list("pk", flat=True):
        run_job(key)


def _wanted_elsewhere(device: Device) -> bool:
    """Whether candidates or people wait for another device, whose work this worker does as well."""
    active = Device.objects.active().exclude(pk=device.pk)
    slugs = active.filter(kind__in=Device.MEASURING).values("slug")
    unclaimed = Trial.objects.filter(awaiting__in=slugs, status=Trial.Status.QUEUED)
    measuring = Job.objects.filter(kind=Job.Kind.MEASURE, status=Job.Status.QUEUED)
    return (
        unclaimed.filter(run__status__in=Run.ACTIVE).exists()
        or measuring.filter(device__in=active).exists()
    )
