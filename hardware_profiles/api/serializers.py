"""What the device endpoints answer; the rows themselves are made by the selectors."""

from typing import Any

from rest_framework import serializers

from hardware_profiles.models import Device, Measurement
from hardware_profiles.profiling import STATES
from hardware_profiles.selectors import device_row, measurement_object

STATUSES = ("disabled", "unmeasured", "unstable", "ready")


class DeviceSerializer(serializers.Serializer):
    """A hardware target: a host with runtime, threads, precision and batch size, or numbers."""

    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Device.Kind.choices)
    runtime = serializers.CharField()
    runtime_label = serializers.CharField()
    threads = serializers.IntegerField()
    precision = serializers.ChoiceField(choices=Device.Precision.choices)
    batch_size = serializers.IntegerField()
    spec = serializers.DictField(help_text="The host as it was detected.")
    descriptor = serializers.DictField(help_text="Published figures, for descriptions.")
    metrics = serializers.ListField(
        child=serializers.CharField(), help_text="What it gives: `latency_ms`, `energy_mj`."
    )
    tables = serializers.ListField(
        child=serializers.DictField(), help_text="Tables in use, by metric; of kind `table`."
    )
    status = serializers.ChoiceField(
        choices=STATUSES, help_text="Unstable: the newest measurement was disturbed."
    )
    is_active = serializers.BooleanField()
    predictor = serializers.DictField(allow_null=True, help_text="Null: latencies are measured.")
    predictors = serializers.ListField(
        child=serializers.DictField(), help_text="The models in use, one per search space."
    )
    profile_state = serializers.ChoiceField(
        choices=("", *STATES), help_text="Empty: a table or a description, not profiled."
    )
    profile_note = serializers.CharField(allow_blank=True, help_text="A sentence about it.")
    notes = serializers.CharField(allow_blank=True)
    last_measured_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def to_representation(self, device: Device) -> dict[str, Any]:
        return super().to_representation(device_row(device))


class MeasuredNumberSerializer(serializers.Serializer):
    """A measured number with its unit, origin and spread."""

    value = serializers.FloatField()
    unit = serializers.CharField()
    origin = serializers.ChoiceField(choices=("measured",))
    spread = serializers.DictField(
        help_text="`median`, `p90`, `iqr` over round medians, in the unit; `cv`; rounds."
    )
    n = serializers.IntegerField(help_text="Timed samples.")
    measured_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=Measurement.Status.choices)
    note = serializers.CharField(required=False, help_text="Why it is unstable.")


class MeasurementSerializer(serializers.Serializer):
    """One measurement of one architecture."""

    id = serializers.UUIDField()
    hash = serializers.CharField(source="network_hash")
    search_space = serializers.CharField(source="space", allow_blank=True)
    genes = serializers.ListField(child=serializers.IntegerField())
    metric = serializers.CharField()
    result = serializers.SerializerMethodField()
    phases = serializers.DictField(help_text="Build, first run and warm-up, ms.")
    environment = serializers.DictField(help_text="Host, load, versions and plan.")
    created_at = serializers.DateTimeField()

    def get_result(self, measurement: Measurement) -> MeasuredNumberSerializer:
        """The number as everywhere in the API."""
        return measurement_object(measurement)


class MeasurementDetailSerializer(MeasurementSerializer):
    """One measurement with its raw samples."""

    samples = serializers.DictField(
        help_text="`rounds`: microseconds per sample of `iterations` runs."
    )
