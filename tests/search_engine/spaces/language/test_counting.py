"""Exact counting against enumeration, for random conditional variables."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_engine.errors import SpaceError
from search_engine.spaces.language.counting import Numbering, random_below


@st.composite
def problems(draw):
    """Cardinalities and closed conditions of up to seven variables, any acyclic structure."""
    cardinalities, conditions = [], []
    for index in range(draw(st.integers(0, 7))):
        cardinalities.append(draw(st.integers(1, 3)))
        mine = {}
        for other in draw(st.lists(st.integers(0, index - 1), max_size=2)) if index else ():
            values = draw(st.sets(st.integers(0, cardinalities[other] - 1), min_size=1))
            wanted = {other: frozenset(values), **dict(conditions[other])}
            both = {k: v & mine.get(k, v) for k, v in wanted.items()}
            if all(both.values()):
                mine.update(both)
        conditions.append(frozenset(mine.items()))
    return cardinalities, conditions


def canonical(genes, conditions):
    return tuple(
        gene if all(genes[k] in values for k, values in mine) else 0
        for gene, mine in zip(genes, conditions, strict=True)
    )


@given(problems())
@settings(max_examples=300, deadline=None)
def test_numbering_is_a_bijection_onto_canonical_genes(problem):
    cardinalities, conditions = problem
    every = {
        canonical(genes, conditions) for genes in itertools.product(*map(range, cardinalities))
    }
    numbering = Numbering(cardinalities, conditions)
    assert numbering.size == len(every)
    assert {numbering.genes(i) for i in range(numbering.size)} == every


def test_numbers_outside_are_refused():
    numbering = Numbering([3], [frozenset()])
    for index in (-1, 3):
        with pytest.raises(SpaceError, match="0 to 2"):
            numbering.genes(index)


def test_many_independent_conditional_groups_stay_cheap():
    """400 options with three decisions each: (1 + 2 * 27) ** 400, no enumeration."""
    cardinalities, conditions = [], []
    for group in range(400):
        cardinalities += [3, 3, 3, 3]
        on = frozenset({(4 * group, frozenset({1, 2}))})
        conditions += [frozenset(), on, on, on]
    assert Numbering(cardinalities, conditions).size == (1 + 2 * 27) ** 400


def test_entangled_conditions_end_in_an_error_and_not_in_a_hang():
    rng = np.random.default_rng(0)
    cardinalities = [2] * 40 + [2] * 400
    conditions = [frozenset()] * 40
    for _ in range(400):
        a, b, c = rng.choice(40, size=3, replace=False)
        conditions.append(frozenset({(int(i), frozenset({1})) for i in (a, b, c)}))
    with pytest.raises(SpaceError, match="too entangled"):
        Numbering(cardinalities, conditions)


@pytest.mark.parametrize("limit", [1, 2, 7, 2**63 - 1, 2**63, 10**40 + 7])
def test_random_integers_stay_below_the_limit_and_repeat_with_the_seed(limit):
    draws = [random_below(limit, np.random.default_rng(seed)) for seed in range(50)]
    assert all(0 <= draw < limit for draw in draws)
    assert draws == [random_below(limit, np.random.default_rng(seed)) for seed in range(50)]
    assert limit == 1 or len(set(draws)) > 1


def test_large_random_integers_are_uniform_in_their_leading_part():
    limit, rng = 3 * 2**100, np.random.default_rng(1)
    thirds = np.bincount([3 * random_below(limit, rng) // limit for _ in range(3000)])
    assert len(thirds) == 3
    assert abs(thirds - 1000).max() < 110  # more than four standard deviations
