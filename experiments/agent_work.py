"""Work for agents: fills their lines, hands out, and ends what they answer as if measured here.

A worker fills the line of a device (`serve`); requests of the agent do the rest. Each of them is
one transaction that locks tasks first and then experiments.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from experiments import doorbell, engine, job_work, measuring
from experiments.errors import LeaseLost
from experiments.leases import AWAY, FREE, lease_values
from experiments.models import Job, Run, Trial
from experiments.monitor import stop_at_shutdown
from experiments.services import jobs, recording
from experiments.verdict import failure
from hardware_profiles import agent_queue, agents, model_files
from hardware_profiles.agent_queue import LEASE_SECONDS
from hardware_profiles.agent_results import ResultBody, checked, plan_of
from hardware_profiles.errors import AgentFailedError, DeviceDisabledError
from hardware_profiles.host_lock import SharedHold
from hardware_profiles.measure import LatencyResult
from hardware_profiles.models import Agent, AgentTask, Device
from hardware_profiles.reference import reference_network
from hardware_profiles.services import store_measurement
from search_engine.errors import Interrupted, SearchEngineError
from search_engine.network import NetworkSpec

MODELS_AT_ONCE = 4  # then other work of the queue has its turn
RING_SECONDS = 3
LOOKED_AT = 500  # open tasks that one look of the reaper checks
KEPT_DAYS = 7
_TRIAL_LEASE = timedelta(seconds=2 * LEASE_SECONDS)  # a safety net; the task has the real one

Purpose, Status = AgentTask.Purpose, AgentTask.Status
logger = logging.getLogger(__name__)


# Filling the line, in a worker


def serve(slug: str) -> None:
    """Queue tasks for what waits for an agent's device, and make the next models it needs."""
    device = Device.objects.filter(slug=slug, kind=Device.Kind.AGENT, is_active=True).first()
    if device is None:
        return
    for trial in _waiting_trials(device):
        _queue_trial(device, trial)
    waiting = Job.objects.filter(device=device, kind=Job.Kind.MEASURE, status=Job.Status.QUEUED)
    for key in waiting.order_by("created_at").values_list("pk", flat=True):
        _queue_job(device, key)
    if _make_models(device):
        doorbell.serve_agent(slug)


def _waiting_trials(device: Device) -> QuerySet[Trial]:
    open_tasks = AgentTask.objects.filter(
        device=device, purpose=Purpose.TRIAL, status__in=AgentTask.OPEN
    )
    queued = Trial.objects.filter(
        awaiting=device.slug, status=Trial.Status.QUEUED, run__status__in=Run.ACTIVE
    )
    taken = [int(key) for key in open_tasks.values_list("reference", flat=True)]
    return queued.exclude(pk__in=taken).select_related("run", "experiment").order_by("created_at")


def _queue_trial(device: Device, trial: Trial) -> None:
    try:
        network = engine.space_for(trial.experiment).decode(tuple(trial.genes))
    except SearchEngineError as error:
        for claimed in recording.claim_trials([trial.pk], Trial.Status.MEASURING):
            measuring.fail(device, claimed, error)
        return
    agents.enqueue(
        device=device, purpose=Purpose.TRIAL, reference=str(trial.pk), networks=[network]
    )


def _queue_job(device: Device, key: object) -> None:
    """A job for an agent waits without a lease: its task has one."""
    try:
        job = jobs.claim_job(key)
        if job is None:
            return
        try:
            network = job_work.network_to_measure(job)
        except SearchEngineError as error:
            jobs.report(job, status=Job.Status.FAILED, error=failure(error)["error"])
            return
        with transaction.atomic():
            agents.enqueue(
                device=device, purpose=Purpose.JOB, reference=str(job.pk), networks=[network]
            )
            jobs.report(job, status=Job.Status.WAITING, progress=0.0, **FREE)
    except LeaseLost as error:
        logger.warning("%s", error)


