"""NSGA-II: generations, survival, constrained domination, duplicates, and the true front."""

import time
from collections import Counter

import numpy as np
import pytest
from scipy.stats import binomtest

from search_engine.operators import all_genes, neighbours
from search_engine.pareto import hypervolume, non_dominated_mask, reference_point
from search_engine.protocols import Turn
from search_engine.seeding import proposal_rng
from search_engine.strategies.nsga2 import NSGA2, NSGA2Config, rank_and_crowding
from search_engine.strategies.random_search import RandomSearch, RandomSearchConfig
from search_engine.testing import drive
from search_engine.toys import ToySpace, toy_front, toy_problem, toy_trial
from search_engine.types import Constraint, Trial, TrialStatus

SIZE = 6


def nsga2(problem, size=SIZE, **settings):
    return NSGA2(problem, NSGA2Config(population_size=size, **settings))


def turn(number, taken=(), seed=0):
    return Turn(number, proposal_rng(seed, number), frozenset(taken))


def tell_all(strategy, trials):
    for trial in trials:
        strategy.tell(trial)
    return strategy


def measured(number, genes, accuracy, params, **more):
    return Trial(number, genes, {"accuracy": accuracy, "params": float(params), **more})


def first_genes(count):
    return list(all_genes(ToySpace()))[:count]


class TestGenerations:
    def test_proposals_wait_until_all_earlier_generations_are_in(self):
        problem = toy_problem()
        strategy, done = nsga2(problem), []
        taken = set()
        for number in range(SIZE):
            genes = strategy.ask(turn(number, taken))
            taken.add(genes)
            done.append(toy_trial(problem, number, genes))
        for trial in reversed(done):
            assert strategy.ask(turn(SIZE, taken)) is None
            strategy.tell(trial)
        assert strategy.ask(turn(SIZE, taken)) is not None
        assert strategy.ask(turn(2 * SIZE - 1, taken)) is not None
        assert strategy.ask(turn(2 * SIZE, taken)) is None

    def test_failed_trials_count_for_their_generation(self):
        problem = toy_problem()
        strategy, genes = nsga2(problem), first_genes(SIZE)
        for number, item in enumerate(genes):
            status = TrialStatus.FAILED if number % 2 else TrialStatus.DONE
            strategy.tell(Trial(number, item, {"accuracy": 0.5, "params": 1.0}, status))
        assert strategy.ask(turn(SIZE, genes)) is not None
        assert set(strategy.population(1)) == set(genes[::2])

    @pytest.mark.parametrize("workers", [2, 3, 7])
    def test_number_of_workers_and_order_of_results_do_not_change_the_outcome(self, workers):
        problem, rng = toy_problem(elastic=True), np.random.default_rng(workers)
        straight = drive(nsga2(problem), problem, 30)
        strategy, proposed, running = nsga2(problem), [], []
        while len(proposed) < 30 or running:
            number, genes = len(proposed), None
            if len(running) < workers and number < 30:
                genes = strategy.ask(turn(number, {t.genes for t in proposed}))
            if genes is None:
                strategy.tell(running.pop(rng.integers(len(running))))
            else:
                proposed.append(toy_trial(problem, number, genes))
                running.append(proposed[-1])
        assert proposed == straight

    def test_children_of_one_generation_do_not_see_each_others_results(self):
        problem = toy_problem()
        done = drive(nsga2(problem), problem, SIZE + 3)
        taken = [trial.genes for trial in done]
        one = tell_all(nsga2(problem), done[:SIZE])
        other = tell_all(nsga2(problem), done)
        assert one.ask(turn(SIZE + 3, taken)) == other.ask(turn(SIZE + 3, taken))

    def test_known_trials_with_negative_numbers_are_parents_of_the_first_children(self):
        problem = toy_problem()
        done = drive(nsga2(problem), problem, SIZE)
        strategy = tell_all(nsga2(problem), done)
        best = measured(-1, (2, 1, 2, 1, 2, 1), 0.999, 1)  # better than anything in both objectives
        strategy.tell(best)
        assert strategy.population(1)[0] == best.genes

    def test_second_report_of_a_trial_replaces_the_first(self):
        problem = toy_problem()
        done = drive(nsga2(problem), problem, 3 * SIZE)
        strategy = tell_all(nsga2(problem), done)
        before = strategy.ask(turn(3 * SIZE, [t.genes for t in done]))
        better = measured(2, done[2].genes, 0.999, 1)
        strategy.tell(better)
        assert strategy.population(3)[0] == better.genes
        strategy.tell(done[2])
        assert strategy.ask(turn(3 * SIZE, [t.genes for t in done])) == before

    def test_a_generation_that_failed_completely_is_followed_by_random_ones(self):
        problem = toy_problem()
        genes = first_genes(SIZE)
        broken = [Trial(i, item, {}, TrialStatus.FAILED) for i, item in enumerate(genes)]
        strategy = tell_all(nsga2(problem), broken)
        children = {strategy.ask(turn(SIZE, genes, seed)) for seed in range(50)}
        assert len(children) > 40


