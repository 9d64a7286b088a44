"""What an agent sends back, and the check that its numbers follow from its raw samples."""

import json
import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StrictInt, StrictStr, model_validator

from hardware_profiles import environment, model_files
from hardware_profiles.errors import AgentResultError
from hardware_profiles.measure import LatencyResult
from hardware_profiles.models import AgentTask
from hardware_profiles.samples import BRISK, MeasurePlan, Samples, Summary, summarise
from search_engine.config import Config

MAX_ROUNDS, MAX_SAMPLES = 2000, 100
MAX_ITERATIONS = 10**7
MAX_ENVIRONMENT = 32_000
MAX_MICROSECONDS = 10**9
TOLERANCE = 1e-6
_REASON = "The result is refused and nothing of it is stored."

Word = Annotated[StrictStr, Field(max_length=200)]


class Host(Config):
    """Facts of a machine that stay while it is on, as `environment.describe_host` gives them.

    Facts that this server does not know are left out.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    cpu_model: Word | None = None
    architecture: Word | None = None
    logical_cores: Annotated[StrictInt, Field(ge=1, le=4096)] | None = None
    memory_mib: Annotated[StrictInt, Field(ge=1, le=2**40)] | None = None
    system: Word | None = None
    kernel: Word | None = None
    hostname: Word | None = None


Versions = Annotated[dict[Word, Word], Field(min_length=1, max_length=20)]


class SummaryBody(Config):
    """What the agent computed from its samples; the server computes it again."""

    latency_ms: float = Field(gt=0, lt=1e9)
    n: StrictInt = Field(ge=0)
    status: Literal["ok", "unstable"]
    note: StrictStr = Field("", max_length=300)
    spread: dict[Word, float] = Field(max_length=20)


class EnvironmentBody(Config):
    """Circumstances of a measurement: what is compared, and whatever else the agent observed."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    host: Host
    versions: Versions
    plan: dict[Word, float | int] = Field(max_length=60)
    before: dict[Word, Any]
    after: dict[Word, Any]
    reference_ms: float | None = Field(None, gt=0, lt=1e9)
    reference_usual_ms: float | None = Field(None, gt=0, lt=1e9)

    @model_validator(mode="after")
    def _small(self) -> Self:
        if len(json.dumps(self.model_dump(mode="json"))) > MAX_ENVIRONMENT:
            raise ValueError(f"more than {MAX_ENVIRONMENT:,} characters")
        return self


class ResultBody(Config):
    """A measured latency with everything it was computed from."""

    digest: StrictStr = Field(min_length=1, max_length=64, description="Of the network.")
    summary: SummaryBody
    samples: Samples
    phases: dict[Word, float] = Field(max_length=20, description="Milliseconds.")
    environment: EnvironmentBody

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if wrong := _wrong(self.samples):
            raise ValueError(f"samples: {wrong}")
        return self


def _places_exist(samples: Samples) -> bool:
    pairs = zip(samples.rounds, samples.preempted, strict=True)
    return all(
        len(set(lost)) == len(lost) and set(lost) <= set(range(len(taken))) for taken, lost in pairs
    )


_CHECKS: tuple[tuple[Callable[[Samples], bool], str], ...] = (  # later ones rely on earlier ones
    (lambda s: len(s.rounds) <= MAX_ROUNDS, f"at most {MAX_ROUNDS} rounds"),
    (lambda s: s.iterations <= MAX_ITERATIONS, f"at most {MAX_ITERATIONS} iterations"),
    (
        lambda s: all(1 <= len(taken) <= MAX_SAMPLES for taken in s.rounds),
        f"a round has 1 to {MAX_SAMPLES} samples",
    ),
    (
        lambda s: all(1 <= one <= MAX_MICROSECONDS for taken in s.rounds for one in taken),
        f"a sample takes 1 to {MAX_MICROSECONDS} microseconds",
    ),
    (
        lambda s: len(s.preempted) == len(s.reference) == len(s.rounds),
        "preempted and reference need one entry per round",
    ),
    (lambda s: len(s.stolen) in (0, len(s.rounds)), "stolen needs one entry per round"),
    (lambda s: min((0, *s.reference, *s.stolen)) == 0, "no time is negative"),
    (_places_exist, "preempted names a sample that its round does not have, or one twice"),
)


def _wrong(samples: Samples) -> str:
    """What would make `summarise` fail or take for ever, or nothing."""
    return next((text for holds, text in _CHECKS if not holds(samples)), "")


def plan_of(task: AgentTask) -> MeasurePlan:
    """How carefully a task is measured."""
    return BRISK if task.purpose == AgentTask.Purpose.PROFILE else MeasurePlan()


def checked(task: AgentTask, body: ResultBody) -> LatencyResult:
    """The result as if it had been measured here.

    Every number is computed again from the raw samples, under the plan the agent was given.

    Raises:
        AgentResultError: another network, machine or plan, or a number that does not follow.
    """
    _same("network", body.digest, task.network_hash)
    _same_machine(task, body.environment.host)
    plan = plan_of(task)
    _same("plan", _numbers(body.environment.plan), _numbers(plan.model_dump()))
    summary = summarise(body.samples, plan)
    _same_summary(body.summary, summary)
    facts = body.environment.model_dump(mode="json") | {
        "agent": {"name": task.device.agent.name, "version": task.device.agent.version},
        "model": model_files.facts_of(task.network_hash, task.device),
    }
    return LatencyResult(
        digest=body.digest,
        latency_ms=summary.latency_ms,
        spread=summary.spread,
        n=summary.n,
        status=body.summary.status,
        note=body.summary.note or _default_note(body.summary.status),
        samples=body.samples,
        phases=body.phases,
        environment=facts,
    )


def _same(what: str, came: Any, expected: Any) -> None:
    if came != expected:
        raise AgentResultError(
            f"The {what} is {str(came)[:80]}, expected {str(expected)[:80]}. {_REASON}"
        )


def _same_machine(task: AgentTask, host: Host) -> None:
    known = environment.hardware_key(task.device.spec)
    _same("machine", environment.hardware_key(host.model_dump()), known)


def _numbers(plan: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in sorted(plan.items())}


def _same_summary(claimed: SummaryBody, found: Summary) -> None:
    """The agent may be stricter (a slow host makes it `unstable`), never more lenient."""
    pairs = [("latency_ms", claimed.latency_ms, found.latency_ms), ("n", claimed.n, found.n)]
    ours = {key: float(value) for key, value in found.spread.model_dump().items()}
    if claimed.spread.keys() != ours.keys():
        raise AgentResultError(f"The spread has {sorted(claimed.spread)}, expected {sorted(ours)}.")
    pairs += [(f"spread.{key}", claimed.spread[key], value) for key, value in ours.items()]
    for name, came, expected in pairs:
        if not math.isclose(came, expected, rel_tol=TOLERANCE, abs_tol=1e-9):
            raise AgentResultError(
                f"{name} is {came:.6g}, but the samples give {expected:.6g}. {_REASON}"
            )
    if claimed.status == "ok" and found.status != "ok":
        raise AgentResultError(f"status is ok, but the samples give {found.status}. {_REASON}")


def _default_note(status: str) -> str:
    return "" if status == "ok" else "The agent gave no reason."
