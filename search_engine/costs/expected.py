"""Expected cost of a random architecture, and its gradient: what differentiable search needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from search_engine.costs.gene_tables import GeneTables, Ints
from search_engine.costs.predictors.protocol import Floats, Predictor, Summed
from search_engine.costs.seams import END, START
from search_engine.errors import PredictorError
from search_engine.protocols import SearchSpace

MAX_EDGES = 500_000
LINEAR_PROBES = 8


@dataclass(frozen=True, slots=True)
class _Step:
    """One piece under all that may have been decided before: edges between states.

    Attributes:
        variables: decided here for the first time.
        source, target: states before and after, by number.
        genes: per edge, the choice of each of `variables`.
        values: per edge, what the piece adds.
        states: how many there are after it.
    """

    variables: tuple[int, ...]
    source: Ints
    target: Ints
    genes: Ints
    values: Floats
    states: int


class ExpectedCost:
    """E[cost] where every variable is drawn on its own, exact, and its gradient.

    With probabilities p the expectation is linear in each variable's p, so that the derivative
    with respect to one of them is the expectation given that choice; behind a softmax over α it
    becomes p_j (T_j - Σ_k p_k T_k). Decisions that several pieces of the network share (a width,
    a depth, the edges of repeated cells) are summed over together, not one piece at a time.

    Sources: Cai et al., ProxylessNAS, ICLR 2019, section 3.2.1; Wu et al., FBNet, CVPR 2019,
    section 3.3.

    Raises:
        PredictorError: the predictor is not linear in sums over units, the space has constraints
            (choices are then not independent) or ties too many decisions together.
    """

    def __init__(self, space: SearchSpace, predictor: Predictor) -> None:
        self._tables = GeneTables(space, predictor)
        self._space = space
        if self._tables.slow:
            raise PredictorError(f"No exact expectation: {self._tables.slow}")
        if space.constraints:
            raise PredictorError(
                "No exact expectation: the constraints of the space tie its choices together."
            )
        self._weights, self._base = _linear(space, predictor, self._tables)
        self._steps, self._last = self._compiled()

    def value(self, probabilities: Sequence[Floats]) -> float:
        """Expected cost.

        Args:
            probabilities: per variable, one number ≥ 0 per choice. They need not sum to 1: the
                result is the multilinear extension then.
        """
        chances = self._checked(probabilities)
        weights = self._forward(chances)
        total = sum(
            float((weight[step.source] * _chance(step, chances)) @ step.values)
            for step, weight in zip(self._steps, weights, strict=False)
        )
        return total + float(weights[-1] @ self._last)

    def value_and_gradient(self, probabilities: Sequence[Floats]) -> tuple[float, list[Floats]]:
        """The same, and the derivative with respect to every probability."""
        chances = self._checked(probabilities)
        weights = self._forward(chances)
        gradient = [np.zeros_like(chance) for chance in chances]
        behind = self._last
        for step, weight in zip(reversed(self._steps), reversed(weights[:-1]), strict=True):
            ahead = step.values + behind[step.target]
            for place, variable in enumerate(step.variables):
                others = _chance(step, chances, without=place)
                np.add.at(
                    gradient[variable], step.genes[:, place], weight[step.source] * others * ahead
                )
            behind = np.zeros(len(weight))
            np.add.at(behind, step.source, _chance(step, chances) * ahead)
        return float(behind[0]), gradient

    def _forward(self, chances: Sequence[Floats]) -> list[Floats]:
        """Chance of every state, before each step and after the last."""
        weights = [np.ones(1)]
        for step in self._steps:
            after = np.zeros(step.states)
            np.add.at(after, step.target, weights[-1][step.source] * _chance(step, chances))
            weights.append(after)
        return weights

    def _checked(self, probabilities: Sequence[Floats]) -> list[Floats]:
        counts = self._space.cardinalities
        arrays = [np.asarray(chance, dtype=np.float64) for chance in probabilities]
        if [array.shape for array in arrays] != [(count,) for count in counts]:
            raise PredictorError(
                f"Probabilities are one array per variable with one number per choice: "
                f"{list(counts)}; got shapes {[array.shape for array in arrays]}."
            )
        if any(not np.isfinite(array).all() or (array < 0).any() for array in arrays):
            raise PredictorError("Probabilities are finite and not negative.")
        return arrays

    def _compiled(self) -> tuple[list[_Step], Floats]:
        needed = [step.needs for step in self._tables.steps]
        states, live = np.array([[START]], dtype=np.int64), list[int]()
        steps = []
        for number, needs in enumerate(needed):
            later = set[int]().union(*needed[number + 1 :])
            new = [variable for variable in needs if variable not in live]
            step, states, live = self._step(number, states, live, new, later)
            steps.append(step)
        seams, inverse = np.unique(states[:, 0], return_inverse=True)
        endings = np.stack([self._tables.ending(seam) for seam in seams.tolist()])
        return steps, endings[inverse] @ self._weights + self._base

    def _step(
        self, number: int, states: Ints, live: list[int], new: list[int], later: set[int]
    ) -> tuple[_Step, Ints, list[int]]:
        """Edges of one piece; states are rows of a seam and the genes of the live variables."""
        counts = [self._space.cardinalities[variable] for variable in new]
        if (edges := len(states) * prod(counts)) > MAX_EDGES:
            raise PredictorError(
                "No exact expectation: the pieces of this space share too many decisions, "
                f"{edges:,} cases of one piece, at most {MAX_EDGES:,}. Average over draws instead."
            )
        choices = np.array(list(product(*map(range, counts))), dtype=np.int64)
        source = np.repeat(np.arange(len(states)), len(choices))
        genes = np.tile(choices, (len(states), 1))
        rows = np.zeros((len(source), len(self._space.cardinalities)), dtype=np.int64)
        rows[:, live] = states[source, 1:]
        rows[:, new] = genes
        added, seams = self._tables.step(number, rows, states[source, 0])
        if (seams == END).any():
            raise PredictorError(
                "No exact expectation: some choices make layers before them superfluous."
            )
        kept = [variable for variable in (*live, *new) if variable in later]
        after, target = np.unique(
            np.column_stack([seams, rows[:, kept]]), axis=0, return_inverse=True
        )
        values = added @ self._weights
        return (
            _Step(tuple(new), source, target.reshape(-1), genes, values, len(after)),
            after,
            kept,
        )


def _chance(step: _Step, chances: Sequence[Floats], without: int | None = None) -> Floats:
    """Per edge, the chance of what is decided there."""
    total = np.ones(len(step.source))
    for place, variable in enumerate(step.variables):
        if place != without:
            total *= chances[variable][step.genes[:, place]]
    return total


def _linear(space: SearchSpace, predictor: Predictor, tables: GeneTables) -> tuple[Floats, float]:
    """Weights and constant of `from_sums`. PredictorError where it is not linear."""
    assert isinstance(predictor, Summed)
    rng = np.random.default_rng(0)
    rows = np.array([space.sample(rng) for _ in range(LINEAR_PROBES)], dtype=np.int64)
    sums = tables.sums(rows)
    width = sums.shape[1]
    origin = sums[0]
    steps = np.diag(np.maximum(np.abs(origin), 1.0))
    first = predictor.from_sums(origin[None, :])[0]
    weights = (predictor.from_sums(origin + steps) - first) / np.diag(steps)
    base = float(first - origin @ weights)
    expected = predictor.from_sums(sums)
    if not np.allclose(sums @ weights + base, expected, rtol=1e-9, atol=0.0):
        raise PredictorError(
            "No exact expectation: this predictor is not linear in sums over execution units."
        )
    return weights.reshape(width), base
