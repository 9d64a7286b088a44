"""Profiling runs, kernel timings and the models fitted to them: columns and constraints."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Profile(models.Model):
    """One profiling of a device for one search space: what was measured, fitted and found.

    The job that does the work belongs to the product; this row is its memory, so that it can be
    paused, taken over by another worker, resumed and extended.
    """

    class Phase(models.TextChoices):
        MEASURING = "measuring", "Measuring"
        FITTING = "fitting", "Fitting"
        DONE = "done", "Done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(
        "hardware_profiles.Device", on_delete=models.CASCADE, related_name="profiles"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="profiles"
    )
    space = models.CharField("search space", max_length=100, help_text="Slug.")
    space_version = models.PositiveIntegerField(null=True, blank=True)
    space_document = models.TextField(help_text="JSON of the document as it was; order matters.")
    space_checksum = models.CharField(max_length=64)
    input_shape = models.JSONField(help_text="Shape of one sample.")
    classes = models.PositiveIntegerField()
    budget = models.JSONField(help_text="`networks`, `seconds`: when to stop, whichever is first.")
    seed = models.BigIntegerField(default=0)
    phase = models.CharField(max_length=12, choices=Phase, default=Phase.MEASURING)
    seconds = models.FloatField(default=0, help_text="Spent measuring, pauses not counted.")
    progress = models.JSONField(default=dict, help_text="Counts, last network, its spread.")
    report = models.JSONField(default=dict, help_text="Errors of every model, and the choice.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["device", "-created_at"], name="profile_of_device")]

    def __str__(self) -> str:
        return f"{self.device.slug} on {self.space}, {self.created_at:%Y-%m-%d}"


class KernelTiming(models.Model):
    """Measured time of one execution unit, taken in a chain of copies."""

    device = models.ForeignKey(
        "hardware_profiles.Device", on_delete=models.CASCADE, related_name="kernels"
    )
    profile = models.ForeignKey(
        Profile, null=True, blank=True, on_delete=models.SET_NULL, related_name="kernels"
    )
    kind = models.CharField(max_length=40, help_text="Kernel family.")
    key = models.CharField(max_length=300, help_text="Operation, attributes and shapes as text.")
    unit = models.JSONField(help_text="The execution unit as plain data.")
    value_ms = models.FloatField()
    cv = models.FloatField(help_text="Spread of the rounds, as a share.")
    n = models.PositiveIntegerField(help_text="Timed samples.")
    quarantined = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField("measured at", default=timezone.now, editable=False)

    class Meta:
        ordering = ["device", "key", "-created_at"]
        indexes = [models.Index(fields=["device", "key"], name="kernel_of_device")]
        constraints = [
            models.CheckConstraint(condition=Q(value_ms__lt=1e9), name="kernel_value_finite")
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.value_ms:.4g} ms"


class FittedModel(models.Model):
    """A cost model fitted to one device and one search space, with its held-out errors."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(
        "hardware_profiles.Device", on_delete=models.CASCADE, related_name="models"
    )
    profile = models.ForeignKey(
        Profile, null=True, blank=True, on_delete=models.SET_NULL, related_name="models"
    )
    space = models.CharField("search space", max_length=100)
    space_checksum = models.CharField(max_length=64)
    metric = models.CharField(max_length=40, default="latency_ms")
    kind = models.CharField(max_length=40, help_text="Key of the predictor.")
    version = models.PositiveIntegerField(help_text="Counts per device, space and metric.")
    is_current = models.BooleanField(default=False, help_text="The one that is used.")
    state = models.TextField(help_text="JSON of the predictor's state.")
    n_fit = models.PositiveIntegerField(help_text="Networks it was fitted on.")
    errors = models.JSONField(help_text="Held-out error figures and how the data were split.")
    pairs = models.JSONField(help_text="Held-out networks: genes, measured and predicted.")
    fingerprint = models.CharField(max_length=64, help_text="Processor and runtime it is for.")
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField("fitted at", default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "space", "metric", "version"], name="fitted_model_version"
            ),
            models.UniqueConstraint(
                fields=["device", "space", "metric"],
                condition=Q(is_current=True),
                name="fitted_model_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} v{self.version} of {self.device.slug} on {self.space}"
