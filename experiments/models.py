"""Experiments, runs, trials, events, jobs and artifacts: columns, constraints, own-row facts."""

import uuid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from experiments.space_models import SpaceVersion as SpaceVersion  # Django looks for models here
from experiments.space_models import UserSpace as UserSpace
from hardware_profiles.models import Device


class Lease(models.Model):
    """A row that one worker works on at a time, for as long as it keeps renewing the lease."""

    lease_owner = models.CharField(max_length=120, blank=True, editable=False)
    lease_expires = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    rung_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a worker was last told about it."
    )

    class Meta:
        abstract = True

    @property
    def leased(self) -> bool:
        """Some worker holds an unexpired lease."""
        return self.lease_expires is not None and self.lease_expires > timezone.now()


class Experiment(models.Model):
    """The frozen configuration that a user created, and how far it got."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        STARTING = "starting"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (Status.QUEUED, Status.STARTING, Status.RUNNING)
    FINISHED = (Status.DONE, Status.STOPPED, Status.FAILED, Status.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="experiments"
    )
    shared_with = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="shared_experiments"
    )
    name = models.CharField(max_length=200)
    config = models.JSONField(help_text="The checked document of POST /api/v1/experiments/.")
    space_document = models.JSONField(help_text="The search space as it was when this began.")
    space_version = models.ForeignKey(
        SpaceVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="experiments"
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    status_reason = models.CharField(max_length=500, blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="clones"
    )
    devices = models.ManyToManyField(Device, blank=True, related_name="experiments")
    reference_point = models.JSONField(
        null=True, blank=True, help_text="Costs to minimise; fixed once for all runs."
    )
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)
    next_number = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="experiment_owner_recent")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_finished(self) -> bool:
        """No worker will touch it again unless its budget is extended."""
        return self.status in self.FINISHED


class Run(Lease):
    """One search of an experiment: one seed and one strategy (the baseline is a run as well)."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"
        CANCELLED = "cancelled"

    ACTIVE = (Status.QUEUED, Status.RUNNING)
    FINISHED = (Status.DONE, Status.STOPPED, Status.FAILED, Status.CANCELLED)
    LONGEST_SPELL = 60.0
    """Seconds that count at most between two looks of a search worker, which come every quarter
    of a minute: while nothing runs at all, no time is used up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="runs")
    seed = models.PositiveBigIntegerField()
    strategy = models.CharField(max_length=60)
    strategy_config = models.JSONField(default=dict)
    is_baseline = models.BooleanField(default=False)
    max_trials = models.PositiveIntegerField()
    max_seconds = models.FloatField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    finish_reason = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    seconds_used = models.FloatField(default=0, help_text="Wall clock of finished active spells.")
    active_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "seed", "strategy", "is_baseline"], name="run_once_per_seed"
            ),
            models.CheckConstraint(condition=Q(max_trials__gte=1), name="run_has_budget"),
        ]

    def __str__(self) -> str:
        return f"{self.strategy}, seed {self.seed}"

    @property
    def seconds(self) -> float:
        """Wall clock spent, pauses not counted."""
        if self.active_since is None:
            return self.seconds_used
        spell = (timezone.now() - self.active_since).total_seconds()
        return self.seconds_used + min(max(spell, 0.0), self.LONGEST_SPELL)


class Trial(Lease):
    """One architecture proposed and evaluated within a run; pages call it a candidate."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        MEASURING = "measuring"
        TRAINING = "training"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (Status.QUEUED, Status.MEASURING, Status.TRAINING)
    ENDED = (Status.DONE, Status.FAILED)

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="trials")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField(help_text="Position within the experiment, from 0.")
    index = models.PositiveIntegerField(help_text="Position within the run, from 0.")
    genes = models.JSONField()
    hash = models.CharField(max_length=64)
    known = models.CharField(
        max_length=100, blank=True, help_text="Network of the literature that it is; empty = none."
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    awaiting = models.CharField(
        max_length=60, blank=True, help_text="Device that has to measure it next; empty = none."
    )
    metrics = models.JSONField(default=dict, help_text="Number objects by metric key.")
    costs = models.JSONField(
        null=True, help_text="Objective values to minimise, for finished ones."
    )
    violation = models.FloatField(null=True)
    feasible = models.BooleanField(null=True)
    on_front = models.BooleanField(default=False)
    details = models.JSONField(default=dict)
    curve = models.JSONField(default=list, help_text="One object per epoch.")
    error = models.TextField(blank=True)
    weights = models.CharField(max_length=200, blank=True, help_text="File below the data folder.")
    ended_seq = models.PositiveBigIntegerField(
        null=True, help_text="Event number of its end: the order of completion."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "number"], name="trial_number_once"),
            models.UniqueConstraint(fields=["run", "index"], name="trial_index_once"),
            models.UniqueConstraint(fields=["run", "hash"], name="trial_architecture_once"),
        ]
        indexes = [
            models.Index(fields=["run", "status"], name="trial_run_status"),
            models.Index(fields=["run", "ended_seq"], name="trial_run_ended"),
            models.Index(
                fields=["awaiting", "created_at"],
                condition=Q(status="queued"),
                name="trial_waiting_line",
            ),
            models.Index(
                fields=["experiment", "number"], condition=Q(on_front=True), name="trial_on_front"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def seconds(self) -> float | None:
        """From the first moment of work to the end, if it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class RunEvent(models.Model):
    """A fact that a page may show; the socket replays these rows in the order of `seq`."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="events")
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.CASCADE)
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=30)
    payload = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "seq"], name="event_seq_once"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"

    @property
    def message(self) -> dict[str, Any]:
        """What the socket and the events endpoint deliver."""
        return {
            "seq": self.seq,
            "ts": self.created_at.isoformat(),
            "type": self.kind,
            **self.payload,
        }


