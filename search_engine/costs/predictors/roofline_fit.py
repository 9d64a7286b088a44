"""Efficiencies of a roofline, and how they are found from whole networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from search_engine.costs.predictors.protocol import Floats

ROUNDS = 12
MOST = 1e4  # an efficiency below 1/MOST of the peak is none


@dataclass(frozen=True, slots=True)
class Loads:
    """Units at full efficiency: kernel families, and ms of arithmetic, traffic and launch."""

    kinds: Sequence[str]
    compute: Floats
    memory: Floats
    launch: Floats


@dataclass(frozen=True, slots=True)
class Efficiencies:
    """What is reached of the peaks, in (0, 1], by kernel family; `*` stands for the others.

    Attributes:
        launch: factor of the described launch time, at least 1.
        base: ms that every network takes besides.
        start_ms: ms per unit on top of the launch, where measurements show it.
    """

    compute: Mapping[str, float]
    memory: Mapping[str, float]
    launch: float
    base: float
    start_ms: float = 0.0

    def times(self, loads: Loads, smooth: float | None = None) -> Floats:
        """ms per unit."""
        compute = loads.compute / np.array([_of(self.compute, kind) for kind in loads.kinds])
        memory = loads.memory / np.array([_of(self.memory, kind) for kind in loads.kinds])
        return slower(compute, memory, smooth) + self.launch * loads.launch + self.start_ms

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "compute": dict(self.compute),
            "memory": dict(self.memory),
            "launch": self.launch,
            "base": self.base,
            "start_ms": self.start_ms,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Efficiencies":
        """Rebuild them."""
        compute, memory = (
            {str(kind): float(value) for kind, value in data[side].items()}
            for side in ("compute", "memory")
        )
        launch, base, start = (float(data[name]) for name in ("launch", "base", "start_ms"))
        return cls(compute, memory, launch, base, start)


def slower(compute: Floats, memory: Floats, smooth: float | None = None) -> Floats:
    """max of both, or (compute^p + memory^p)^(1/p), which is at most 2^(1/p) times as much."""
    most = np.maximum(compute, memory)
    if smooth is None:
        return most
    least = np.minimum(compute, memory)
    ratio = np.divide(least, most, out=np.zeros_like(most), where=most > 0)
    return np.asarray(most * (1.0 + ratio**smooth) ** (1.0 / smooth), dtype=np.float64)


def calibrate(
    loads: Sequence[Loads], measured: Floats, smooth: float | None, start: Efficiencies
) -> Efficiencies:
    """Efficiencies with the least relative error over networks.

    Under given efficiencies every unit is bound by one side; given the sides, times are linear in
    1/η ≥ 1. Both steps alternate; the best of all rounds is kept.
    """
    kinds = sorted({kind for load in loads for kind in load.kinds})
    best, least, current = start, np.inf, start
    for _ in range(ROUNDS):
        current = _given_sides(loads, measured, current, kinds)
        sums = np.array([current.times(load, smooth).sum() for load in loads]) + current.base
        error = float(np.abs(sums / measured - 1).mean())
        if error < least - 1e-12:
            best, least = current, error
        else:
            break
    return best


def _given_sides(
    loads: Sequence[Loads], measured: Floats, now: Efficiencies, kinds: list[str]
) -> Efficiencies:
    count = len(kinds)
    rows = np.zeros((len(loads), 2 * count + 2))
    place = {kind: number for number, kind in enumerate(kinds)}
    rigid = np.zeros(len(loads))
    for row, load in enumerate(loads):
        where = np.array([place[kind] for kind in load.kinds])
        compute = load.compute / np.array([_of(now.compute, kind) for kind in load.kinds])
        memory = load.memory / np.array([_of(now.memory, kind) for kind in load.kinds])
        bound: NDArray[np.bool_] = np.asarray(compute >= memory)
        traffic = np.logical_not(bound)
        np.add.at(rows[row], where[bound], load.compute[bound])
        np.add.at(rows[row], count + where[traffic], load.memory[traffic])
        rows[row, -2], rows[row, -1] = len(where), 1.0
        rigid[row] = load.launch.sum()
    lower = np.concatenate([np.ones(2 * count), np.zeros(2)])
    found = _bounded(rows / measured[:, None], 1.0 - rigid / measured, lower)
    used = (rows != 0).sum(axis=0) > 0
    inverse = [found[i] if used[i] else 1 / _side(now, kinds, i) for i in range(2 * count)]
    return Efficiencies(
        _table(kinds, inverse[:count]),
        _table(kinds, inverse[count:]),
        launch=1.0,
        base=float(found[-1]),
        start_ms=float(found[-2]),
    )


def _bounded(rows: Floats, targets: Floats, lower: Floats) -> Floats:
    """Least squares within bounds, columns brought to one scale, slightly regularised."""
    scale = np.sqrt((rows**2).mean(axis=0))
    scale[scale == 0] = 1.0
    penalty = np.sqrt(1e-6 * len(rows)) * np.eye(rows.shape[1])
    upper = np.where(lower > 0, MOST, np.inf)
    solved = lsq_linear(
        np.vstack([rows / scale, penalty]),
        np.concatenate([targets, np.zeros(rows.shape[1])]),
        bounds=(lower * scale, upper * scale),
    )
    return np.asarray(np.clip(solved.x / scale, lower, upper), dtype=np.float64)


def _side(now: Efficiencies, kinds: list[str], index: int) -> float:
    count = len(kinds)
    return _of(now.compute if index < count else now.memory, kinds[index % count])


def _table(kinds: list[str], inverse: Sequence[float]) -> dict[str, float]:
    reached = {kind: float(1 / value) for kind, value in zip(kinds, inverse, strict=True)}
    return {**reached, "*": float(1 / np.median(inverse))}


def _of(table: Mapping[str, float], kind: str) -> float:
    return table.get(kind, table["*"])
