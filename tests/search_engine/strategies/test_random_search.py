"""Random search: the baseline."""

from search_engine.strategies.random_search import RandomSearch, RandomSearchConfig
from search_engine.testing import drive
from search_engine.toys import toy_problem
from search_engine.types import Constraint


def search(problem, trials, seed=0):
    return drive(RandomSearch(problem, RandomSearchConfig()), problem, trials, seed=seed)


def test_seed_decides_the_sequence():
    problem = toy_problem()
    assert search(problem, 20, seed=1) == search(problem, 20, seed=1)
    assert search(problem, 20, seed=1) != search(problem, 20, seed=2)


def test_every_result_satisfies_the_analytic_limits():
    limit = Constraint("params", "<=", 400)
    problem = toy_problem(limit)
    assert all(trial.metrics["params"] <= 400 for trial in search(problem, 60))


def test_result_does_not_influence_what_comes_next():
    problem = toy_problem()
    told = search(problem, 20)
    deaf = RandomSearch(problem, RandomSearchConfig())
    deaf.tell = lambda trial: None
    assert drive(deaf, problem, 20) == told