class TestSurvival:
    def test_ranks_and_crowding_follow_the_golden_numbers(self):
        costs = np.array([[1, 5], [2, 3], [4, 2], [5, 1], [6, 6], [0, 0]], dtype=float)
        ranks, crowding = rank_and_crowding(costs, np.array([0, 0, 0, 0, 0, 3.0]))
        assert ranks.tolist() == [0, 0, 0, 0, 1, 2]
        assert crowding[:4].tolist() == [np.inf, 1.5, 1.25, np.inf]

    def test_the_most_crowded_of_the_last_front_is_cut(self):
        first = [(1, 5), (2, 3), (4, 2), (5, 1), (9, 9), (9, 8)]
        second = [(1.5, 4), (4.5, 1.5), (0.5, 5.5), (6, 0.5), (7, 7), (8, 7)]
        genes = first_genes(2 * SIZE)
        trials = [measured(i, genes[i], -a, b) for i, (a, b) in enumerate(first + second)]
        strategy = tell_all(nsga2(toy_problem()), trials)
        assert strategy.population(1)[:4] == [genes[0], genes[3], genes[1], genes[2]]
        survivors = strategy.population(2)
        front = genes[:4] + genes[SIZE : SIZE + 4]
        assert set(survivors[:2]) == {genes[SIZE + 2], genes[SIZE + 3]}  # the extremes
        # distances are 0.38 for (4.5, 1.5), 0.47 for (5, 1) and 0.48 or more for the others
        assert set(front) - set(survivors) == {genes[SIZE + 1], genes[3]}

    def test_no_point_of_the_front_is_lost_while_the_front_fits(self):
        problem = toy_problem()
        size = 40  # the true front has fewer points
        strategy = nsga2(problem, size)
        done = drive(strategy, problem, 6 * size)
        for generation in range(1, 7):
            seen = done[: generation * size]
            front = {tuple(problem.costs(t)) for t in problem.front(seen)}
            alive = strategy.population(generation)
            kept = {tuple(problem.costs(toy_trial(problem, 0, g))) for g in alive}
            assert len(front) <= size
            assert front <= kept

    def test_feasible_come_first_then_smaller_violations_whatever_their_objectives(self):
        problem = toy_problem(Constraint("latency_ms", "<=", 1.0))
        genes = first_genes(5)
        trials = [
            measured(0, genes[0], 0.99, 1, latency_ms=3.0),
            Trial(1, genes[1], {"params": 9.0, "latency_ms": 1.2}),  # over the limit: not trained
            measured(2, genes[2], 0.1, 99, latency_ms=0.9),
            measured(3, genes[3], 0.99, 1, latency_ms=2.0),
            Trial(4, genes[4], {"params": 1.0}),  # latency never obtained
            Trial(5, (2,) * 6, {}, TrialStatus.FAILED),
        ]
        strategy = tell_all(nsga2(problem), trials)
        order = [genes[2], genes[1], genes[3], genes[0], genes[4]]
        assert strategy.population(1) == order


