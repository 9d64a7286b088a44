"""NSGA-II: evolves a whole Pareto front, generation by generation."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from pydantic import Field

from search_engine.config import Config
from search_engine.operators import mutate_one_gene, random_reset, uniform_crossover
from search_engine.pareto import crowding_distance, non_dominated_sort
from search_engine.problem import SearchProblem
from search_engine.protocols import Turn
from search_engine.strategies._fresh import Fresh
from search_engine.types import Genes, Trial, TrialStatus

RETRIES = 20


class NSGA2Config(Config):
    """Size of a generation and how children are made."""

    population_size: int = Field(
        16, ge=4, le=1_000, description="Architectures per generation, and survivors of each."
    )
    crossover_probability: float = Field(
        0.9, ge=0, le=1, description="Chance that a child has two parents instead of one."
    )
    mutations_per_child: float = Field(
        1.0, gt=0, le=100, description="Genes of a child that mutation changes on average."
    )


@dataclass(frozen=True, slots=True)
class _Member:
    genes: Genes
    costs: NDArray[np.float64]
    infeasibility: float


@dataclass(frozen=True, slots=True)
class _Population:
    """Survivors, best first, and their standing: 0 = best, equal = none of the two is better."""

    members: tuple[_Member, ...]
    standing: tuple[int, ...]


class NSGA2:
    """Non-dominated sorting genetic algorithm with constrained domination.

    Proposal `n` belongs to generation `n // population_size`. Children of a generation depend on
    the results of earlier generations only, so `ask` waits (returns None) until those are in, and
    the number of workers does not change the outcome. Genes are categorical: uniform crossover
    and random reset. A child that was proposed before, or is over an analytic limit, is replaced
    by a one-gene mutant of a tournament winner, in up to 20 tries, and then by a random
    architecture. Failed trials count for their generation but never become parents.

    Source: Deb et al., IEEE TEVC 6(2), 2002, doi:10.1109/4235.996017
    """

    config_class = NSGA2Config

    def __init__(self, problem: SearchProblem, config: NSGA2Config) -> None:
        self._problem, self._config = problem, config
        self._fresh = Fresh(problem)
        self._told: defaultdict[int, dict[int, _Member | None]] = defaultdict(dict)
        self._complete = 0  # generations below this one have all their results
        self._populations: list[_Population] = []  # [g] = survivors before generation g

    def ask(self, turn: Turn) -> Genes | None:
        """A random member of the first generation, or a child of the survivors so far."""
        generation = turn.number // self._config.population_size
        if not self._is_ready(generation):
            return None
        parents = self._parents(generation)
        if generation > 0 and parents.members:
            for child in self._children(parents, turn.rng):
                if self._fresh.accepts(child, turn):
                    return child
        return self._fresh.draw(turn)

    def tell(self, trial: Trial) -> None:
        """Learn a result; a second report of a trial replaces the first.

        Trials with negative numbers (known before the search) are part of the first population.
        """
        generation = trial.number // self._config.population_size
        self._told[generation][trial.number] = self._member(trial)
        del self._populations[max(0, generation + 1) :]

    def population(self, generation: int) -> list[Genes]:
        """Survivors of all generations before this one, best first."""
        return [member.genes for member in self._parents(generation).members]

    def _member(self, trial: Trial) -> _Member | None:
        if trial.status is not TrialStatus.DONE:
            return None
        problem = self._problem
        return _Member(trial.genes, problem.costs(trial), problem.infeasibility(trial))

    def _is_ready(self, generation: int) -> bool:
        while len(self._told.get(self._complete, ())) == self._config.population_size:
            self._complete += 1
        return generation <= self._complete

    def _parents(self, generation: int) -> _Population:
        if not self._populations:
            early = (self._members(g) for g in sorted(self._told) if g < 0)
            self._populations.append(self._survivors([m for group in early for m in group]))
        while len(self._populations) <= generation:
            pool = [*self._populations[-1].members, *self._members(len(self._populations) - 1)]
            self._populations.append(self._survivors(pool))
        return self._populations[generation]

    def _members(self, generation: int) -> list[_Member]:
        told = self._told.get(generation, {})
        return [member for _, member in sorted(told.items()) if member is not None]

    def _survivors(self, pool: Sequence[_Member]) -> _Population:
        if not pool:
            return _Population((), ())
        ranks, crowding = rank_and_crowding(
            np.array([member.costs for member in pool]),
            np.array([member.infeasibility for member in pool]),
        )
        order = np.lexsort((-crowding, ranks))[: self._config.population_size]
        better = (np.diff(ranks[order]) != 0) | (crowding[order][1:] != crowding[order][:-1])
        standing = np.concatenate(([0], np.cumsum(better)))
        return _Population(tuple(pool[i] for i in order), tuple(standing.tolist()))

    def _children(self, parents: _Population, rng: Generator) -> Iterator[Genes]:
        """A child by crossover and mutation, then one-gene mutants of other winners."""
        space, config = self._problem.space, self._config
        child = self._tournament(parents, rng)
        if rng.random() < config.crossover_probability:
            child = uniform_crossover(child, self._tournament(parents, rng), space, rng)
        yield random_reset(child, space, rng, config.mutations_per_child)
        for _ in range(RETRIES):
            yield mutate_one_gene(self._tournament(parents, rng), space, rng)

    def _tournament(self, parents: _Population, rng: Generator) -> Genes:
        draws: list[int] = rng.integers(len(parents.members), size=2).tolist()
        return parents.members[min(draws, key=parents.standing.__getitem__)].genes


def rank_and_crowding(
    costs: NDArray[np.float64], infeasibility: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Front of each point, and how lonely it is within that front.

    Args:
        costs: `n x m`, to be minimised; may be NaN where infeasible.
        infeasibility: `n`, 0 = feasible.
    """
    ranks = non_dominated_sort(costs, infeasibility)
    crowding = np.empty(len(ranks))
    for rank in range(ranks.max(initial=-1) + 1):
        front = ranks == rank
        crowding[front] = crowding_distance(costs[front])
    return ranks, crowding
