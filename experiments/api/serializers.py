"""Rows as the API shows them; inputs are checked by `bodies` and by `experiments.spec`."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from experiments import engine, selectors
from experiments.models import ApiToken, Artifact, Experiment, Job, Run, Trial
from experiments.services.jobs import waiting_problem
from hardware_profiles.profiling import public_progress

ORIGINS = ("measured", "looked_up", "predicted", "analytic")


class NumberSerializer(serializers.Serializer):
    """A number with its unit and where it comes from."""

    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    origin = serializers.ChoiceField(choices=ORIGINS)
    spread = serializers.DictField(required=False, help_text="In the unit of the value.")
    n = serializers.IntegerField(required=False, help_text="Samples it rests on.")


@extend_schema_field(serializers.DictField(child=NumberSerializer()))
class NumbersField(serializers.JSONField):
    """Number objects by metric key."""


@extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
class GenesField(serializers.JSONField):
    """One index per variable."""


@extend_schema_field({"type": "array", "items": {"type": ["string", "array"]}})
class PointsField(serializers.JSONField):
    """Keys of known networks, and lists of genes."""


@extend_schema_field(serializers.DictField())
class ObjectField(serializers.JSONField):
    """An object whose keys depend on the case."""


@extend_schema_field(serializers.ListField(child=serializers.DictField()))
class ObjectsField(serializers.JSONField):
    """A list of objects."""


class TokenSerializer(serializers.ModelSerializer):
    """An API token, without its key."""

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "created_at", "last_used_at")


class NewTokenSerializer(TokenSerializer):
    """A new API token with its key, which is shown this once."""

    token = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")


class LoginSerializer(serializers.Serializer):
    """Answer to a login."""

    token = serializers.CharField(help_text="For the Authorization header.")


class ArtifactSerializer(serializers.ModelSerializer):
    """A file that a job made."""

    url = serializers.SerializerMethodField()
    facts = ObjectField(help_text="What was checked, such as the largest deviation.")

    class Meta:
        model = Artifact
        fields = ("id", "name", "format", "bytes", "sha256", "facts", "url", "created_at")

    def get_url(self, artifact: Artifact) -> str:
        """Where to download it."""
        return reverse("api:artifact-download", args=[artifact.pk])


class JobSerializer(serializers.ModelSerializer):
    """A piece of work somebody asked for."""

    experiment = serializers.UUIDField(
        source="trial.experiment_id", allow_null=True, default=None, read_only=True
    )
    trial = serializers.IntegerField(
        source="trial.number", allow_null=True, default=None, read_only=True
    )
    device = serializers.CharField(
        source="device.slug", allow_null=True, default=None, read_only=True
    )
    owner = serializers.CharField(source="owner.username", read_only=True)
    params = ObjectField()
    result = ObjectField(allow_null=True)
    artifacts = ArtifactSerializer(many=True)
    problem = serializers.SerializerMethodField(
        help_text="Why nobody comes for a job that waits for an agent; else empty."
    )

    profile = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = (
            "id", "kind", "status", "progress", "result", "error", "artifacts", "experiment",
            "trial", "device", "owner", "params", "problem", "profile", "created_at", "finished_at",
        )  # fmt: skip

    def get_profile(self, job: Job) -> dict[str, Any] | None:
        """How far a profiling is; null for other jobs."""
        if job.profile is None:
            return None
        facts = {"id": str(job.profile.pk), "search_space": job.profile.space}
        return facts | public_progress(job.profile)

    def get_problem(self, job: Job) -> str:
        """A sentence that says what to do."""
        return waiting_problem(job)


class JobIdSerializer(serializers.Serializer):
    """The job that was queued."""

    job = serializers.UUIDField(help_text="Ask at `jobs/<id>/` how it goes.")


class RunSerializer(serializers.ModelSerializer):
    """One search of an experiment: one seed, one strategy."""

    baseline = serializers.BooleanField(source="is_baseline")
    strategy_config = ObjectField()
    seconds = serializers.FloatField(help_text="Wall clock spent, pauses not counted.")

    class Meta:
        model = Run
        fields = (
            "id", "seed", "strategy", "status", "baseline", "strategy_config", "max_trials",
            "max_seconds", "seconds", "finish_reason", "error", "created_at", "finished_at",
        )  # fmt: skip


class ProgressSerializer(serializers.Serializer):
    """How far an experiment is; times in seconds, null while unknown."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    running = serializers.IntegerField()
    rate_per_min = serializers.FloatField(allow_null=True)
    eta_s = serializers.FloatField(allow_null=True)
    eta_p10_s = serializers.FloatField(allow_null=True)
    eta_p90_s = serializers.FloatField(allow_null=True)
    seconds = serializers.FloatField()


