"""Which kernels of a search space a device's model knows: kinds against sizes of their output."""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np

from experiments.pages.device_kernels import decoded
from hardware_profiles.models import Device, FittedModel, KernelTiming, Measurement
from hardware_profiles.profiling.ledger import rules_of
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.protocols import SearchSpace

DRAWS = 24
MOST_NETWORKS = 400
CACHED = 64


@dataclass(frozen=True)
class Coverage:
    """Kernel kinds against sizes of their output.

    Attributes:
        sides: columns, as words.
        rows: one per kind: its name and cells, each `needed`, `known` and a `level` from 0 to 4.
        known, needed: shapes in all.
        missing: kinds of which nothing is known.
        timed: shapes are known because they were timed one by one; else because they occur in
            networks that the model was fitted on.
    """

    sides: list[str]
    rows: list[dict[str, Any]]
    known: int
    needed: int
    missing: list[str]
    timed: bool


def coverage(device: Device, model: FittedModel, space: SearchSpace) -> Coverage | None:
    """Of the kernels that random networks of the space need, which are known; None if none is.

    Kernels are compared by their keys: the operation, its settings and its shapes.
    """
    rules = rules_of(device)
    rows = KernelTiming.objects.filter(device=device, quarantined=False)
    timed = frozenset(rows.values_list("key", flat=True))
    known = timed or (_fitted_on(model.profile_id, space, rules) if model.profile_id else timed)
    if not known:
        return None
    return _grid(_needed(space, rules), known, timed=bool(timed))


@lru_cache(maxsize=CACHED)
def _needed(space: SearchSpace, rules: RuntimeRules) -> tuple[Unit, ...]:
    """Units of random networks, each once."""
    rng = np.random.default_rng(0)
    networks = (space.decode(space.sample(rng)) for _ in range(DRAWS))
    return tuple({u.key: u for net in networks for u in units_of(net, rules)}.values())


@lru_cache(maxsize=CACHED)
def _fitted_on(profile: UUID, space: SearchSpace, rules: RuntimeRules) -> frozenset[str]:
    """Keys of the units in the networks of a run that ended: they do not change any more."""
    rows = Measurement.objects.filter(
        profile=profile, split=Measurement.Split.FIT, quarantined=False
    )
    genes = rows.order_by("created_at").values_list("genes", flat=True)[:MOST_NETWORKS]
    networks = filter(None, (decoded(space, row) for row in genes))
    return frozenset(unit.key for net in networks for unit in units_of(net, rules))


def _grid(needed: Iterable[Unit], known: Set[str], *, timed: bool) -> Coverage:
    cells: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    units = list(needed)
    for unit in units:
        cell = cells[unit.kind, _side(unit)]
        cell[0] += unit.key in known
        cell[1] += 1
    sides = sorted({side for _, side in cells}, reverse=True)
    kinds = sorted({kind for kind, _ in cells})
    rows = [{"kind": k, "cells": [_cell(k, s, cells.get((k, s))) for s in sides]} for k in kinds]
    return Coverage(
        sides=[f"{side}²" if side > 1 else "1" for side in sides],
        rows=rows,
        known=sum(unit.key in known for unit in units),
        needed=len(units),
        missing=[k for k in kinds if not any(c[0] for (kind, _), c in cells.items() if kind == k)],
        timed=timed,
    )


def _cell(kind: str, side: int, counts: list[int] | None) -> dict[str, Any]:
    if counts is None:
        return {"needed": 0, "known": 0, "level": "", "title": f"{kind}: none at this size"}
    known, needed = counts
    level = 0 if not known else 1 + min(3, int(3 * known / needed))
    size = f"{side}×{side}" if side > 1 else "a vector"
    return {
        "needed": needed,
        "known": known,
        "level": level,
        "title": f"{kind} with an output of {size}: {known} of {needed} shapes known",
    }


def _side(unit: Unit) -> int:
    return unit.output[-1] if len(unit.output) == 3 else 1
