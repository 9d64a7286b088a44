"""Which units to time alone: those of a space, and then neighbours of those predicted badly.

Adaptive sampling as in nn-Meter (Zhang et al., MobiSys 2021, section 5.2): times of convolutions
are a staircase in the channels, so what counts is to measure near the steps.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from search_engine.costs.predictors.kernel import KernelPredictor
from search_engine.costs.predictors.kernel_guess import CURVE_FROM
from search_engine.costs.predictors.protocol import Evidence, Floats, KernelSample
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import SearchEngineError
from search_engine.network import frozen
from search_engine.ops import OPS
from search_engine.protocols import SearchSpace

MOST_ERROR = 0.1
"""Relative error beyond which the surroundings of a unit are measured more closely."""

_REACH = 0.35  # of the channels, up and down
_TRIES = 20


def units_of_space(
    space: SearchSpace, rules: RuntimeRules, count: int, rng: Generator, *, draws: int = 200
) -> list[Unit]:
    """Units of random architectures: all families alike, within them the frequent ones first.

    Returns:
        At most `count` distinct units; fewer if the draws hold no more.
    """
    units: dict[str, Unit] = {}
    times = Counter[str]()
    for _ in range(draws):
        for unit in units_of(space.decode(space.sample(rng)), rules):
            units[unit.key] = unit
            times[unit.key] += 1
    families: dict[str, list[Unit]] = {}
    for key, _ in times.most_common():
        families.setdefault(units[key].kind, []).append(units[key])
    chosen: list[Unit] = []
    for place in range(max(map(len, families.values()), default=0)):
        chosen += [family[place] for family in families.values() if place < len(family)]
    return chosen[:count]


def neighbours(unit: Unit, count: int, rng: Generator) -> list[Unit]:
    """Up to `count` units with other numbers of channels nearby, the rest alike."""
    found: dict[str, Unit] = {}
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        factors = 1 + rng.uniform(-_REACH, _REACH, size=2)
        other = _with_channels(unit, float(factors[0]), float(factors[1]))
        if other is not None and other.key != unit.key:
            found[other.key] = other
    return list(found.values())


def adaptive_sampling(
    measure: Callable[[Sequence[Unit]], Sequence[KernelSample]],
    start: Sequence[Unit],
    rng: Generator,
    *,
    rules: RuntimeRules | None = None,
    rounds: int = 3,
    around: int = 4,
    most: int = 300,
) -> Iterator[list[KernelSample]]:
    """Time units, then in each round neighbours of those that the others predict badly.

    Args:
        measure: times units; those that could not be timed are missing from its answer.
        around: neighbours per badly predicted unit.
        most: units in total.

    Yields:
        All samples so far, after the start and after each round; ends early once every unit is
        predicted within `MOST_ERROR`.
    """
    known = {sample.unit.key: sample for sample in measure(start[:most])}
    yield list(known.values())
    for _ in range(rounds):
        samples = list(known.values())
        errors = left_out_errors(samples, rules or RuntimeRules())
        worst = [samples[i].unit for i in np.argsort(-errors) if errors[i] > MOST_ERROR]
        wanted: dict[str, Unit] = {}
        for unit in worst:
            wanted.update((other.key, other) for other in neighbours(unit, around, rng))
        new = [unit for key, unit in wanted.items() if key not in known][: most - len(known)]
        if not new:
            return
        known.update((sample.unit.key, sample) for sample in measure(new))
        yield list(known.values())


def left_out_errors(samples: Sequence[KernelSample], rules: RuntimeRules, folds: int = 5) -> Floats:
    """Relative error of each unit when the predictor is fitted on units of other folds.

    Units of families with too few samples to learn from have error 0: neighbours do not help.
    """
    errors = np.zeros(len(samples))
    for fold in range(min(folds, len(samples))):
        held = [i for i in range(len(samples)) if i % folds == fold]
        others = [sample for i, sample in enumerate(samples) if i % folds != fold]
        families = Counter(sample.unit.kind for sample in others)
        held = [i for i in held if families[samples[i].unit.kind] >= CURVE_FROM]
        if not held:
            continue
        predictor = KernelPredictor().fit(Evidence([], np.zeros(0), rules, others))
        times = predictor.unit_rows([samples[i].unit for i in held])[:, 0]
        measured = np.array([samples[i].value_ms for i in held])
        errors[held] = np.abs(times - measured) / measured
    return errors


def _with_channels(unit: Unit, inputs: float, outputs: float) -> Unit | None:
    """The unit with channels times these factors, or None where its op does not allow it."""
    if unit.fused or len(unit.inputs[0]) != 3:
        return None
    attributes = dict(unit.attributes)
    channels = max(1, round(unit.inputs[0][0] * inputs))
    if attributes.get("groups", 1) > 1:
        if unit.kind != "depthwise":
            return None
        attributes["groups"] = channels
        outputs = channels / unit.inputs[0][0]
    if "out_channels" in attributes:
        attributes["out_channels"] = max(1, round(attributes["out_channels"] * outputs))
    shapes = tuple((channels, *shape[1:]) for shape in unit.inputs)
    rule = OPS.resolve(unit.op)
    try:
        shape = rule.shape(attributes, shapes)
    except SearchEngineError:
        return None
    return replace(
        unit, attributes=frozen(attributes), inputs=shapes, output=shape, nodes=(), fused=()
    )
