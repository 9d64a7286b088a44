"""Rows to engine objects: the only place of the product where registry keys become objects."""

import json
from collections.abc import Sequence
from functools import lru_cache
from math import isnan
from typing import Any

from experiments.models import Experiment, Run
from experiments.spec import ExperimentSpec, problem_of
from hardware_profiles.immediate import answers
from hardware_profiles.models import Device
from hardware_profiles.selectors import all_devices
from search_engine.costs import COSTS
from search_engine.evaluators import EVALUATORS
from search_engine.loading import StrategyPlan, load_dataset, load_evaluator, load_space
from search_engine.metrics import METRICS
from search_engine.network import NetworkSpec
from search_engine.problem import SearchProblem
from search_engine.protocols import CostModel, Evaluator, SearchSpace
from search_engine.starting import known_labels, start_genes
from search_engine.strategies import STRATEGIES
from search_engine.types import Genes, metric_key

CACHE_SIZE = 16


def spec_of(experiment: Experiment) -> ExperimentSpec:
    """The experiment's frozen document."""
    return ExperimentSpec.parse(experiment.config)


def space_for(experiment: Experiment) -> SearchSpace:
    """The space as it was when the experiment was created, for its data set."""
    return _space(str(experiment.pk))


@lru_cache(maxsize=CACHE_SIZE)
def _space(experiment_id: str) -> SearchSpace:
    experiment = Experiment.objects.only("config", "space_document").get(pk=experiment_id)
    document, dataset = json.loads(experiment.space_document), experiment.config.get("dataset")
    if dataset is None:
        return load_space(document)
    data = load_dataset(dataset)
    channels, height, width = data.input_shape
    return load_space(document, input_shape=(channels, height, width), classes=data.classes)


def problem_for(experiment: Experiment) -> SearchProblem:
    """Space, objectives and limits of an experiment."""
    return problem_of(spec_of(experiment), space_for(experiment))


def start_for(experiment: Experiment) -> list[Genes]:
    """Canonical genes that each run begins with."""
    return start_genes(problem_for(experiment), spec_of(experiment).start_points)


def known_for(experiment: Experiment) -> dict[Genes, str]:
    """Names of the start points that are networks of the literature, by genes."""
    return known_labels(space_for(experiment), spec_of(experiment).start_points)


def strategy_for(run: Run) -> StrategyPlan:
    """The run's strategy, settings checked, still to be given its problem."""
    return StrategyPlan(run.strategy, STRATEGIES.parse_config(run.strategy, run.strategy_config))


def evaluator_for(experiment: Experiment) -> Evaluator:
    """The evaluator of an experiment, one per process and experiment."""
    return _evaluator(str(experiment.pk))


@lru_cache(maxsize=CACHE_SIZE)
def _evaluator(experiment_id: str) -> Evaluator:
    spec = spec_of(Experiment.objects.only("config").get(pk=experiment_id))
    return load_evaluator(spec.evaluator.key, spec.dataset, **spec.evaluator.config)


def is_immediate(experiment: Experiment) -> bool:
    """Scoring is cheaper than a task and nothing has to be measured."""
    spec = spec_of(experiment)
    free = EVALUATORS.resolve(spec.evaluator.key).immediate
    return free and all(device.kind in Device.IMMEDIATE for device in devices_of(spec))


@lru_cache(maxsize=1)
def _cost_models() -> tuple[CostModel, ...]:
    return tuple(COSTS.resolve(key)() for key in COSTS.keys())  # noqa: SIM118 - a registry yields entries


def analytic_metrics(network: NetworkSpec) -> dict[str, dict[str, Any]]:
    """Number objects of everything that follows from the network alone."""
    return {
        model.metric: number(model.predict(network), model.metric, model.origin)
        for model in _cost_models()
    }


def unmeasured_device(experiment: Experiment, metrics: dict[str, Any]) -> str:
    """The first device that must measure and has no latency here yet; empty if there is none."""
    spec = spec_of(experiment)
    known = Device.objects.filter(slug__in=spec.devices, kind__in=Device.IMMEDIATE)
    at_once = set(known.values_list("slug", flat=True)) if spec.devices else set()
    slugs = [slug for slug in spec.devices if slug not in at_once]
    primary = spec.primary_device
    return next((s for s in slugs if metric_key("latency_ms", s, primary) not in metrics), "")


def devices_of(spec: ExperimentSpec) -> list[Device]:
    """The devices that a document names, in its order."""
    if not spec.devices:
        return []
    found = {device.slug: device for device in all_devices().filter(slug__in=spec.devices)}
    return [found[slug] for slug in spec.devices if slug in found]


def told_at_once(
    experiment: Experiment, genes: Sequence[Genes]
) -> list[tuple[dict[str, dict[str, Any]], str]]:
    """What tables and descriptions say about architectures.

    Args:
        genes: canonical, of the experiment's space.

    Returns:
        For each: number objects by metric key, and why one that the experiment needs is missing.

    Raises:
        DeviceMetricError: a device says nothing about this space (any more).
    """
    spec, space = spec_of(experiment), space_for(experiment)
    items = (*spec.engine_objectives(), *spec.engine_constraints())
    needed = {(item.metric, item.device) for item in items}
    told: list[tuple[dict[str, dict[str, Any]], str]] = [({}, "") for _ in genes]
    for device in devices_of(spec):
        if device.kind not in Device.IMMEDIATE:
            continue
        for answer in answers(device, space, genes):
            key = metric_key(answer.metric, device.slug, spec.primary_device)
            for place, value in enumerate(answer.values.tolist()):
                numbers, missing = told[place]
                if not isnan(value):
                    numbers[key] = number(value, answer.metric, answer.origin, method=answer.method)
                elif not missing and (answer.metric, device.slug) in needed:
                    told[place] = numbers, answer.why(place)
    return told


def number(value: float, metric: str, origin: str, **more: Any) -> dict[str, Any]:
    """A number with its unit and where it comes from, as the API shows it."""
    return {"value": value, "unit": METRICS[metric].unit, "origin": origin, **more}


def plain(metrics: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Values of number objects, as strategies see them."""
    return {key: item["value"] for key, item in metrics.items() if item["value"] is not None}