def _make_models(device: Device) -> bool:
    """Export the next networks of the line; True if there are more to do."""
    made = 0
    for task in agent_queue.waiting(device)[: agent_queue.LOOKED_AT]:
        if _models_ready(task):
            continue
        if made == MODELS_AT_ONCE:
            return True
        try:
            with SharedHold(while_waiting=stop_at_shutdown):  # others may measure on this host
                model_files.make(reference_network(), device)
                model_files.make(NetworkSpec.from_json(task.network), device)
        except Interrupted:
            return False  # agents that ask for work ring again
        except SearchEngineError as error:
            with transaction.atomic():
                if locked := agent_queue.locked(device.agent, task.pk):
                    _give_up(locked, error)
        made += 1
    if made:
        model_files.prune()
    return False


# What an agent asks for


@transaction.atomic
def claim(agent: Agent, limit: int) -> list[AgentTask]:
    """Hand out up to `limit` tasks of one device, all to be measured in one session."""
    chosen: list[AgentTask] = []
    unmade: set[str] = set()
    for task in agent_queue.offered(agent):
        if len(chosen) == limit:
            break
        if not agents.runs(agent, task.device) or (chosen and not _together(chosen[0], task)):
            continue
        if not _models_ready(task):
            unmade.add(task.device.slug)
        elif _begin(agent, task):
            agent_queue.hand_out(task)
            chosen.append(task)
        else:
            agent_queue.end(task, Status.CANCELLED)
    for slug in unmade:
        if cache.add(f"agent-models:{slug}", 1, RING_SECONDS):  # an agent asks often
            transaction.on_commit(partial(doorbell.serve_agent, slug))
    return chosen


def _together(first: AgentTask, other: AgentTask) -> bool:
    return other.device_id == first.device_id and plan_of(other) == plan_of(first)


def _models_ready(task: AgentTask) -> bool:
    wanted = (task.network_hash, reference_network().digest)
    return all(model_files.path_of(digest, task.device).exists() for digest in wanted)


def _begin(agent: Agent, task: AgentTask) -> bool:
    """Mark what a task is for as being measured; False if nobody wants to know any more."""
    if task.purpose != Purpose.TRIAL:
        return _job_of(task).exists()
    wanted = Trial.objects.filter(pk=int(task.reference), awaiting=task.device.slug)
    keys = list(wanted.values_list("pk", flat=True))
    lease = {"lease_owner": _holder(agent), "lease_expires": Now() + _TRIAL_LEASE}
    try:
        return bool(recording.claim_trials(keys, Trial.Status.MEASURING, lease))
    except LeaseLost:  # the experiment was deleted in this moment
        return False


def _job_of(task: AgentTask) -> QuerySet[Job]:
    """The job that waits for a task."""
    key = "profile_id" if task.purpose == Purpose.PROFILE else "pk"
    return Job.objects.filter(**{key: task.reference}, status=Job.Status.WAITING)


def _holder(agent: Agent) -> str:
    """An agent, as written into `lease_owner`."""
    return f"agent {agent.name}"[:120]


def _measured_by(agent: Agent, task: AgentTask) -> QuerySet[Trial]:
    return Trial.objects.filter(
        pk=int(task.reference), status=Trial.Status.MEASURING, lease_owner=_holder(agent)
    )


@transaction.atomic
def heartbeat(agent: Agent, task: AgentTask) -> AgentTask:
    """The agent works on a locked task; it is cancelled if nobody wants to know any more."""
    if task.status != Status.ASSIGNED:
        return task
    if task.purpose == Purpose.TRIAL:
        mine = _measured_by(agent, task).exclude(run__status__in=Run.FINISHED)
        wanted = mine.update(lease_expires=Now() + _TRIAL_LEASE)
    else:
        wanted = _job_of(task).exists()
    if wanted:
        agent_queue.renew(task)
    else:
        _drop(task)
    return task


@transaction.atomic
def accept(task: AgentTask, body: ResultBody) -> AgentTask:
    """Check and store the result of a locked task; an answer that was given before changes nothing.

    Raises:
        AgentResultError: its numbers do not follow from its samples; nothing is stored.
    """
    if task.status not in AgentTask.OPEN:
        return task
    result = checked(task, body)
    network = NetworkSpec.from_json(task.network)
    if task.purpose == Purpose.TRIAL:
        _store_trial(task, network, result)
    elif task.purpose == Purpose.JOB:
        _store_job(task, network, result)
    else:
        _store_profile(task, network, result)
    return task


