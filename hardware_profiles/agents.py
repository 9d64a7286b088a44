"""Agents on other machines: their codes and tokens, the devices they announce, their line."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.text import slugify

from hardware_profiles import environment
from hardware_profiles.agent_queue import cancel as cancel
from hardware_profiles.agent_queue import enqueue as enqueue
from hardware_profiles.agent_queue import free_all
from hardware_profiles.errors import AgentCodeError, DeviceMismatchError
from hardware_profiles.models import Agent, AgentCode, AgentTask, Device

CODE_LIFETIME = timedelta(hours=24)
AWAY_SECONDS = 60.0  # an agent speaks at least every half minute, also while it measures
_SEEN_RESOLUTION = timedelta(seconds=5)
_RUNTIME_WORDS = {"onnxruntime": "onnx"}


def digest_of(secret: str) -> str:
    """What is stored of a code or token; both are random, so they need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_code(*, by: AbstractBaseUser | None) -> tuple[AgentCode, str]:
    """A code that registers one agent within a day; nobody can read it again."""
    code = secrets.token_urlsafe(18)
    row = AgentCode(
        digest=digest_of(code),
        prefix=code[:8],
        created_by=by,
        expires_at=timezone.now() + CODE_LIFETIME,
    )
    row.full_clean(exclude=["created_by"])
    row.save()
    return row, code


@transaction.atomic
def register(
    *,
    code: str,
    name: str,
    runtimes: Iterable[Mapping[str, Any]],
    host: Mapping[str, Any],
    versions: Mapping[str, str],
    version: str,
) -> tuple[Agent, str]:
    """Use up a code: store an agent with the devices it announces; returns it with its token.

    Raises:
        AgentCodeError: the code is unknown, used or too old; which of them is not told.
        ValidationError: a field is wrong, or the name is taken.
    """
    row = AgentCode.objects.select_for_update().filter(digest=digest_of(code)).first()
    if row is None or row.used_at is not None or row.expires_at < timezone.now():
        raise AgentCodeError(
            "This code is unknown, was used or is older than a day. A member of the staff makes "
            "another one on the page of devices or in the admin."
        )
    token = secrets.token_urlsafe(32)
    agent = Agent(
        name=name.strip(),
        created_by=row.created_by,
        token_digest=digest_of(token),
        token_prefix=token[:8],
        last_seen_at=timezone.now(),
    )
    _describe(agent, runtimes, host, versions, version)
    agent.full_clean(exclude=["created_by"])  # who made the code may be gone
    agent.save(force_insert=True)
    row.used_by, row.used_at = agent, timezone.now()
    row.save(update_fields=["used_by", "used_at"])
    _add_devices(agent)
    return agent, token


def agent_of(token: str) -> Agent | None:
    """The agent that a token belongs to, unless it was revoked."""
    return Agent.objects.filter(token_digest=digest_of(token), is_active=True).first()


def note_seen(agent: Agent) -> None:
    """Remember that an agent spoke; at most one write every few seconds."""
    now = timezone.now()
    if agent.last_seen_at is None or now - agent.last_seen_at >= _SEEN_RESOLUTION:
        Agent.objects.filter(pk=agent.pk).update(last_seen_at=now)
        agent.last_seen_at = now


@transaction.atomic
def announce(
    *,
    agent: Agent,
    runtimes: Iterable[Mapping[str, Any]],
    host: Mapping[str, Any],
    versions: Mapping[str, str],
    version: str,
) -> list[AgentTask]:
    """An agent started: note what it runs now, and take back what an earlier process held.

    Returns:
        The tasks that are free again.

    Raises:
        DeviceMismatchError: this is not the machine that was registered.
    """
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    known, found = map(environment.hardware_key, (agent.spec["host"], host))
    if known != found:
        raise DeviceMismatchError(
            f"Agent {agent.name!r} was registered on {known}, this is {found}. Stored latencies "
            "would mix two machines: register this one with a code of its own."
        )
    _describe(agent, runtimes, host, versions, version)
    agent.last_seen_at = timezone.now()
    agent.full_clean(exclude=["created_by"])  # who made the code may be gone
    agent.save()
    _add_devices(agent)
    return free_all(agent)


@transaction.atomic
def revoke(*, agent: Agent) -> None:
    """Lock an agent out for good; its devices are switched off, their numbers stay."""
    Agent.objects.filter(pk=agent.pk).update(is_active=False)
    agent.is_active = False
    Device.objects.filter(agent=agent).update(is_active=False)


