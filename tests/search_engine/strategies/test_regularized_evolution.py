"""Regularized evolution: ageing, tournaments, one-gene mutants, feasible first."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from search_engine.operators import all_genes, neighbours
from search_engine.protocols import Turn
from search_engine.strategies.regularized_evolution import (
    RegularizedEvolution,
    RegularizedEvolutionConfig,
)
from search_engine.testing import drive
from search_engine.toys import toy_problem
from search_engine.types import Constraint, Trial, TrialStatus

FAR_APART = [(0,) * 6, (1,) * 6, (2,) * 6, (0, 1, 2, 0, 1, 2), (1, 2, 0, 1, 2, 0)]


def evolution(problem=None, *, population=5, tournament=1):
    config = RegularizedEvolutionConfig(population_size=population, tournament_size=tournament)
    return RegularizedEvolution(problem or toy_problem(), config)


def scored(number, genes, accuracy, **metrics):
    return Trial(number, genes, {"accuracy": accuracy, "params": 1.0, **metrics})


def tell_all(strategy, trials):
    for trial in trials:
        strategy.tell(trial)
    return strategy


def parent_of(child):
    """The members are at least four genes apart, so a one-gene mutant has one possible parent."""
    (parent,) = (g for g in FAR_APART if sum(a != b for a, b in zip(g, child, strict=True)) == 1)
    return parent


def parents_drawn(strategy, draws=2_000):
    taken = frozenset(FAR_APART)
    return Counter(
        parent_of(strategy.ask(Turn(5, np.random.default_rng(seed), taken)))
        for seed in range(draws)
    )


def test_population_is_the_last_members_by_birth_even_when_the_best_has_aged_out():
    problem = toy_problem()
    genes = list(all_genes(problem.space))[:12]
    strategy = evolution(problem)
    for number, item in enumerate(genes):
        strategy.tell(scored(number, item, accuracy=1 - number / 100))
        assert strategy.population() == genes[max(0, number - 4) : number + 1]


def test_without_selection_the_parent_is_uniform_over_the_population():
    strategy = tell_all(
        evolution(tournament=1), [scored(i, g, i / 10) for i, g in enumerate(FAR_APART)]
    )
    counts = parents_drawn(strategy)
    assert set(counts) == set(FAR_APART)
    assert chisquare(list(counts.values())).pvalue > 1e-3


@pytest.mark.parametrize("tournament", [2, 5])
def test_best_member_is_parent_as_often_as_tournaments_with_replacement_say(tournament):
    strategy = tell_all(
        evolution(tournament=tournament), [scored(i, g, i / 10) for i, g in enumerate(FAR_APART)]
    )
    wins = parents_drawn(strategy)[FAR_APART[-1]]
    expected = 1 - (1 - 1 / 5) ** tournament
    assert binomtest(wins, 2_000, expected).pvalue > 1e-3


def test_child_differs_from_a_living_member_in_one_gene():
    problem = toy_problem()
    strategy = evolution(problem, tournament=2)
    done = drive(strategy, problem, 5)
    for number in range(5, 40):
        alive = strategy.population()
        done = drive(strategy, problem, number + 1, known=done)
        assert any(done[-1].genes in set(neighbours(member, problem.space)) for member in alive)


def test_best_of_the_search_is_the_best_of_all_history():
    problem = toy_problem()
    done = drive(evolution(problem), problem, 60)
    best = max(done, key=lambda trial: trial.metrics["accuracy"])
    assert problem.front(done)[0].metrics["accuracy"] == best.metrics["accuracy"]


def test_improves_on_its_random_start():
    problem = toy_problem()
    gains = []
    for seed in range(5):
        done = drive(evolution(problem, population=10, tournament=4), problem, 60, seed=seed)
        accuracies = [trial.metrics["accuracy"] for trial in done]
        gains.append(np.mean(accuracies[-20:]) - np.mean(accuracies[:10]))
    assert np.mean(gains) > 0.05


def test_feasible_members_win_and_then_the_smallest_violation():
    limit = Constraint("latency_ms", "<=", 1.0)
    members = [
        scored(0, FAR_APART[0], 0.9, latency_ms=3.0),
        Trial(1, FAR_APART[1], {"latency_ms": 1.5, "params": 1.0}),  # over the limit: not trained
        scored(2, FAR_APART[2], 0.99, latency_ms=2.0),
        scored(3, FAR_APART[3], 0.8, latency_ms=9.0),
    ]
    poor_but_feasible = scored(4, FAR_APART[4], 0.1, latency_ms=0.5)
    eager = {"tournament": 200}  # so many draws that the best member is always among them
    found = tell_all(evolution(toy_problem(limit), **eager), [*members, poor_but_feasible])
    assert set(parents_drawn(found, 50)) == {FAR_APART[4]}
    unseen = Trial(4, FAR_APART[4], {}, TrialStatus.DONE)
    lost = tell_all(evolution(toy_problem(limit), **eager), [*members, unseen])
    assert set(parents_drawn(lost, 50)) == {FAR_APART[1]}


def test_failed_trials_never_join():
    strategy = evolution()
    strategy.tell(Trial(0, FAR_APART[0], {}, TrialStatus.FAILED, "broken"))
    strategy.tell(scored(1, FAR_APART[1], 0.5))
    assert strategy.population() == [FAR_APART[1]]


def test_second_report_of_a_trial_replaces_the_first():
    strategy = tell_all(
        evolution(tournament=200), [scored(i, g, i / 10) for i, g in enumerate(FAR_APART)]
    )
    strategy.tell(scored(2, FAR_APART[2], 0.99))
    assert set(parents_drawn(strategy, 50)) == {FAR_APART[2]}
    strategy.tell(Trial(2, FAR_APART[2], {}, TrialStatus.FAILED))
    assert FAR_APART[2] not in strategy.population()


def test_seen_mutants_are_replaced_by_a_random_newcomer():
    problem = toy_problem()
    strategy = tell_all(
        evolution(problem, tournament=200), [scored(i, g, i / 10) for i, g in enumerate(FAR_APART)]
    )
    best = FAR_APART[-1]
    taken = frozenset([*FAR_APART, *neighbours(best, problem.space)])
    children = {strategy.ask(Turn(9, np.random.default_rng(s), taken)) for s in range(60)}
    assert len(children) > 40
    assert not children & taken