def _store_trial(task: AgentTask, network: NetworkSpec, result: LatencyResult) -> None:
    trial = _adopt_trial(task)
    if trial is None:
        agent_queue.end(task, Status.CANCELLED)
        return
    device = task.device
    stored = _end_or_fail(
        task,
        lambda: measuring.store_latency(device, trial, network, result),
        lambda error: measuring.fail(device, trial, error),
    )
    if stored is not None:
        agent_queue.end(task, Status.DONE, measurement=stored)


def _store_job(task: AgentTask, network: NetworkSpec, result: LatencyResult) -> None:
    job = _adopt_job(task)
    if job is None:
        agent_queue.end(task, Status.CANCELLED)
        return

    def store() -> Any:
        measurement = store_measurement(device=task.device, network=network, result=result)
        found = job_work.measured(measurement)
        jobs.report(job, status=Job.Status.DONE, progress=1.0, result=found)
        return measurement

    stored = _end_or_fail(task, store, lambda error: _fail_job(job, error))
    if stored is not None:
        agent_queue.end(task, Status.DONE, measurement=stored)


def _store_profile(task: AgentTask, network: NetworkSpec, result: LatencyResult) -> None:
    from experiments.services import profiles  # noqa: PLC0415 - loads the fitting libraries
    from hardware_profiles import profiling  # noqa: PLC0415 - as above

    profile = task.device.profiles.get(pk=task.reference)
    measurement = profiling.record(profile, network, result)
    status = Status.CANCELLED if measurement is None else Status.DONE
    agent_queue.end(task, status, measurement=measurement)
    profiles.agent_answered(profile)


def _end_or_fail(
    task: AgentTask, store: Callable[[], Any], fail: Callable[[Exception], None]
) -> Any:
    """Store a result; what cannot be stored ends the trial or job with the reason."""
    try:
        with transaction.atomic():
            return store()
    except (*AWAY, LeaseLost):
        raise
    except Exception as error:  # noqa: BLE001 - belongs to the trial, not to the agent
        fail(error)
        agent_queue.end(task, Status.FAILED, error=failure(error)["error"])
        return None


@transaction.atomic
def refuse(task: AgentTask, error: str) -> AgentTask:
    """The agent cannot measure this network at all."""
    if task.status in AgentTask.OPEN:
        _give_up(task, AgentFailedError(error))
    return task


@transaction.atomic
def give_back(task: AgentTask, reason: str, *, counts: bool) -> AgentTask:
    """The agent cannot measure a task now: it was stopped, or its host is busy."""
    if task.status == Status.ASSIGNED:
        agent_queue.give_back(task, reason, counts=counts)
        _settle(task)
    return task


@transaction.atomic
def hello(agent: Agent, **facts: Any) -> None:
    """An agent started; what an earlier process of it held goes back into the line."""
    for task in agents.announce(agent=agent, **facts):
        _settle(task)


# Ends


def _settle(task: AgentTask) -> None:
    """A task is in the line again, or was given up: tell whoever waits for it."""
    if task.status == Status.FAILED:
        _tell_failure(task, AgentFailedError(task.error))
    elif task.purpose == Purpose.TRIAL:
        trial = _adopt_trial(task)
        if trial is not None:
            recording.release_trial(trial)


def _give_up(task: AgentTask, error: Exception) -> None:
    agent_queue.end(task, Status.FAILED, error=failure(error)["error"])
    _tell_failure(task, error)


def _tell_failure(task: AgentTask, error: Exception) -> None:
    if task.purpose == Purpose.TRIAL:
        trial = _adopt_trial(task)
        if trial is not None:
            measuring.fail(task.device, trial, error)
    elif task.purpose == Purpose.JOB:
        job = _adopt_job(task)
        if job is not None:
            _fail_job(job, error)
    else:
        _reject_profile(task, error)


def _reject_profile(task: AgentTask, error: Exception) -> None:
    from experiments.services import profiles  # noqa: PLC0415 - loads the fitting libraries
    from hardware_profiles import profiling  # noqa: PLC0415 - as above

    profile = task.device.profiles.filter(pk=task.reference).first()
    if profile is not None:
        profiling.reject(profile, task.network_hash, failure(error)["error"])
        profiles.agent_answered(profile)


def _fail_job(job: Job, error: Exception) -> None:
    jobs.report(job, status=Job.Status.FAILED, error=failure(error)["error"])


