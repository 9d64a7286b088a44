"""What a run measures: networks kept apart, networks to fit on, and which of them once more."""

from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from hardware_profiles.errors import ProfilingError
from hardware_profiles.profile_models import Profile
from hardware_profiles.profiling.budget import FEWEST_FIT, FEWEST_TEST, Budget
from hardware_profiles.profiling.drawing import uniform
from hardware_profiles.profiling.ledger import evidence_of, measured, rules_of
from hardware_profiles.profiling.versions import current_model
from search_engine.costs.fitting import fit
from search_engine.costs.selection import next_by_disagreement, spread_out
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

FIRST_SHARE = 0.6
"""Of the networks to fit on, chosen by spread before anything is measured; others by doubt."""

ROUND = 18
RIVALS = ("lut", "ridge")
Lists = dict[str, list[list[int]]]


def first_plan(profile: Profile, space: SearchSpace, budget: Budget) -> Lists:
    """Genes to measure, by stage. ProfilingError: there are not enough."""
    rng = default_rng([profile.seed, 0])
    if budget.purpose != "profile":
        return _stored_networks(profile, budget, rng)
    test = uniform(space, budget.tests, rng)
    most = len(test) if len(test) < budget.tests else space.size
    if most < budget.tests + FEWEST_FIT:  # small: share out what there is
        everything = uniform(space, budget.tests + budget.fits, rng)
        if len(everything) < FEWEST_TEST + FEWEST_FIT:
            raise ProfilingError(
                f"Search space {profile.space!r} has only {len(everything)} different "
                f"architectures; profiling needs {FEWEST_TEST + FEWEST_FIT}. Measure them one by "
                "one instead."
            )
        cut = max(FEWEST_TEST, len(everything) // 4)
        return _lists(test=everything[:cut], fit=everything[cut:])
    apart = {space.decode(genes).digest for genes in test}
    count = max(FEWEST_FIT, round(budget.fits * FIRST_SHARE))
    return _lists(test=test, fit=_spread(space, count, rng, apart, rules_of(profile.device)))


def more_to_fit(profile: Profile, space: SearchSpace, budget: Budget) -> list[list[int]]:
    """The next networks to fit on: where differently fitted models disagree most.

    None where the space has no others left.
    """
    if budget.purpose != "profile":
        return []
    rows = measured(profile)
    rng = default_rng([profile.seed, 1, len(rows)])
    taken = {row.network_hash for row in rows} | set(profile.progress["repeated"])
    taken |= {entry["hash"] for entry in profile.progress["failed"]}
    apart = profile.progress["plan"]["test"]  # of an extended run, which may measure them yet
    taken |= {space.decode(tuple(genes)).digest for genes in apart}
    count = min(ROUND, budget.fits - profile.progress["done"]["fit"])
    try:
        disputed = next_by_disagreement(space, _rivals(profile, space), 2 * count, rng)
    except PredictorError:  # too few measured, or hardly any others left
        disputed = []
    disputed = _new(space, disputed, taken)[:count]
    taken |= {space.decode(genes).digest for genes in disputed}
    chosen = disputed + uniform(space, count - len(disputed), rng, taken)
    return [list(map(int, genes)) for genes in chosen]


def _rivals(profile: Profile, space: SearchSpace) -> list[Any]:
    """Models of different kinds, fitted on what was measured so far. PredictorError."""
    evidence = evidence_of(profile, space)
    return [fit(key, evidence) for key in RIVALS]


def _new(space: SearchSpace, drawn: list[Genes], taken: set[str]) -> list[Genes]:
    """Those of architectures that were not taken, each once."""
    found = {space.decode(genes).digest: genes for genes in drawn}
    return [genes for digest, genes in found.items() if digest not in taken]


def to_remeasure(profile: Profile, count: int) -> list[list[int]]:
    """Test networks over the whole range of latencies, to be measured a second time."""
    rows = sorted(measured(profile, "test"), key=lambda row: row.value)
    places = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int))
    return [rows[place].genes for place in places] if rows else []


def _stored_networks(profile: Profile, budget: Budget, rng: Generator) -> Lists:
    """Networks of the run that the current model was fitted in, fitted on or not."""
    model = current_model(profile.device, profile.space)
    if model is None or model.space_checksum != profile.space_checksum:
        raise ProfilingError(
            f"Device {profile.device.slug!r} has no model for {profile.space!r} as it is now, so "
            f"there is nothing to {budget.purpose}. Profile it first."
        )
    source = profile_with_rows(model)
    rows = measured(source) if source else []
    if len(rows) < budget.tests + budget.fits:
        raise ProfilingError(
            f"The measurements that model {model} was fitted on are gone. Profile it again."
        )
    picked = [rows[i].genes for i in rng.permutation(len(rows))[: budget.tests + budget.fits]]
    return _lists(test=picked[: budget.tests], fit=picked[budget.tests :])


def profile_with_rows(model: Any) -> Profile | None:
    """The run whose measurements stand behind a model: of a recalibrated one, its base's."""
    seen = model
    while seen is not None and seen.profile and seen.profile.budget.get("purpose") == "recalibrate":
        older = seen.device.models.filter(
            space=seen.space, metric=seen.metric, version__lt=seen.version
        ).order_by("-version")
        seen = older.filter(profile__budget__purpose="profile").first()
    return seen.profile if seen else None


def _spread(
    space: SearchSpace, count: int, rng: Generator, apart: set[str], rules: RuntimeRules
) -> list[Genes]:
    try:
        spread = _new(space, spread_out(space, 2 * count, rng, rules=rules), apart)[:count]
    except PredictorError:  # the space is small
        spread = []
    apart = apart | {space.decode(genes).digest for genes in spread}
    return spread + uniform(space, count - len(spread), rng, apart)


def _lists(**stages: list[Any]) -> Lists:
    named = {"test": [], "fit": [], "floor": [], **stages}
    return {name: [list(map(int, genes)) for genes in rows] for name, rows in named.items()}
