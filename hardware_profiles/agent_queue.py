"""The line of an agent: tasks are queued, handed out under a lease, answered, or taken back.

Nothing here knows what a task is for; whoever queued it is told by what these functions return.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, When
from django.db.models.functions import Now
from django.utils import timezone

from hardware_profiles.models import Agent, AgentTask, Device
from search_engine.network import NetworkSpec

BEGIN_SECONDS = 20.0  # until an agent must say that it has what it asked for
LEASE_SECONDS = 60.0
MAX_ATTEMPTS = 3
LOOKED_AT = 50  # tasks of one line that are considered for one hand-out
_ORDER = (AgentTask.Purpose.TRIAL, AgentTask.Purpose.JOB, AgentTask.Purpose.PROFILE)
_Status = AgentTask.Status


@transaction.atomic
def enqueue(
    *, device: Device, purpose: str, reference: str, networks: Sequence[NetworkSpec]
) -> list[AgentTask]:
    """Put networks into a device's line; one that waits there for the same reason stays alone.

    Args:
        purpose: one of `AgentTask.Purpose`.
        reference: id of the trial, job or profile that wants to know.
    """
    rows = [
        AgentTask(
            device=device,
            purpose=purpose,
            reference=reference,
            network=network.to_json(),
            network_hash=network.digest,
        )
        for network in networks
    ]
    AgentTask.objects.bulk_create(rows, ignore_conflicts=True)
    return rows


def cancel(*, purpose: str, reference: str) -> int:
    """Nobody wants to know any more; returns how many tasks were open."""
    return _open().filter(purpose=purpose, reference=reference).update(
        status=_Status.CANCELLED, finished_at=timezone.now(), lease_expires=None
    )  # fmt: skip


def in_line(tasks: QuerySet[AgentTask]) -> QuerySet[AgentTask]:
    """Trials first, then what people asked for, then profiling; oldest first."""
    rank = Case(
        *(When(purpose=purpose, then=place) for place, purpose in enumerate(_ORDER)),
        output_field=IntegerField(),
    )
    return tasks.annotate(rank=rank).order_by("rank", "created_at", "pk")


def waiting(device: Device) -> QuerySet[AgentTask]:
    """Queued tasks of a device in the order of its line."""
    return in_line(AgentTask.objects.filter(device=device, status=_Status.QUEUED))


def offered(agent: Agent) -> list[AgentTask]:
    """The beginning of an agent's line, locked until the transaction ends.

    Tasks that another request has locked are left out.
    """
    queued = AgentTask.objects.filter(
        device__agent=agent, device__is_active=True, status=_Status.QUEUED
    )
    locked = in_line(queued).select_related("device").select_for_update(
        of=("self",), skip_locked=True
    )  # fmt: skip
    return list(locked[:LOOKED_AT])


def hand_out(task: AgentTask) -> None:
    """Give a locked task to its agent, which has a few seconds to say that it begins."""
    now = timezone.now()
    task.status, task.assigned_at = _Status.ASSIGNED, now
    task.lease_expires = now + timedelta(seconds=BEGIN_SECONDS)
    task.save(update_fields=["status", "assigned_at", "lease_expires"])


def renew(task: AgentTask) -> None:
    """The agent still works on a locked task; the first time counts as an attempt."""
    if task.status != _Status.ASSIGNED:
        return
    if not _begun(task):
        task.attempts += 1
    task.lease_expires = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    task.save(update_fields=["attempts", "lease_expires"])


def end(task: AgentTask, status: str, **columns: Any) -> None:
    """Close a locked task."""
    task.status, task.lease_expires, task.finished_at = status, None, timezone.now()
    for name, value in columns.items():
        setattr(task, name, value)
    task.save(update_fields=["status", "lease_expires", "finished_at", *columns])


def give_back(task: AgentTask, reason: str, *, counts: bool) -> None:
    """Put a locked task back into the line, or give it up after `MAX_ATTEMPTS` beginnings.

    Args:
        reason: what happened, a sentence; stored if the task is given up.
        counts: whether the beginning counts as an attempt.
    """
    if not counts and _begun(task):
        task.attempts -= 1
    if task.attempts >= MAX_ATTEMPTS:
        error = f"Given up after {task.attempts} attempts. {reason}"
        end(task, _Status.FAILED, error=error, attempts=task.attempts)
        return
    task.status, task.lease_expires, task.assigned_at = _Status.QUEUED, None, None
    task.save(update_fields=["status", "lease_expires", "assigned_at", "attempts"])


def free_all(agent: Agent) -> list[AgentTask]:
    """Take back everything an agent's earlier process held; call it in a transaction."""
    reason = "The agent ended without a word each time: the network may crash its runtime."
    held = AgentTask.objects.filter(device__agent=agent, status=_Status.ASSIGNED)
    tasks = list(held.select_related("device__agent").select_for_update(of=("self",)))
    for task in tasks:
        give_back(task, reason, counts=True)
    return tasks


def overdue() -> list[UUID]:
    """Ids of tasks whose agent fell silent."""
    late = AgentTask.objects.filter(status=_Status.ASSIGNED, lease_expires__lt=Now())
    return list(late.values_list("pk", flat=True))


def take_back(key: UUID) -> AgentTask | None:
    """Take one overdue task back; None if its agent spoke meanwhile. Call it in a transaction."""
    late = AgentTask.objects.filter(pk=key, status=_Status.ASSIGNED, lease_expires__lt=Now())
    task = late.select_related("device__agent").select_for_update(
        of=("self",), skip_locked=True
    ).first()  # fmt: skip
    if task is not None:
        give_back(task, "Its agent fell silent each time.", counts=True)
    return task


def locked(agent: Agent, key: UUID) -> AgentTask | None:
    """An agent's own task, locked until the transaction ends; None if it has no such task."""
    own = AgentTask.objects.filter(pk=key, device__agent=agent)
    return own.select_related("device__agent").select_for_update(of=("self",)).first()


def _open() -> QuerySet[AgentTask]:
    return AgentTask.objects.filter(status__in=AgentTask.OPEN)


def _begun(task: AgentTask) -> bool:
    """Whether the agent said that it works on it since it was handed out."""
    if task.assigned_at is None or task.lease_expires is None:
        return False
    return task.lease_expires - task.assigned_at > timedelta(seconds=BEGIN_SECONDS)
