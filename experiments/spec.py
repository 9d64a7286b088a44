"""The experiment document: one schema and one set of rules for REST, form, YAML and estimate."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from django.contrib.auth.models import AbstractBaseUser
from pydantic import Field, StrictInt, StrictStr

from experiments.limits import device_mistakes, unreachable_limits
from experiments.space_store import FoundSpace, UnknownVersionError, find_space
from hardware_profiles.models import Device
from search_engine.config import Config
from search_engine.datasets import DATASETS
from search_engine.errors import ConfigError, SearchEngineError
from search_engine.evaluators import EVALUATORS
from search_engine.metrics import METRICS
from search_engine.problem import SearchProblem
from search_engine.protocols import SearchSpace
from search_engine.starting import start_genes
from search_engine.strategies import STRATEGIES
from search_engine.types import Constraint, Genes, Objective

MAX_SEED = 2**63 - 1
MAX_START_POINTS = 50

KnownKey = Annotated[StrictStr, Field(min_length=1, max_length=100)]
StartGenes = Annotated[
    tuple[Annotated[StrictInt, Field(ge=0, le=1_000_000)], ...], Field(max_length=10_000)
]


class Choice(Config):
    """A member of a registry with its settings."""

    key: str = Field(description="Key in the catalog.")
    config: dict[str, Any] = Field(default_factory=dict, description="Settings; see the catalog.")


class ObjectiveSpec(Config):
    """What to optimise."""

    metric: str = Field(description="Key of a metric in the catalog.")
    direction: Literal["maximize", "minimize"]
    device: str | None = Field(None, description="Slug; for metrics that belong to a device.")


class ConstraintSpec(Config):
    """A limit that must hold, in the metric's unit."""

    metric: str = Field(description="Key of a metric in the catalog.")
    op: Literal["<=", ">="] = "<="
    value: float
    device: str | None = Field(None, description="Slug; for metrics that belong to a device.")


class BudgetSpec(Config):
    """When each run ends, whichever comes first."""

    max_trials: int = Field(ge=1, le=100_000, description="Distinct architectures per run.")
    max_seconds: float | None = Field(
        None, gt=0, le=30 * 24 * 3600, description="Wall clock per run, pauses not counted."
    )


class ExperimentSpec(Config):
    """The document of `POST /api/v1/experiments/`."""

    name: str = Field(min_length=1, max_length=200, description="For people.")
    dataset: str | None = Field(None, description="Key of a data set, if the evaluator needs one.")
    search_space: str = Field(description="Slug of a search space.")
    search_space_version: int | None = Field(
        None, ge=1, le=10**9, description="Of the space; its newest if not given."
    )
    start_points: tuple[KnownKey | StartGenes, ...] = Field(
        (),
        max_length=MAX_START_POINTS,
        description="First candidates of each run: keys of known networks, or lists of genes.",
    )
    devices: tuple[str, ...] = Field((), max_length=8, description="Slugs, the primary one first.")
    objectives: tuple[ObjectiveSpec, ...] = Field(min_length=1, max_length=4)
    constraints: tuple[ConstraintSpec, ...] = Field((), max_length=20)
    strategy: Choice = Choice(key="nsga2")
    evaluator: Choice = Choice(key="short_training")
    budget: BudgetSpec
    seeds: tuple[int, ...] = Field((0,), min_length=1, max_length=20)
    baseline: str | None = Field(
        None, description="Strategy to run beside it, such as random_search."
    )

    @property
    def primary_device(self) -> str:
        return self.devices[0] if self.devices else ""

    def engine_objectives(self) -> tuple[Objective, ...]:
        """Objectives for the engine, devices filled in."""
        return tuple(Objective(o.metric, o.direction, self._device_of(o)) for o in self.objectives)

    def engine_constraints(self) -> tuple[Constraint, ...]:
        """Constraints for the engine, devices filled in."""
        return tuple(
            Constraint(c.metric, c.op, c.value, self._device_of(c)) for c in self.constraints
        )

    def _device_of(self, item: ObjectiveSpec | ConstraintSpec) -> str:
        if METRICS[item.metric].needs_device:
            return item.device or self.primary_device
        return ""

    def document(self) -> dict[str, Any]:
        """Plain data that posts back to the same experiment."""
        return self.model_dump(mode="json")


