"""Agents on other machines, the codes they register with, and the work they are given."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Agent(models.Model):
    """A light client on another machine that measures there and reports back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="agents"
    )
    token_digest = models.CharField(max_length=64, unique=True)
    token_prefix = models.CharField(max_length=8, help_text="First letters, to tell tokens apart.")
    is_active = models.BooleanField(default=True)
    runtimes = models.JSONField(default=list, help_text="What it can run, as it announced it.")
    spec = models.JSONField(default=dict, help_text="Its host, as it announced it.")
    version = models.CharField(max_length=40, blank=True)
    registered_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AgentCode(models.Model):
    """A code that registers one agent, once; only its SHA-256 is stored."""

    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=8)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_by = models.OneToOneField(
        Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="code"
    )
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class AgentTask(models.Model):
    """One network that an agent's device is to measure."""

    class Purpose(models.TextChoices):
        TRIAL = "trial", "Candidate of a run"
        JOB = "job", "Asked for by a person"
        PROFILE = "profile", "Profiling run"

    class Status(models.TextChoices):
        QUEUED = "queued"
        ASSIGNED = "assigned"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (Status.QUEUED, Status.ASSIGNED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(
        "hardware_profiles.Device", on_delete=models.CASCADE, related_name="agent_tasks"
    )
    purpose = models.CharField(max_length=8, choices=Purpose)
    reference = models.CharField(max_length=64, help_text="Id of the trial, job or profile.")
    network = models.JSONField(help_text="The network as plain data.")
    network_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_expires = models.DateTimeField(null=True, blank=True)
    measurement = models.ForeignKey(
        "hardware_profiles.Measurement", null=True, blank=True, on_delete=models.SET_NULL,
        related_name="+",
    )  # fmt: skip
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    assigned_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [models.Index(fields=["device", "status", "created_at"], name="agent_task_line")]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose", "reference", "network_hash", "device"],
                condition=Q(status__in=["queued", "assigned"]),
                name="agent_task_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.reference}: {self.network_hash[:10]}"