def _adopt_trial(task: AgentTask) -> Trial | None:
    """Take the trial of a task over from its agent; None if nobody wants to know any more."""
    free = Trial.objects.filter(
        pk=int(task.reference),
        awaiting=task.device.slug,
        status__in=(Trial.Status.QUEUED, Trial.Status.MEASURING),
        lease_owner__in=("", _holder(task.device.agent)),
    )
    if not free.update(status=Trial.Status.MEASURING, **lease_values()):
        return None
    return Trial.objects.select_related("run", "experiment").get(pk=task.reference)


def _adopt_job(task: AgentTask) -> Job | None:
    if not _job_of(task).update(status=Job.Status.RUNNING, **lease_values()):
        return None
    return Job.objects.select_related("trial__experiment", "device").get(pk=task.reference)


# The reaper


def reap() -> None:
    """Take back what silent agents held, drop what nobody waits for, forget what is long over."""
    for key in agent_queue.overdue():
        with transaction.atomic():
            if task := agent_queue.take_back(key):
                logger.warning("Agent %s fell silent with task %s", task.device.agent, task)
                _settle(task)
    with transaction.atomic():
        _drop_unwanted()
        _ring_for_orphans()
    ended = AgentTask.objects.filter(finished_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    AgentTask.objects.filter(pk__in=list(ended.values_list("pk", flat=True)[:LOOKED_AT])).delete()


def _drop_unwanted() -> None:
    """End tasks that nobody waits for any more, and those of devices that were switched off."""
    tasks = AgentTask.objects.filter(status__in=AgentTask.OPEN).order_by("created_at")
    looked = tasks.select_related("device__agent").select_for_update(of=("self",), skip_locked=True)
    found = list(looked[:LOOKED_AT])
    wanted = _wanted(found)
    for task in found:
        if not task.device.is_active and task.purpose != Purpose.TRIAL:
            _give_up(task, DeviceDisabledError(f"Device {task.device.slug!r} was switched off."))
        elif not task.device.is_active or (task.purpose, task.reference) not in wanted:
            _drop(task)


def _drop(task: AgentTask) -> None:
    """Cancel a task; a trial that was being measured is queued or cancelled, as its run is."""
    assigned = task.status == Status.ASSIGNED
    agent_queue.end(task, Status.CANCELLED)
    if assigned:
        _settle(task)


def _wanted(tasks: Sequence[AgentTask]) -> set[tuple[str, str]]:
    """Purpose and reference of those tasks that somebody still waits for."""
    asked = {purpose: [t.reference for t in tasks if t.purpose == purpose] for purpose in Purpose}
    trials = Trial.objects.filter(pk__in=map(int, asked[Purpose.TRIAL])).exclude(awaiting="")
    going = trials.filter(status=Trial.Status.QUEUED, run__status__in=Run.ACTIVE)
    measured = trials.filter(status=Trial.Status.MEASURING)
    waiting = Job.objects.filter(status=Job.Status.WAITING)
    found = [(Purpose.TRIAL, pk) for pk in going.union(measured).values_list("pk", flat=True)]
    found += [
        (Purpose.JOB, pk)
        for pk in waiting.filter(pk__in=asked[Purpose.JOB]).values_list("pk", flat=True)
    ]
    found += [
        (Purpose.PROFILE, pk)
        for pk in waiting.filter(profile__in=asked[Purpose.PROFILE]).values_list(
            "profile_id", flat=True
        )
    ]
    return {(str(purpose), str(key)) for purpose, key in found}


def _ring_for_orphans() -> None:
    """Jobs that wait for tasks that are gone are queued anew."""
    open_tasks = AgentTask.objects.filter(status__in=AgentTask.OPEN).exclude(purpose=Purpose.TRIAL)
    taken = list(open_tasks.values_list("reference", flat=True).distinct())
    waiting = Job.objects.filter(status=Job.Status.WAITING, device__kind=Device.Kind.AGENT)
    alone = waiting.exclude(pk__in=taken).exclude(profile__isnull=False, profile__in=taken)
    for job in alone.select_related("device")[:LOOKED_AT]:
        Job.objects.filter(pk=job.pk, status=Job.Status.WAITING).update(status=Job.Status.QUEUED)
        transaction.on_commit(partial(doorbell.work_on_job, job))