def runs(agent: Agent, device: Device) -> bool:
    """Whether the agent, as it was started last, can measure this device of its own."""
    mine = {"runtime": device.runtime, "precision": device.precision, "threads": device.threads}
    return mine in agent.runtimes


def line(device: Device) -> dict[str, Any]:
    """What waits for an agent's device, and whether anybody will come for it; JSON only.

    Returns:
        `waiting`, `assigned`: tasks. `oldest_s`: age of the oldest waiting one, or None.
        `agent_seen_s`: seconds since the agent spoke, or None. `problem`: why nobody measures
        now, in a sentence that says what to do, or empty.
    """
    now = timezone.now()
    facts = AgentTask.objects.filter(device=device).aggregate(
        waiting=Count("pk", filter=Q(status=AgentTask.Status.QUEUED)),
        assigned=Count("pk", filter=Q(status=AgentTask.Status.ASSIGNED)),
        oldest=Min("created_at", filter=Q(status=AgentTask.Status.QUEUED)),
    )
    agent = device.agent
    seen = agent.last_seen_at if agent else None
    return {
        "waiting": facts["waiting"],
        "assigned": facts["assigned"],
        "oldest_s": (now - facts["oldest"]).total_seconds() if facts["oldest"] else None,
        "agent_seen_s": (now - seen).total_seconds() if seen else None,
        "problem": problem(device),
    }


def problem(device: Device) -> str:
    """Why nobody measures on an agent's device now, or nothing."""
    agent = device.agent
    if agent is None:
        return ""
    if not agent.is_active:
        return f"Agent {agent.name} was revoked."
    if not device.is_active:
        return f"Device {device.slug} is switched off."
    if is_away(agent):
        return (
            f"No worker for this device: agent {agent.name} was last heard of "
            f"{_duration(_silent_s(agent))} ago. Run `nasweb-agent run` on its host."
        )
    if not runs(agent, device):
        return (
            f"No worker for this device: agent {agent.name} runs without "
            f"{device.runtime} {device.precision} on {device.threads} threads. "
            f"Start it with `--threads {device.threads}`."
        )
    return ""


def is_away(agent: Agent) -> bool:
    """Whether the agent has been silent for longer than one that works ever is."""
    return _silent_s(agent) > AWAY_SECONDS


def _silent_s(agent: Agent) -> float:
    return (timezone.now() - (agent.last_seen_at or agent.registered_at)).total_seconds()


def _duration(seconds: float) -> str:
    for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} seconds"


def _describe(
    agent: Agent,
    runtimes: Iterable[Mapping[str, Any]],
    host: Mapping[str, Any],
    versions: Mapping[str, str],
    version: str,
) -> None:
    agent.runtimes = [
        {key: item[key] for key in ("runtime", "precision", "threads")} for item in runtimes
    ]
    agent.spec = {"host": dict(host), "versions": dict(versions)}
    agent.version = version


def _add_devices(agent: Agent) -> None:
    """A device for everything that is announced for the first time."""
    for item in agent.runtimes:
        if not Device.objects.filter(agent=agent, batch_size=1, **item).exists():
            device = Device(
                slug=_free_slug(agent, item),
                name=_device_name(agent, item),
                kind=Device.Kind.AGENT,
                agent=agent,
                spec=agent.spec["host"],
                **item,
            )
            try:
                device.full_clean()
            except ValidationError as error:  # of the device; people sent a list of runtimes
                raise ValidationError({"runtimes": error.messages}) from error
            device.save()


def _device_name(agent: Agent, item: Mapping[str, Any]) -> str:
    parts = ["ONNX Runtime" if item["runtime"] == "onnxruntime" else item["runtime"]]
    parts += [item["precision"]] if item["precision"] != Device.Precision.FP32 else []
    parts.append("1 thread" if item["threads"] == 1 else f"{item['threads']} threads")
    return f"{agent.name[:80]} · {', '.join(parts)}"


def _free_slug(agent: Agent, item: Mapping[str, Any]) -> str:
    word = _RUNTIME_WORDS.get(item["runtime"], slugify(item["runtime"]))
    kind = "" if item["precision"] == Device.Precision.FP32 else f"-{item['precision']}"
    base = f"{_short(agent)}-{word}{kind}-{item['threads']}t"
    taken = set(Device.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


def _short(agent: Agent) -> str:
    words = "-".join(filter(None, slugify(agent.name).replace("_", "-").split("-")))
    return words[:24].strip("-") or "agent"
