"""Devices and measurements: columns, constraints, own-row facts."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from hardware_profiles.agent_models import Agent as Agent  # Django looks for models here
from hardware_profiles.agent_models import AgentCode as AgentCode
from hardware_profiles.agent_models import AgentTask as AgentTask
from hardware_profiles.descriptors import checked_descriptor
from hardware_profiles.profile_models import FittedModel as FittedModel
from hardware_profiles.profile_models import KernelTiming as KernelTiming
from hardware_profiles.profile_models import Profile as Profile
from hardware_profiles.runtimes import RUNTIMES
from hardware_profiles.table_models import DeviceTable as DeviceTable
from search_engine.errors import ConfigError

MAX_THREADS = 256
MAX_BATCH_SIZE = 1024
MAX_NOTES = 4000
RESERVED_SLUGS = ("compare", "new")
"""Words that stand where slugs stand in the addresses of pages."""


def runtime_choices() -> list[tuple[str, str]]:
    """Keys and labels of the runtime registry; a callable, so that a new one needs no migration."""
    return [(entry.key, entry.label) for entry in RUNTIMES]


class DeviceQuerySet(models.QuerySet["Device"]):
    """Filters that read well."""

    def active(self) -> "DeviceQuerySet":
        """Devices that may be used by new experiments and measurements."""
        return self.filter(is_active=True)

    def with_latest(self) -> "DeviceQuerySet":
        """Adds `last_status` and `last_measured_at` of the newest latency, or None."""
        newest = Measurement.objects.filter(device=models.OuterRef("pk"), metric="latency_ms")
        newest = newest.order_by("-created_at")
        return self.annotate(
            last_status=models.Subquery(newest.values("status")[:1]),
            last_measured_at=models.Subquery(newest.values("created_at")[:1]),
        )


class Device(models.Model):
    """A hardware target: a machine together with runtime, threads, precision and batch size.

    The same processor under another runtime is another device, because latencies of the two need
    not even rank networks alike.
    """

    class Kind(models.TextChoices):
        LOCAL = "local", "This host"
        AGENT = "agent", "Another machine, through its agent"
        ANALYTIC = "analytic", "A description: peak compute and bandwidth"
        TABLE = "table", "An imported table of numbers"

    class Precision(models.TextChoices):
        FP32 = "fp32", "32-bit float"
        BF16 = "bf16", "bfloat16"
        FP16 = "fp16", "16-bit float"
        INT8 = "int8", "8-bit integer"

    class Accelerator(models.TextChoices):
        CPU = "cpu", "Processor"
        CUDA = "cuda", "NVIDIA GPU"

    MEASURING = (Kind.LOCAL, Kind.AGENT)
    IMMEDIATE = (Kind.ANALYTIC, Kind.TABLE)
    IDENTITY = ("slug", "kind", "agent")
    MEASURED_WITH = ("runtime", "accelerator", "threads", "precision", "batch_size")

    slug = models.CharField(
        max_length=50,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9]+(?:-[a-z0-9]+)*\Z",
                "Use lower-case letters, digits and single hyphens between them, got '%(value)s'.",
            )
        ],
        help_text="Short name in addresses, the API and queue names. It cannot change later.",
    )
    name = models.CharField(max_length=120, help_text="How people call it.")
    kind = models.CharField(
        max_length=12,
        choices=Kind,
        default=Kind.LOCAL,
        help_text="Where networks run. 'This host' is the machine of the device worker.",
    )
    runtime = models.CharField(
        max_length=40,
        choices=runtime_choices,
        blank=True,
        help_text="What executes the network. Another runtime is another device. "
        "Empty for descriptions and tables.",
    )
    accelerator = models.CharField(
        max_length=8, choices=Accelerator, default=Accelerator.CPU, help_text="What computes."
    )
    agent = models.ForeignKey(
        "Agent",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="devices",
        help_text="The agent that measures, for devices of another machine.",
    )
    threads = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_THREADS)],
        help_text="Threads one inference may use. One thread gives the most repeatable numbers.",
    )
    precision = models.CharField(
        max_length=8, choices=Precision, default=Precision.FP32, help_text="Type of all numbers."
    )
    descriptor = models.JSONField(
        default=dict,
        blank=True,
        help_text="Peak compute, bandwidth, memory and power, for descriptions and rooflines.",
    )
    batch_size = models.PositiveIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_BATCH_SIZE)],
        help_text="Samples per inference. Latency is that of the whole batch.",
    )
    spec = models.JSONField(
        default=dict, blank=True, editable=False, help_text="The host, as it was detected."
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Switched off: kept with its numbers, not offered."
    )
    notes = models.TextField(blank=True, max_length=MAX_NOTES)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["local", "agent", "analytic", "table"]),
                name="device_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="agent", agent__isnull=False)
                | (~Q(kind="agent") & Q(agent__isnull=True)),
                name="device_agent_iff_kind",
            ),
            models.CheckConstraint(
                condition=Q(threads__gte=1, threads__lte=MAX_THREADS), name="device_threads_range"
            ),
            models.CheckConstraint(
                condition=Q(batch_size__gte=1, batch_size__lte=MAX_BATCH_SIZE),
                name="device_batch_size_range",
            ),
            models.CheckConstraint(
                condition=~Q(runtime="") | Q(kind__in=["analytic", "table"]),
                name="device_has_runtime",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Threads that the host has, a description or runtime where the kind needs one, and
        nothing changed that stored numbers depend on."""
        self._check_slug()
        self._check_kind()
        self._check_runtime()
        cores = self.spec.get("logical_cores")
        if cores and self.threads and self.threads > cores:
            raise ValidationError(
                {
                    "threads": f"{self.threads} threads on a host with {cores} logical cores would "
                    f"measure the waiting, not the network. Choose 1 to {cores}."
                }
            )
        if self.pk:
            self._check_unchanged()

    def _check_slug(self) -> None:
        """Pages have these addresses; devices that have one already keep it."""
        if self._state.adding and self.slug in RESERVED_SLUGS:
            text = f"'{self.slug}' is the address of a page. Choose another short name."
            raise ValidationError({"slug": text})

    def _check_kind(self) -> None:
        if self.kind == self.Kind.AGENT and self.agent_id is None:
            text = "Devices of other machines come into being when their agent registers."
            raise ValidationError({"kind": text})
        if self.kind in self.MEASURING and not self.runtime:
            known = ", ".join(RUNTIMES.keys())
            raise ValidationError({"runtime": f"A device that measures needs one of {known}."})
        if self.kind in self.IMMEDIATE and self.runtime:
            text = f"Nothing runs on a device of kind {self.kind}; leave the runtime empty."
            raise ValidationError({"runtime": text})
        if self.kind == self.Kind.ANALYTIC:
            try:
                self.descriptor = checked_descriptor(self.descriptor, self.precision)
            except ConfigError as error:
                raise ValidationError({"descriptor": str(error)}) from error

    def _check_runtime(self) -> None:
        """The runtime computes with this type of numbers, there."""
        if self.kind not in self.MEASURING or self.runtime not in RUNTIMES:
            return
        runtime: Any = RUNTIMES.resolve(self.runtime)
        label = RUNTIMES.entry(self.runtime).label
        errors = {}
        if self.precision not in runtime.precisions:
            errors["precision"] = (
                f"{label} does not compute in {self.precision}. "
                f"Choose {' or '.join(runtime.precisions)}."
            )
        if self.accelerator not in runtime.accelerators:
            errors["accelerator"] = (
                f"{label} does not run on {self.accelerator}. "
                f"Choose {' or '.join(runtime.accelerators)}."
            )
        elif missing := self._missing(runtime):
            errors["runtime"] = missing
        if errors:
            raise ValidationError(errors)

    def _missing(self, runtime: Any) -> str:
        """Why a new device of this host could not run; old ones keep their numbers."""
        here = self._state.adding and self.kind == self.Kind.LOCAL
        return str(runtime.available(self.accelerator)) if here else ""

    def _check_unchanged(self) -> None:
        stored = Device.objects.get(pk=self.pk)
        changed = {
            name
            for name in (*self.IDENTITY, *self.MEASURED_WITH)
            if getattr(stored, name) != getattr(self, name)
        }
        errors = dict.fromkeys(self.IDENTITY, "This cannot change. Create another device.")
        if changed - errors.keys() and (count := stored.measurements.count()):
            for name in self.MEASURED_WITH:
                errors[name] = (
                    f"{count} stored measurements were taken with {getattr(stored, name)}. "
                    "Create another device."
                )
        if wrong := {name: text for name, text in errors.items() if name in changed}:
            raise ValidationError(wrong)

    @property
    def queue(self) -> str:
        """Name of the queue whose worker measures on this device, one job at a time."""
        return f"device.{self.slug}"


