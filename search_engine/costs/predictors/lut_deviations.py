"""How far entries deviate from what shape predicts, learnt from sums over whole networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search_engine.costs.predictors.protocol import Floats
from search_engine.costs.units import Unit

Shares = Mapping[str, tuple[Unit, float]]
"""By unit key: the unit, and a number for all of its occurrences in one network."""

SPREADS = (0.0, 0.05, 0.15, 0.4)
"""Candidate standard deviations of relative deviations, per level."""

NOISE = 0.02
"""Relative error of one measurement that is taken for granted."""

SELECTION_NETWORKS = 300
SWEEPS = 2
REWEIGHTINGS = 3


def aspects(unit: Unit) -> tuple[str, ...]:
    """Groups of units that may deviate together, coarse to fine, one per level."""
    name = "&".join((unit.kind, *unit.fused))
    kernel = unit.attributes.get("kernel", "")
    width, height = unit.inputs[0][0] if unit.inputs else 0, unit.output[-1]
    stride = unit.attributes.get("stride", "")
    return (
        name,
        f"{name} {kernel}/{stride}",
        f"{name} in {width}",
        f"{name} out {unit.output[0]}",
        f"{name} side {height} {kernel}",
        unit.key,
    )


LEVELS = 6


@dataclass(frozen=True, slots=True)
class Deviations:
    """Relative corrections of entries: the factor of a unit is 1 + the sum over its levels.

    From sums over networks only sums can be known: a constant may move between entries that
    always come together (*gauge freedom*). The ridge gives each its share by size.

    Attributes:
        groups: correction by aspect, one mapping per level.
        base: added to every network.
        left_out: mean absolute relative error when each network is left out in turn.
    """

    groups: tuple[Mapping[str, float], ...]
    base: float
    left_out: float

    def factor(self, unit: Unit) -> float:
        """What the prior of a unit is multiplied by."""
        pairs = zip(self.groups, aspects(unit), strict=True)
        return 1.0 + sum(group.get(aspect, 0.0) for group, aspect in pairs)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        groups = [dict(group) for group in self.groups]
        return {"groups": groups, "base": self.base, "left_out": self.left_out}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Deviations":
        """Rebuild them."""
        groups = tuple({str(k): float(v) for k, v in group.items()} for group in data["groups"])
        if len(groups) not in (0, LEVELS):
            raise ValueError(f"{len(groups)} levels of corrections")
        return cls(groups, float(data["base"]), float(data["left_out"]))


def learn(priors: Sequence[Shares], base: float, measured: Floats) -> Deviations:
    """Corrections by ridge regression of relative errors, level by level.

    Each level has a spread (how far its groups deviate); spreads are those with the least
    left-out error. Points far off count less (Huber's weights).

    Args:
        priors: per network, what the prior gives for all occurrences of each unit together.
        base: what every network takes besides its units.
        measured: what was measured, in the same unit.
    """
    totals = np.array([sum(total for _, total in items.values()) for items in priors])
    targets = (measured - base - totals) / measured
    names, designs = _designs(priors, measured)
    grams = [design @ design.T for design in designs]
    grams.append(np.outer(1 / measured, 1 / measured) * float(np.median(measured)) ** 2)
    spreads = _chosen_spreads(grams, targets)
    weights = np.ones(len(targets))
    for _ in range(REWEIGHTINGS):
        solved, left_out = _solve(grams, spreads, targets, weights)
        scale = 1.4826 * float(np.median(np.abs(left_out))) + 1e-9
        weights = np.minimum(1.0, 3.0 * scale / np.maximum(np.abs(left_out), 1e-12)) ** 2
    groups = tuple(
        dict(zip(level, (spread**2 * (design.T @ solved)).tolist(), strict=True)) if spread else {}
        for level, design, spread in zip(names, designs, spreads, strict=False)
    )
    shift = spreads[-1] ** 2 * float(np.median(measured)) ** 2 * float((solved / measured).sum())
    return Deviations(groups, base + shift, float(np.abs(left_out).mean()))


def _designs(priors: Sequence[Shares], measured: Floats) -> tuple[list[list[str]], list[Floats]]:
    """Per level its groups and `n x groups`: the share of each group in what was measured."""
    known: list[dict[str, int]] = [{} for _ in range(LEVELS)]
    cells: list[list[tuple[int, int, float]]] = [[] for _ in range(LEVELS)]
    for row, items in enumerate(priors):
        for unit, total in items.values():
            share = total / measured[row]
            for level, aspect in enumerate(aspects(unit)):
                place = known[level].setdefault(aspect, len(known[level]))
                cells[level].append((row, place, share))
    designs = []
    for level in range(LEVELS):
        design = np.zeros((len(priors), len(known[level])))
        rows, places, shares = map(np.array, zip(*cells[level], strict=True))
        np.add.at(design, (rows, places), shares)
        designs.append(design)
    return [list(level) for level in known], designs


def _chosen_spreads(grams: Sequence[Floats], targets: Floats) -> list[float]:
    """Coordinate descent over the candidate spreads."""
    count = len(targets)
    if count > SELECTION_NETWORKS:
        some = np.linspace(0, count - 1, SELECTION_NETWORKS).astype(int)
        grams, targets = [gram[np.ix_(some, some)] for gram in grams], targets[some]
    spreads = [0.15] * len(grams)
    for _ in range(SWEEPS):
        for level in range(len(grams)):
            scores = []
            for spread in SPREADS:
                tried = [*spreads[:level], spread, *spreads[level + 1 :]]
                scores.append((_score(grams, tried, targets), spread))
            spreads[level] = min(scores)[1]
    return spreads


def _score(grams: Sequence[Floats], spreads: Sequence[float], targets: Floats) -> float:
    _, left_out = _solve(grams, spreads, targets, np.ones(len(targets)))
    off = np.abs(left_out)
    cap = 3 * 1.4826 * float(np.median(off)) + 1e-12
    return round(float(np.mean(np.minimum(off, cap) ** 2)), 15)


def _solve(
    grams: Sequence[Floats], spreads: Sequence[float], targets: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Dual coefficients, and residuals with each network left out (closed form of the ridge)."""
    covariance = np.diag(NOISE**2 / weights)
    for gram, spread in zip(grams, spreads, strict=True):
        if spread:
            covariance = covariance + spread**2 * gram
    inverse = np.linalg.inv(covariance)
    solved = inverse @ targets
    return solved, -solved / np.diag(inverse)
