"""Which networks to measure: spread over a space, or disputed by models."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from search_engine.costs.predictors.features import (
    UnitCounts,
    count_units,
    family,
    unit_features,
)
from search_engine.costs.predictors.protocol import Floats, Predictor
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

_NOISE = 0.03  # variance of a measurement beside what features explain


def spread_out(
    space: SearchSpace,
    n: int,
    rng: Generator,
    *,
    pool: int = 300,
    rules: RuntimeRules | None = None,
    exclude: Sequence[Genes] = (),
) -> list[Genes]:
    """Genes of `n` networks that tell the most about prices of units.

    Draws a pool uniformly, describes each network by what its units do, and takes those whose
    values are least certain given the ones taken before (`informative`). With 10 or 20 networks
    that predicts better than a random choice; from 50 on there is no difference.

    Args:
        rules: of the runtime, so that dead layers do not count.
        exclude: canonical genes not to take, such as those of a test set.

    Raises:
        PredictorError: `n` is not positive, or the pool has too few different networks.
    """
    if n < 1:
        raise PredictorError(f"At least one network must be chosen, got n={n}.")
    drawn = [tuple(row) for row in space.sample_many(rng, max(pool, 3 * n)).tolist()]
    known = set(exclude)
    genes = [g for g in dict.fromkeys(drawn) if g not in known]
    if len(genes) < n:
        raise PredictorError(
            f"{n} networks were asked for and a pool of {len(drawn)} draws from {space.label} has "
            f"{len(genes)} different ones that are allowed; ask for fewer or draw a larger pool."
        )
    rows = describe(count_units([space.decode(g) for g in genes], rules or RuntimeRules()))
    return [genes[i] for i in informative(rows, n)]


def describe(counts: UnitCounts) -> Floats:
    """`n x p` logarithms of 1 + sums per family and of the longest path, mean 0, variance 1."""
    families = sorted({family(unit) for unit in counts.units})
    sums = counts.counts @ unit_features(counts.units, families)
    rows = np.log1p(np.hstack([sums, counts.longest]))
    spread = rows.std(axis=0)
    varies = spread > 1e-9
    described: Floats = (rows[:, varies] - rows[:, varies].mean(axis=0)) / spread[varies]
    return described


def informative(rows: Floats, n: int, *, noise: float = _NOISE) -> list[int]:
    """Rows whose measurement tells most about a linear model of the columns (greedy D-optimal).

    Each step takes the row that the model, given those taken before, is least certain of. The
    prior holds that all columns together have variance 1 and are equally important.

    Args:
        rows: `m x p`, columns of mean 0 that are scaled by how much they may matter.

    Source: Fedorov, Theory of Optimal Experiments, 1972; greedy as in Krause et al., JMLR 9, 2008.
    """
    scaled = rows / max(1e-12, np.sqrt((rows**2).sum(axis=1).mean()))
    scaled = np.hstack([scaled, np.full((len(rows), 1), 3.0)])
    covariance, taken = np.eye(scaled.shape[1]), list[int]()
    while len(taken) < min(n, len(rows)):
        along = scaled @ covariance
        variance = (along * scaled).sum(axis=1)
        variance[taken] = -np.inf
        index = int(variance.argmax())
        taken.append(index)
        gain = along[index]
        covariance -= np.outer(gain, gain) / (float(gain @ scaled[index]) + noise)
    return taken


def next_by_disagreement(
    space: SearchSpace,
    predictors: Sequence[Predictor],
    n: int,
    rng: Generator,
    *,
    pool: int = 300,
    exclude: Sequence[Genes] = (),
) -> list[Genes]:
    """Genes of `n` networks, of a uniform pool, that fitted predictors dispute the most.

    The dispute is the standard deviation of the logarithms of what they predict. One in four
    is drawn at random instead, so that what all get wrong alike is found as well.

    Raises:
        PredictorError: fewer than two predictors, or too few different networks.
    """
    if len(predictors) < 2:
        raise PredictorError("A dispute needs at least two fitted predictors; use spread_out.")
    drawn = [tuple(row) for row in space.sample_many(rng, max(pool, 3 * n)).tolist()]
    known = set(exclude)
    genes = [g for g in dict.fromkeys(drawn) if g not in known]
    if len(genes) < n:
        raise PredictorError(
            f"{n} networks were asked for, {len(genes)} different ones were drawn; ask for fewer."
        )
    networks = [space.decode(g) for g in genes]
    guesses = np.stack([predictor.predict(networks) for predictor in predictors])
    dispute = np.log(np.maximum(guesses, 1e-12)).std(axis=0)
    order = np.argsort(-dispute, kind="stable").tolist()
    disputed = order[: n - n // 4]
    rest = rng.permutation(np.setdiff1d(np.arange(len(genes)), disputed))[: n // 4].tolist()
    return [genes[i] for i in (*disputed, *rest)]