class ExperimentSerializer(serializers.ModelSerializer):
    """An experiment: its document, its runs and how far they are.

    Context `progress` may hold the progress of every experiment shown, by id.
    """

    owner = serializers.CharField(source="owner.username", read_only=True)
    dataset = serializers.CharField(source="config.dataset", allow_null=True)
    search_space = serializers.CharField(source="config.search_space")
    search_space_version = serializers.IntegerField(
        source="config.search_space_version",
        default=None,
        allow_null=True,
        help_text="That was frozen; null for built-in spaces.",
    )
    start_points = PointsField(source="config.start_points", default=list)
    devices = serializers.ListField(child=serializers.CharField(), source="config.devices")
    objectives = ObjectsField(source="config.objectives")
    constraints = ObjectsField(source="config.constraints")
    strategy = ObjectField(source="config.strategy")
    evaluator = ObjectField(source="config.evaluator")
    budget = ObjectField(source="config.budget")
    seeds = GenesField(source="config.seeds")
    baseline = serializers.CharField(source="config.baseline", allow_null=True)
    runs = RunSerializer(many=True)
    progress = serializers.SerializerMethodField()
    seq = serializers.IntegerField(source="last_seq", help_text="Number of the last event.")

    class Meta:
        model = Experiment
        fields = (
            "id", "name", "status", "status_reason", "owner", "parent", "dataset", "search_space",
            "search_space_version", "start_points", "devices", "objectives", "constraints",
            "strategy", "evaluator", "budget", "seeds", "baseline", "runs", "progress", "seq",
            "created_at", "started_at", "finished_at",
        )  # fmt: skip

    @extend_schema_field(ProgressSerializer)
    def get_progress(self, experiment: Experiment) -> dict[str, Any]:
        """Counts over all runs."""
        known = self.context.get("progress", {})
        return known.get(experiment.pk) or selectors.progress(experiment)


class TrialSerializer(serializers.ModelSerializer):
    """One architecture proposed and evaluated."""

    run = serializers.UUIDField(source="run_id")
    baseline = serializers.BooleanField(source="run.is_baseline")
    genes = GenesField()
    metrics = NumbersField()
    seconds = serializers.FloatField(allow_null=True)

    class Meta:
        model = Trial
        fields = (
            "number", "run", "index", "baseline", "genes", "hash", "known", "status", "metrics",
            "feasible", "on_front", "error", "created_at", "started_at", "finished_at", "seconds",
        )  # fmt: skip


class TrialDetailSerializer(TrialSerializer):
    """A trial with everything that is known about it."""

    network = serializers.SerializerMethodField()
    choices = serializers.SerializerMethodField()
    curves = ObjectsField(source="curve", help_text="One object per epoch.")
    lineage = serializers.SerializerMethodField()
    files = ArtifactSerializer(source="artifacts", many=True)
    details = ObjectField(help_text="What the evaluator had to say.")
    has_weights = serializers.SerializerMethodField()

    class Meta(TrialSerializer.Meta):
        fields = (
            *TrialSerializer.Meta.fields, "violation", "network", "choices", "curves", "lineage",
            "files", "details", "has_weights",
        )  # fmt: skip

    def get_network(self, trial: Trial) -> dict[str, Any]:
        """The network: inputs, nodes in topological order, blocks."""
        return selectors.network_of(trial).to_json()

    def get_choices(self, trial: Trial) -> dict[str, Any]:
        """Values of the active variables, by name."""
        return engine.space_for(trial.experiment).choices(tuple(trial.genes))

    def get_lineage(self, trial: Trial) -> dict[str, Any]:
        """Where the strategy took it from; empty if the strategy does not say."""
        return trial.details.get("lineage", {})

    def get_has_weights(self, trial: Trial) -> bool:
        """Trained weights are kept, so that it can be exported."""
        return bool(trial.weights)
