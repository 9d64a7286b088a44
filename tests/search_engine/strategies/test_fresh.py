"""Drawing an architecture that is new and allowed."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from search_engine.errors import InfeasibleError, SpaceExhaustedError
from search_engine.operators import all_genes
from search_engine.problem import SearchProblem
from search_engine.protocols import Turn
from search_engine.strategies._fresh import Fresh
from search_engine.toys import ToySpace, toy_problem
from search_engine.types import Constraint, Objective


def turn(taken=(), seed=0):
    return Turn(len(taken), np.random.default_rng(seed), frozenset(taken))


def test_everything_that_is_left_is_equally_likely():
    problem = toy_problem(layers=3)
    taken = set(list(all_genes(problem.space))[::3])
    fresh = Fresh(problem)
    counts = Counter(fresh.draw(turn(taken, seed)) for seed in range(3_000))
    assert set(counts) == set(all_genes(problem.space)) - taken
    assert chisquare(list(counts.values())).pvalue > 1e-3


@pytest.mark.parametrize("layers", [3, 8])
def test_the_last_one_is_found(layers):
    space = ToySpace(layers)
    *taken, last = all_genes(space)
    fresh = Fresh(SearchProblem(space, (Objective("accuracy"),)))
    assert fresh.draw(turn(taken)) == last


def test_nothing_left_is_space_exhausted_with_the_size():
    problem = toy_problem(layers=3)
    with pytest.raises(SpaceExhaustedError, match="All 27 architectures"):
        Fresh(problem).draw(turn(list(all_genes(problem.space))))


def test_the_only_allowed_one_of_a_small_space_is_found():
    smallest = min(toy_problem().space.decode(g).params for g in all_genes(ToySpace()))
    problem = toy_problem(Constraint("params", "<=", smallest))
    assert Fresh(problem).draw(turn()) == (0,) * 6
    with pytest.raises(InfeasibleError):
        Fresh(problem).draw(turn([(0,) * 6]))


def test_infeasible_names_the_limit_that_is_missed_by_most_and_the_closest_value():
    problem = toy_problem(Constraint("params", "<=", 80), Constraint("macs", "<=", 500), layers=3)
    smallest = problem.space.decode((0, 0, 0))
    with pytest.raises(InfeasibleError) as caught:
        Fresh(problem).draw(turn())
    message = str(caught.value)
    assert "None of 27 architectures" in message
    assert smallest.params > 80  # by less than the MACs miss their limit
    assert f"macs <= 500, missed by 27 of them; the closest has {smallest.macs:,}" in message
    violation = problem.analytic_violation((0, 0, 0))
    assert f"smallest violation of all limits together is {violation:.1%}" in message


def test_limits_that_exclude_each_other_are_named_too():
    problem = toy_problem(
        Constraint("params", ">=", 200), Constraint("params", "<=", 190), layers=3
    )
    with pytest.raises(InfeasibleError, match="Tightest is params >= 200, missed by"):
        Fresh(problem).draw(turn())


def test_large_space_gives_up_and_knows_the_smallest_network():
    space = ToySpace(layers=12)
    problem = SearchProblem(space, (Objective("accuracy"),), (Constraint("params", "<=", 10),))
    with pytest.raises(
        InfeasibleError,
        match=r"None of [\d,]+ architectures .* params <= 10, .* the closest has 304\.",
    ):
        Fresh(problem).draw(turn())


def test_rare_allowed_ones_of_a_large_space_are_found():
    problem = toy_problem(Constraint("params", "<=", 350), layers=12)  # the smallest has 304
    fresh, taken = Fresh(problem), set()
    for seed in range(20):
        genes = fresh.draw(turn(taken, seed))
        assert genes not in taken
        assert problem.analytic_violation(genes) == 0
        taken.add(genes)