def check_spec(data: Any, user: AbstractBaseUser | None = None) -> ExperimentSpec:
    """Check a document completely, down to whether any architecture meets its analytic limits.

    Args:
        user: whose search spaces it may name; without one, only built-in spaces.

    Returns:
        What it says; of a space that somebody wrote, the version is filled in.

    Raises:
        ConfigError: every mistake that was found, by dotted path.
    """
    if not isinstance(data, dict):
        raise ConfigError({"": [f"Expected an object, got {type(data).__name__}."]})
    spec = ExperimentSpec.parse(data)
    messages: dict[str, list[str]] = {}
    for path, text in _mistakes(spec, user):
        messages.setdefault(path, []).append(text)
    if not messages:
        space = space_of(spec, user)
        for path, text in device_mistakes(spec, space):
            messages.setdefault(path, []).append(text)
    if not messages:
        messages = unreachable_limits(spec, space) or _wrong_starts(spec, space)
    if messages:
        raise ConfigError(messages)
    found = found_space(spec, user)
    return spec.model_copy(update={"search_space_version": found.number}) if found.row else spec


def found_space(spec: ExperimentSpec, user: AbstractBaseUser | None = None) -> FoundSpace:
    """The space and version that a document names. UnknownKeyError if the user has none such."""
    return find_space(spec.search_space, user, spec.search_space_version, shared=True)


def space_of(spec: ExperimentSpec, user: AbstractBaseUser | None = None) -> SearchSpace:
    """The search space, adapted to the data set's images and classes.

    Raises:
        UnknownKeyError: no such space or data set.
        SpaceError: the space cannot take these images.
    """
    return found_space(spec, user).load(spec.dataset)


def problem_of(spec: ExperimentSpec, space: SearchSpace) -> SearchProblem:
    """Space, objectives and limits as the engine takes them."""
    return SearchProblem(
        space=space,
        objectives=spec.engine_objectives(),
        constraints=spec.engine_constraints(),
        primary_device=spec.primary_device,
    )


def _mistakes(spec: ExperimentSpec, user: AbstractBaseUser | None) -> Iterator[tuple[str, str]]:
    if "\x00" in spec.name or not spec.name.strip():
        yield "name", "The name must hold visible characters."
    yield from _unknown_keys(spec)
    yield from _metric_mistakes(spec)
    if len(set(spec.seeds)) != len(spec.seeds):
        yield "seeds", f"A seed is named twice: {list(spec.seeds)}."
    if any(not 0 <= seed <= MAX_SEED for seed in spec.seeds):
        yield "seeds", f"Seeds are whole numbers from 0 to 2^63 - 1, got {list(spec.seeds)}."
    yield from _space_mistakes(spec, user)
    if len(spec.start_points) > spec.budget.max_trials:
        text = f"{len(spec.start_points)} start points need as many trials"
        yield "start_points", f"{text}; budget.max_trials is {spec.budget.max_trials}."


def _space_mistakes(
    spec: ExperimentSpec, user: AbstractBaseUser | None
) -> Iterator[tuple[str, str]]:
    try:
        found = found_space(spec, user)
        if spec.dataset is None or spec.dataset in DATASETS:
            found.load(spec.dataset)
    except UnknownVersionError as error:
        yield "search_space_version", str(error)
    except SearchEngineError as error:
        yield "search_space", str(error)