class TestChildren:
    def test_binary_tournament_prefers_the_better_member_as_often_as_it_should(self):
        wins = self.parents_drawn([(0.9, 10), (0.8, 11), (0.7, 12), (0.6, 13)])
        for place, count in enumerate(wins):
            share = ((4 - place) ** 2 - (3 - place) ** 2) / 16  # best of two draws from four
            assert binomtest(count, 3_000, share).pvalue > 1e-4

    def test_members_of_equal_standing_are_drawn_equally_often(self):
        # copies have no crowding distance, so the first wins 7/16 and the others share the rest
        wins = self.parents_drawn([(0.5, 10)] * 4)
        assert [count / 3_000 for count in wins[1:]] == pytest.approx([3 / 16] * 3, abs=0.03)

    def parents_drawn(self, results):
        """How often each of four members, far apart, is the parent of a mutant."""
        genes = [(0,) * 6, (1,) * 6, (2,) * 6, (0, 1, 2, 0, 1, 2)]
        trials = [measured(i, genes[i], *result) for i, result in enumerate(results)]
        strategy = tell_all(nsga2(toy_problem(), 4, crossover_probability=0.0), trials)
        assert strategy.population(1) == genes
        drawn = Counter()
        for seed in range(3_000):
            child = np.array(strategy.ask(turn(4, genes, seed)))
            drawn[int((child != np.array(genes)).sum(axis=1).argmin())] += 1
        return [drawn[place] for place in range(4)]

    def test_duplicates_are_mutated_until_new(self):
        problem = toy_problem()
        done = drive(nsga2(problem), problem, SIZE)
        strategy = tell_all(nsga2(problem, mutations_per_child=1e-9), done)
        taken = {trial.genes for trial in done}
        for seed in range(30):
            child = strategy.ask(turn(SIZE, taken, seed))
            assert child not in taken

    def test_with_nothing_near_left_a_random_one_is_drawn(self):
        problem = toy_problem()
        everything = list(all_genes(problem.space))
        last = everything[-1]
        trials = [toy_trial(problem, i, g) for i, g in enumerate(everything[:SIZE])]
        strategy = tell_all(nsga2(problem), trials)
        assert strategy.ask(turn(SIZE, everything[:-1])) == last

    def test_small_mutation_rate_without_crossover_stays_next_to_a_parent(self):
        problem = toy_problem()
        done = drive(nsga2(problem), problem, SIZE)
        parents = [trial.genes for trial in done]
        strategy = tell_all(nsga2(problem, crossover_probability=0, mutations_per_child=1e-9), done)
        near = {one for parent in parents for one in neighbours(parent, problem.space)}
        children = [strategy.ask(turn(SIZE, parents, seed)) for seed in range(100)]
        assert sum(child in near for child in children) > 90

    def test_analytic_limits_hold_for_children(self):
        problem = toy_problem(Constraint("params", "<=", 400))
        done = drive(nsga2(problem), problem, 80)
        assert max(trial.metrics["params"] for trial in done) <= 400


class TestOutcome:
    @pytest.mark.parametrize("seed", range(3))
    def test_finds_the_whole_true_front_of_an_enumerable_space(self, seed):
        problem = toy_problem()
        done = drive(nsga2(problem, 24), problem, 480, seed=seed)
        found = np.unique([problem.costs(t) for t in problem.front(done)], axis=0)
        assert found.tolist() == toy_front(problem).tolist()

    def test_finds_the_true_front_under_a_limit(self):
        problem = toy_problem(Constraint("params", "<=", 420))
        done = drive(nsga2(problem, 16), problem, 200)
        found = np.unique([problem.costs(t) for t in problem.front(done)], axis=0)
        assert found.tolist() == toy_front(problem).tolist()

    def test_beats_random_search_at_an_equal_small_budget(self):
        problem = toy_problem(layers=8)  # 6,561 architectures
        rng = np.random.default_rng(0)
        sample = [toy_trial(problem, 0, problem.space.sample(rng)) for _ in range(50)]
        reference = reference_point([problem.costs(t) for t in sample])

        def volume(strategy, seed):
            done = drive(strategy, problem, 120, seed=seed)
            return hypervolume([problem.costs(t) for t in done], reference)

        ours = [volume(nsga2(problem, 16), seed) for seed in range(10)]
        chance = [volume(RandomSearch(problem, RandomSearchConfig()), s) for s in range(10)]
        assert np.median(ours) > np.median(chance)
        assert sum(a > b for a, b in zip(ours, chance, strict=True)) >= 9

    def test_hypervolume_of_all_results_grows_with_every_generation(self):
        problem = toy_problem()
        done = drive(nsga2(problem, 10), problem, 120)
        costs = np.array([problem.costs(trial) for trial in done])
        reference = reference_point(costs)
        volumes = [hypervolume(costs[:n], reference) for n in range(10, 121, 10)]
        assert volumes == sorted(volumes)
        assert volumes[-1] > volumes[0]
        assert non_dominated_mask(costs).sum() > 5


def test_asking_takes_well_under_a_millisecond_with_2000_results():
    problem = toy_problem(layers=12)
    rng, trials, taken = np.random.default_rng(0), [], set()
    while len(trials) < 2_000:
        genes = problem.space.sample(rng)
        if genes not in taken:
            taken.add(genes)
            trials.append(measured(len(trials), genes, rng.random(), rng.random()))
    strategy = tell_all(nsga2(problem, 50), trials)
    start = time.process_time()
    for number in range(2_000, 2_050):
        strategy.ask(turn(number, frozenset()))
    first_generation = time.process_time() - start  # includes sorting all forty generations
    start = time.process_time()
    shared = frozenset(taken)
    for number in range(2_000, 2_050):
        strategy.ask(Turn(number, proposal_rng(0, number), shared))
    assert (time.process_time() - start) / 50 < 1e-3
    assert first_generation < 1.0
