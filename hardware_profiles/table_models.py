"""Imported tables: every import is a version that can be rolled back."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class DeviceTable(models.Model):
    """One import of numbers for a device: of whole architectures, or of layers that are summed."""

    class Layout(models.TextChoices):
        ARCHITECTURES = "architectures", "One row per architecture"
        LAYERS = "layers", "One row per layer; a network costs their sum"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(
        "hardware_profiles.Device", on_delete=models.CASCADE, related_name="tables"
    )
    layout = models.CharField(max_length=16, choices=Layout)
    space = models.CharField("search space", max_length=100, blank=True)
    metric = models.CharField(max_length=40, default="latency_ms")
    version = models.PositiveIntegerField(help_text="Counts per device and metric.")
    is_current = models.BooleanField(default=True)
    base = models.FloatField(default=0, help_text="Constant of every network, in the unit.")
    content = models.BinaryField(help_text="npz: keys, values, counts, variances, flags.")
    rows = models.PositiveIntegerField()
    flagged = models.PositiveIntegerField(
        default=0, help_text="Rows that are kept but not trusted: negative, zero, not finite."
    )
    source = models.CharField(max_length=300, help_text="File or origin it was read from.")
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField("imported at", default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "metric", "version"], name="device_table_version"
            ),
            models.UniqueConstraint(
                fields=["device", "metric"],
                condition=Q(is_current=True),
                name="device_table_one_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of {self.device.slug}, import {self.version}"