class HypervolumePoint(models.Model):
    """Hypervolume of a run's feasible front after its n-th finished trial."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="hypervolume_points")
    trials = models.PositiveIntegerField()
    seconds = models.FloatField()
    hypervolume = models.FloatField(help_text="Share of the box between ideal and reference point.")

    class Meta:
        ordering = ["trials"]
        constraints = [
            models.UniqueConstraint(fields=["run", "trials"], name="hypervolume_point_once"),
        ]

    def __str__(self) -> str:
        return f"{self.hypervolume:.3f} after {self.trials}"


class Job(Lease):
    """A piece of work a person asked for beside the search: measure, export, profile.

    `waiting` is for an agent on another machine, `paused` is by a person.
    """

    class Kind(models.TextChoices):
        MEASURE = "measure"
        EXPORT = "export"
        PROFILE = "profile"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        PAUSED = "paused"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (Status.QUEUED, Status.RUNNING, Status.WAITING, Status.PAUSED)
    ON_DEVICE = (Kind.MEASURE, Kind.PROFILE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs"
    )
    kind = models.CharField(max_length=20, choices=Kind)
    trial = models.ForeignKey(
        Trial, null=True, blank=True, on_delete=models.CASCADE, related_name="jobs"
    )
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.CASCADE, related_name="jobs"
    )
    profile = models.ForeignKey(
        "hardware_profiles.Profile",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="jobs",
    )
    params = models.JSONField(default=dict)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    progress = models.FloatField(default=0, help_text="0 to 1.")
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(progress__gte=0) & Q(progress__lte=1), name="job_progress_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Artifact(models.Model):
    """A file that a job made, verified before this row was written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="artifacts")
    trial = models.ForeignKey(
        Trial, null=True, blank=True, on_delete=models.CASCADE, related_name="artifacts"
    )
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=30)
    path = models.CharField(max_length=300, help_text="Relative to the data folder.")
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def file(self) -> Path:
        """Where the file lies."""
        return Path(settings.NASWEB_VAR) / self.path


class ApiToken(models.Model):
    """A key for scripts; only its SHA-256 is stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=8, help_text="First letters, to tell tokens apart.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.user})"


class IdempotencyKey(models.Model):
    """The first answer to a POST, given again when the same user sends the same key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    path = models.CharField(max_length=300)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key", "path"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return self.key
