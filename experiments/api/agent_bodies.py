"""What agents send, and what they are answered, as schemas."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt, StrictStr
from rest_framework import serializers

from hardware_profiles.agent_results import Host, Versions
from hardware_profiles.models import MAX_THREADS
from search_engine.config import Config

MAX_TASKS = 6
MAX_WAIT_S = 20
MAX_RUNTIMES = 32


class RuntimeBody(Config):
    """One way in which an agent can run ONNX files: a device of its own."""

    runtime: Literal["onnxruntime"]
    precision: Literal["fp32", "int8"] = "fp32"
    threads: StrictInt = Field(ge=1, le=MAX_THREADS, description="Per inference.")


Runtimes = Annotated[
    tuple[RuntimeBody, ...],
    Field(min_length=1, max_length=MAX_RUNTIMES, description="What it can run as it was started."),
]
Version = Annotated[StrictStr, Field(min_length=1, max_length=40, description="Of the client.")]


class HelloBody(Config):
    """An agent that starts says what it is."""

    runtimes: Runtimes
    host: Host
    versions: Versions
    version: Version


class RegisterBody(HelloBody):
    """An agent that has a code asks for a token."""

    code: StrictStr = Field(min_length=1, max_length=100, description="Made by staff; works once.")
    name: StrictStr = Field(min_length=1, max_length=100, pattern=r"\S", description="For people.")


class ClaimBody(Config):
    """An agent is free."""

    limit: StrictInt = Field(MAX_TASKS, ge=1, le=MAX_TASKS, description="Most tasks at once.")
    wait_s: float = Field(
        0, ge=0, le=MAX_WAIT_S, description="How long to wait for work if there is none."
    )


class FailureBody(Config):
    """An agent could not measure."""

    reason: Literal["failed", "busy", "stopped"] = Field(
        description="The network cannot run there; the host was not to be had alone, try again; "
        "the agent was told to end, which counts as no attempt."
    )
    error: StrictStr = Field("", max_length=1000, description="A sentence for people.")


class CodeSerializer(serializers.Serializer):
    """A code that registers one agent."""

    code = serializers.CharField(help_text="Shown now and never again.")
    expires_at = serializers.DateTimeField()


class RegisteredSerializer(serializers.Serializer):
    """The agent that was made."""

    agent = serializers.UUIDField()
    name = serializers.CharField()
    token = serializers.CharField(help_text="Shown now and never again.")
    devices = serializers.ListField(child=serializers.CharField(), help_text="Slugs.")


class HelloSerializer(serializers.Serializer):
    """What the server knows of the agent."""

    agent = serializers.UUIDField()
    name = serializers.CharField()
    devices = serializers.ListField(child=serializers.CharField(), help_text="Slugs.")


class OfferedTaskSerializer(serializers.Serializer):
    """One network to measure."""

    id = serializers.UUIDField()
    digest = serializers.CharField(help_text="Of the network.")
    input_shape = serializers.ListField(
        child=serializers.IntegerField(), help_text="Without the batch axis."
    )
    sha256 = serializers.CharField(help_text="Of its ONNX file.")


class ReferenceModelSerializer(serializers.Serializer):
    """The network that is timed beside all others."""

    digest = serializers.CharField()
    input_shape = serializers.ListField(child=serializers.IntegerField())
    sha256 = serializers.CharField(help_text="Of its ONNX file.")
    usual_ms = serializers.FloatField(allow_null=True, help_text="Null: measure it first.")
    first_plan = serializers.DictField(help_text="How to measure it first.")


class MeasuringSessionSerializer(serializers.Serializer):
    """How one hand-out is measured."""

    device = serializers.CharField()
    runtime = serializers.CharField()
    precision = serializers.CharField()
    threads = serializers.IntegerField()
    batch_size = serializers.IntegerField()
    plan = serializers.DictField(help_text="`MeasurePlan`.")
    seed = serializers.IntegerField(help_text="Of inputs and of the order of turns.")
    reference = ReferenceModelSerializer()


class ClaimSerializer(serializers.Serializer):
    """Networks of one device, to be measured in one session; both empty if there is nothing."""

    session = MeasuringSessionSerializer(allow_null=True)
    tasks = OfferedTaskSerializer(many=True)


class TaskStateSerializer(serializers.Serializer):
    """A task as it stands now."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(
        choices=("queued", "assigned", "done", "failed", "cancelled"),
        help_text="Go on only with `assigned`.",
    )
