"""What the endpoints of profiles and fitted models answer."""

from typing import Any

from rest_framework import serializers

from hardware_profiles.models import FittedModel, Profile
from hardware_profiles.profiling import public_progress


class ProfileSerializer(serializers.Serializer):
    """One profiling run of a device for a search space."""

    id = serializers.UUIDField()
    search_space = serializers.CharField()
    search_space_version = serializers.IntegerField(allow_null=True)
    phase = serializers.ChoiceField(choices=Profile.Phase.choices)
    budget = serializers.DictField(help_text="`purpose`, `networks`, `seconds`, `test_networks`.")
    seconds = serializers.FloatField(help_text="Spent, pauses not counted.")
    progress = serializers.DictField(
        help_text="`stage`, counts of `test` and `fit`, `quarantined`, `failed`, `eta_s`, `last` "
        "network with its `cv`, `temperature_c`, `throttled`."
    )
    report = serializers.DictField(
        help_text="`outcome`, `note`, `candidates` with their cross-validated errors, `floor`, "
        "`comparison` with the model in use, `drift`."
    )
    requested_by = serializers.CharField(allow_null=True)
    job = serializers.UUIDField(allow_null=True)
    job_status = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, profile: Profile) -> dict[str, Any]:
        """Plain data."""
        job = next(iter(profile.jobs.all()), None)
        return {
            "id": str(profile.pk),
            "search_space": profile.space,
            "search_space_version": profile.space_version,
            "phase": profile.phase,
            "budget": profile.budget,
            "seconds": profile.seconds,
            "progress": public_progress(profile),
            "report": profile.report,
            "requested_by": profile.requested_by and profile.requested_by.get_username(),
            "job": job and str(job.pk),
            "job_status": job and job.status,
            "created_at": _text(profile.created_at),
            "finished_at": profile.finished_at and _text(profile.finished_at),
        }


class ModelSerializer(serializers.Serializer):
    """One version of a fitted cost model."""

    id = serializers.UUIDField()
    search_space = serializers.CharField(source="space")
    metric = serializers.CharField()
    kind = serializers.CharField(help_text="Key of the predictor.")
    version = serializers.IntegerField(help_text="Counts per device, space and metric.")
    is_current = serializers.BooleanField(help_text="The one that is used.")
    n_fit = serializers.IntegerField(help_text="Networks it was fitted on.")
    errors = serializers.DictField(
        help_text="On networks never fitted on: `mape` with `mape_low` and `mape_high` (95 %), "
        "`within_5pct`, `within_10pct`, `kendall_tau`, `n_test`, `split`; `floor_mape`: how well "
        "the measurement repeats itself. Percent."
    )
    note = serializers.CharField(allow_blank=True)
    profile = serializers.UUIDField(source="profile_id", allow_null=True)
    fitted_at = serializers.DateTimeField(source="created_at")


class PairSerializer(serializers.Serializer):
    """One network that was never fitted on."""

    genes = serializers.ListField(child=serializers.IntegerField())
    hash = serializers.CharField()
    measured = serializers.FloatField()
    predicted = serializers.FloatField()


class EvaluationSerializer(serializers.Serializer):
    """A model against what was measured."""

    model = ModelSerializer()
    unit = serializers.CharField()
    errors = serializers.DictField()
    pairs = PairSerializer(many=True)

    def to_representation(self, model: FittedModel) -> dict[str, Any]:
        """Plain data."""
        return {
            "model": ModelSerializer(model).data,
            "unit": "ms",
            "errors": model.errors,
            "pairs": model.pairs,
        }


class PredictedNumberSerializer(serializers.Serializer):
    """A number that was not measured, with where it comes from."""

    value = serializers.FloatField(allow_null=True, help_text="Null: `note` says why.")
    unit = serializers.CharField()
    origin = serializers.ChoiceField(choices=("predicted", "looked_up", "analytic"))
    method = serializers.CharField()
    model = serializers.UUIDField(required=False, help_text="The fitted model.")
    spread = serializers.DictField(
        required=False, help_text="`low` and `high` hold a share `level` of networks."
    )
    note = serializers.CharField(required=False)


class PredictedRowSerializer(serializers.Serializer):
    """One architecture, in the order that was sent; only the metrics that were asked for."""

    genes = serializers.ListField(child=serializers.IntegerField())
    latency_ms = PredictedNumberSerializer(required=False)
    energy_mj = PredictedNumberSerializer(required=False)
    peak_memory_mib = PredictedNumberSerializer(required=False)


class PredictionsSerializer(serializers.Serializer):
    """Predictions and how right their model is."""

    predictor = serializers.DictField(
        allow_null=True, help_text="Held-out errors of the model; null for tables, descriptions."
    )
    results = PredictedRowSerializer(many=True)


def _text(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")