class Measurement(models.Model):
    """One measured number of one network on one device, with everything needed to judge it."""

    class Status(models.TextChoices):
        OK = "ok", "OK"
        UNSTABLE = "unstable", "Unstable"

    class Split(models.TextChoices):
        NONE = "", "none"
        FIT = "fit", "Fitted on"
        TEST = "test", "Kept apart"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="measurements")
    network_hash = models.CharField("architecture", max_length=64)
    space = models.CharField("search space", max_length=100, blank=True)
    genes = models.JSONField(default=list, blank=True)
    profile = models.ForeignKey(
        "Profile",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="measurements",
        help_text="The profiling run it was taken for.",
    )
    split = models.CharField(
        max_length=8,
        choices=Split,
        default=Split.NONE,
        blank=True,
        help_text="What a profiling run used it for.",
    )
    quarantined = models.BooleanField(
        default=False, help_text="Too noisy to be fitted; kept to be looked at."
    )
    metric = models.CharField(max_length=40, default="latency_ms")
    value = models.FloatField()
    unit = models.CharField(max_length=12, default="ms")
    origin = models.CharField(max_length=12, default="measured")
    spread = models.JSONField(help_text="In the unit of the value: over the rounds that were kept.")
    n = models.PositiveIntegerField(help_text="Timed samples that the value rests on.")
    status = models.CharField(max_length=12, choices=Status)
    note = models.CharField(max_length=300, blank=True, help_text="Why it is unstable.")
    samples = models.JSONField(help_text="Raw samples by round.")
    phases = models.JSONField(help_text="Build, first run and warm-up, in ms.")
    environment = models.JSONField(help_text="The host, its load and the versions, then and there.")
    fingerprint = models.CharField(
        max_length=64, help_text="Processor and runtime version: equal ones may be compared."
    )
    created_at = models.DateTimeField("measured at", default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(
                fields=["device", "network_hash", "-created_at"], name="measurement_of_network"
            ),
            models.Index(fields=["device", "-created_at"], name="measurement_recent"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(value__gt=0, value__lt=1e9), name="measurement_value_finite"
            ),
            models.CheckConstraint(condition=Q(origin="measured"), name="measurement_is_measured"),
            models.CheckConstraint(
                condition=Q(status__in=["ok", "unstable"]), name="measurement_status_known"
            ),
            models.CheckConstraint(condition=~Q(network_hash=""), name="measurement_has_network"),
            models.CheckConstraint(
                condition=Q(status="unstable") | Q(n__gte=1), name="measurement_ok_has_samples"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network_hash[:10]}: {self.value:.4g} {self.unit}"

    @property
    def raw(self) -> dict[str, Any]:
        """What the value was computed from, as plain data for a download."""
        return {
            "id": str(self.id),
            "hash": self.network_hash,
            "value": self.value,
            "unit": self.unit,
            "samples": self.samples,
            "phases": self.phases,
            "environment": self.environment,
        }
