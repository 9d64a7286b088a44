"""Regularized evolution: mutate tournament winners, retire the oldest."""

from bisect import insort

from numpy.random import Generator
from pydantic import Field

from search_engine.config import Config
from search_engine.operators import mutate_one_gene
from search_engine.problem import SearchProblem
from search_engine.protocols import Turn
from search_engine.strategies._fresh import Fresh
from search_engine.types import Genes, Trial, TrialStatus

RETRIES = 20


class RegularizedEvolutionConfig(Config):
    """How many live, and how strongly the best of them are preferred."""

    population_size: int = Field(
        20, ge=2, le=10_000, description="Members kept alive; the oldest leaves first."
    )
    tournament_size: int = Field(
        5, ge=1, le=10_000, description="Members drawn, with replacement, to find one parent."
    )


class RegularizedEvolution:
    """Mutate one gene of a tournament winner, retire the oldest member, not the worst.

    Optimises the first objective; further objectives are recorded but do not steer. Feasible
    members come first, infeasible ones are compared by their violation alone. Age is the number
    of the proposal, so results may arrive in any order; failed trials never enter the population.

    Source: Real et al., AAAI 2019, Algorithm 1, https://arxiv.org/abs/1802.01548
    """

    config_class = RegularizedEvolutionConfig

    def __init__(self, problem: SearchProblem, config: RegularizedEvolutionConfig) -> None:
        self._problem, self._config = problem, config
        self._fresh = Fresh(problem)
        self._numbers: list[int] = []  # of the trials that succeeded, ascending
        self._scores: dict[int, tuple[float, float]] = {}  # smaller is better
        self._genes: dict[int, Genes] = {}

    def population(self) -> list[Genes]:
        """The members alive, oldest first."""
        return [self._genes[number] for number in self._alive()]

    def ask(self, turn: Turn) -> Genes:
        """Random until the population is full, then a mutant of a tournament winner."""
        alive = self._alive()
        if len(alive) == self._config.population_size:
            parent = self._genes[self._winner(alive, turn.rng)]
            for _ in range(RETRIES):
                child = mutate_one_gene(parent, self._problem.space, turn.rng)
                if self._fresh.accepts(child, turn):
                    return child
        return self._fresh.draw(turn)

    def tell(self, trial: Trial) -> None:
        """Let a successful trial join by its age; a second report of a trial replaces the first."""
        if trial.number in self._genes:
            self._forget(trial.number)
        if trial.status is TrialStatus.DONE:
            insort(self._numbers, trial.number)
            self._genes[trial.number] = trial.genes
            self._scores[trial.number] = self._score(trial)

    def _alive(self) -> list[int]:
        return self._numbers[-self._config.population_size :]

    def _winner(self, alive: list[int], rng: Generator) -> int:
        draws: list[int] = rng.integers(len(alive), size=self._config.tournament_size).tolist()
        return min((alive[draw] for draw in draws), key=self._scores.__getitem__)

    def _score(self, trial: Trial) -> tuple[float, float]:
        infeasibility = self._problem.infeasibility(trial)
        cost = float(self._problem.costs(trial)[0]) if infeasibility == 0 else 0.0
        return infeasibility, cost

    def _forget(self, number: int) -> None:
        self._numbers.remove(number)
        del self._genes[number], self._scores[number]