def _unknown_keys(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    yield from _choice_mistakes("strategy", spec.strategy, STRATEGIES)
    yield from _choice_mistakes("evaluator", spec.evaluator, EVALUATORS)
    if spec.baseline is not None and spec.baseline not in STRATEGIES:
        yield "baseline", _unknown("search strategy", spec.baseline, STRATEGIES.keys())
    yield from _dataset_mistakes(spec)
    active = set(Device.objects.filter(is_active=True).values_list("slug", flat=True))
    for position, slug in enumerate(spec.devices):
        if slug not in active:
            yield f"devices.{position}", _unknown("active device", slug, sorted(active))
    if len(set(spec.devices)) != len(spec.devices):
        yield "devices", f"A device is named twice: {', '.join(spec.devices)}."


def _choice_mistakes(path: str, choice: Choice, registry: Any) -> Iterator[tuple[str, str]]:
    if choice.key not in registry:
        yield f"{path}.key", _unknown(registry.noun, choice.key, registry.keys())
        return
    try:
        registry.parse_config(choice.key, choice.config)
    except ConfigError as error:
        for field, texts in error.messages.items():
            for text in texts:
                yield f"{path}.config.{field}".rstrip("."), text


def _dataset_mistakes(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    needs = EVALUATORS.entry(spec.evaluator.key).needs if spec.evaluator.key in EVALUATORS else ()
    if spec.dataset is None:
        if "dataset" in needs:
            yield (
                "dataset",
                (
                    f"Evaluator {spec.evaluator.key!r} trains networks and needs a data set. "
                    f"Known: {', '.join(DATASETS.keys())}."
                ),
            )
    elif spec.dataset not in DATASETS:
        yield "dataset", _unknown("data set", spec.dataset, DATASETS.keys())
    elif reason := DATASETS.resolve(spec.dataset).available():
        yield "dataset", reason
    if spec.evaluator.key in EVALUATORS and (
        reason := EVALUATORS.resolve(spec.evaluator.key).available()
    ):
        yield "evaluator.key", reason


def _metric_mistakes(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str | None]] = set()
    for position, objective in enumerate(spec.objectives):
        path = f"objectives.{position}"
        yield from _device_mistakes(spec, objective, path)
        target = (objective.metric, objective.device or spec.primary_device)
        if target in seen:
            yield f"{path}.metric", f"Objective {objective.metric!r} is named twice."
        seen.add(target)
    for position, constraint in enumerate(spec.constraints):
        path = f"constraints.{position}"
        yield from _device_mistakes(spec, constraint, path)
        yield from _limit_mistakes(constraint, path)


def _device_mistakes(
    spec: ExperimentSpec, item: ObjectiveSpec | ConstraintSpec, path: str
) -> Iterator[tuple[str, str]]:
    if item.metric not in METRICS:
        yield f"{path}.metric", _unknown("metric", item.metric, list(METRICS))
    elif not METRICS[item.metric].needs_device:
        if item.device:
            yield f"{path}.device", f"Metric {item.metric!r} does not depend on a device; drop it."
    elif not spec.devices:
        yield f"{path}.metric", f"Metric {item.metric!r} is measured: name a device in 'devices'."
    elif item.device and item.device not in spec.devices:
        yield f"{path}.device", _unknown("device of this experiment", item.device, spec.devices)


def _limit_mistakes(limit: ConstraintSpec, path: str) -> Iterator[tuple[str, str]]:
    if limit.metric == "accuracy" and not 0 <= limit.value <= 1:
        yield f"{path}.value", f"Accuracy is a fraction from 0 to 1, got {limit.value:g}."
    elif limit.metric != "accuracy" and limit.op == "<=" and limit.value <= 0:
        yield (
            f"{path}.value",
            (f"Nothing has {limit.metric} <= {limit.value:g}; the limit must be positive."),
        )
    elif limit.value < 0:
        yield f"{path}.value", f"The limit must not be negative, got {limit.value:g}."


def _wrong_starts(spec: ExperimentSpec, space: SearchSpace) -> dict[str, list[str]]:
    """Each start point must be an architecture of the space, within the analytic limits."""
    problem, messages, seen = problem_of(spec, space), dict[str, list[str]](), set[Genes]()
    for place, point in enumerate(spec.start_points):
        try:
            (genes,) = start_genes(problem, [point])
        except SearchEngineError as error:
            messages[f"start_points.{place}"] = [str(error)]
            continue
        if genes in seen:
            messages[f"start_points.{place}"] = ["This architecture is named before."]
        seen.add(genes)
    return messages


def _unknown(noun: str, got: str, known: Any) -> str:
    return f"No {noun} named {got!r:.80}. Known: {', '.join(known) or 'none'}."
