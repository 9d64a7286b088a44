"""Dominance, crowding, hypervolume, knee: golden numbers and definitions spelled out slowly."""

import math

import moocore
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from search_engine.pareto import (
    HypervolumeTracker,
    ParetoFront,
    crowding_distance,
    hypervolume,
    knee,
    non_dominated_mask,
    non_dominated_sort,
    normalized_hypervolume,
    reference_point,
)

GRID = st.integers(0, 6).map(float)  # few values, so that ties and repeats are common


UP_TO_FOUR, UP_TO_25 = st.integers(1, 4), st.integers(0, 25)


def points(columns=UP_TO_FOUR, rows=UP_TO_25, elements=GRID):
    shape = st.tuples(rows, columns)
    return shape.flatmap(lambda size: hnp.arrays(np.float64, size, elements=elements))


def beats(a, b):
    return bool((a <= b).all() and (a < b).any())


def slow_ranks(costs, violations):
    """The definition: peel off what nothing left dominates (constrained domination)."""

    def dominates(i, j):
        if violations[i] == 0 and violations[j] == 0:
            return beats(costs[i], costs[j])
        return violations[i] < violations[j]

    ranks, left, rank = {}, set(range(len(costs))), 0
    while left:
        front = {j for j in left if not any(dominates(i, j) for i in left)}
        ranks.update(dict.fromkeys(front, rank))
        left, rank = left - front, rank + 1
    return [ranks[i] for i in range(len(costs))]


class TestNonDominatedMask:
    def test_beaten_point_is_not_marked(self):
        assert non_dominated_mask([[1, 2], [2, 1], [2, 2]]).tolist() == [True, True, False]

    def test_equal_points_do_not_beat_each_other(self):
        assert non_dominated_mask([[1, 1], [1, 1], [1, 2]]).tolist() == [True, True, False]

    def test_row_with_nan_is_not_marked_and_beats_nothing(self):
        assert non_dominated_mask([[math.nan, 0], [5, 5]]).tolist() == [False, True]

    def test_no_points_give_an_empty_mask(self):
        assert non_dominated_mask([]).tolist() == []

    def test_one_dimensional_costs_are_an_error_that_shows_the_shape(self):
        with pytest.raises(ValueError, match=r"n x m array, got shape \(2,\)"):
            non_dominated_mask([1.0, 2.0])

    @given(points())
    def test_agrees_with_the_definition(self, costs):
        expected = [not any(beats(other, row) for other in costs) for row in costs]
        assert non_dominated_mask(costs).tolist() == expected


class TestNonDominatedSort:
    def test_golden_ranks_with_violations(self):
        costs = [[1, 4], [2, 2], [4, 1], [3, 3], [0, 0], [0, 1]]
        assert non_dominated_sort(costs, [0, 0, 0, 0, 1, 0.5]).tolist() == [0, 0, 0, 1, 3, 2]

    def test_infeasible_points_with_equal_violation_share_a_rank(self):
        assert non_dominated_sort([[9, 9], [0, 0], [5, 5]], [0, 2, 2]).tolist() == [0, 1, 1]

    def test_costs_of_infeasible_points_may_be_unknown(self):
        assert non_dominated_sort([[math.nan, 1], [9, 9]], [0.1, 0]).tolist() == [1, 0]

    def test_feasible_point_with_unknown_cost_comes_last(self):
        ranks = non_dominated_sort([[math.nan, 1], [9, 9], [1, 1]], [0, 0, 7])
        assert ranks.tolist() == [2, 0, 1]

    def test_nan_violation_counts_as_infinite(self):
        assert non_dominated_sort([[0], [0], [0]], [math.nan, 1, math.inf]).tolist() == [1, 0, 1]

    def test_wrong_number_of_violations_is_an_error(self):
        with pytest.raises(ValueError, match="2 points need as many violations"):
            non_dominated_sort([[1, 2], [2, 1]], [0])

    @given(points(), st.data())
    def test_agrees_with_the_definition(self, costs, data):
        kinds = st.sampled_from([0.0, 0.0, 0.5, 1.0])
        violations = data.draw(st.lists(kinds, min_size=len(costs), max_size=len(costs)))
        expected = slow_ranks(costs, violations)
        assert non_dominated_sort(costs, violations).tolist() == expected


class TestCrowdingDistance:
    def test_golden_distances(self):
        distances = crowding_distance([[1, 5], [2, 3], [4, 2], [5, 1]])
        assert distances.tolist() == [math.inf, 1.5, 1.25, math.inf]

    def test_order_of_rows_does_not_matter(self):
        front = np.array([[5, 1], [2, 3], [1, 5], [4, 2]])
        assert crowding_distance(front).tolist() == [math.inf, 1.5, math.inf, 1.25]

    def test_first_of_equal_points_keeps_the_distance(self):
        distances = crowding_distance([[1, 5], [2, 3], [2, 3], [4, 2], [5, 1], [5, 1]])
        assert distances.tolist() == [math.inf, 1.5, 0, 1.25, math.inf, 0]

    def test_objective_without_spread_adds_nothing(self):
        distances = crowding_distance([[1, 7, 5], [2, 7, 3], [4, 7, 2], [5, 7, 1]])
        assert distances.tolist() == [math.inf, 1.5, 1.25, math.inf]

    def test_unknown_costs_get_no_distance(self):
        assert crowding_distance([[math.nan, 1], [1, 1]]).tolist() == [0, math.inf]

    def test_no_points(self):
        assert crowding_distance(np.empty((0, 2))).tolist() == []


class TestHypervolume:
    def test_golden_volume(self):
        assert hypervolume([[1, 4], [2, 2], [4, 1], [3, 3]], [5, 5]) == 11.0

    def test_point_on_or_beyond_the_reference_adds_nothing(self):
        assert hypervolume([[5, 1], [1, 6], [9, 9]], [5, 5]) == 0.0
        assert hypervolume([[2, 2], [5, 1]], [5, 5]) == 9.0

    def test_rows_with_nan_add_nothing(self):
        assert hypervolume([[math.nan, 1], [4, 4]], [5, 5]) == 1.0

    def test_no_points_have_no_volume(self):
        assert hypervolume([], [1, 1]) == 0.0

    def test_three_objectives(self):
        assert hypervolume([[0, 0, 1], [1, 0, 0]], [2, 2, 2]) == pytest.approx(6.0)

    def test_wrong_number_of_objectives_is_an_error(self):
        with pytest.raises(ValueError, match="2 costs per point, but the reference has 3"):
            hypervolume([[1, 1]], [2, 2, 2])

    def test_infinite_reference_is_an_error(self):
        with pytest.raises(ValueError, match="finite"):
            hypervolume([[1, 1]], [math.inf, 2])


class TestNormalizedHypervolume:
    def test_is_the_share_of_the_box(self):
        share = normalized_hypervolume([[1, 4], [2, 2], [4, 1]], [5, 5], [0, 0])
        assert share == pytest.approx(11 / 25)

    def test_ideal_point_fills_the_box_and_points_beyond_it_do_not_overflow(self):
        assert normalized_hypervolume([[-3, 0]], [5, 5], [0, 0]) == pytest.approx(1.0)

    def test_does_not_depend_on_units(self):
        small = normalized_hypervolume([[1, 4], [2, 2]], [5, 5], [0, 0])
        large = normalized_hypervolume([[1, 4e6], [2, 2e6]], [5, 5e6], [0, 0])
        assert small == pytest.approx(large)

    def test_ideal_above_the_reference_is_an_error(self):
        with pytest.raises(ValueError, match="must be below the reference"):
            normalized_hypervolume([[1, 1]], [2, 2], [0, 3])


class TestReferencePoint:
    def test_is_a_tenth_of_the_range_beyond_the_worst(self):
        assert reference_point([[-0.9, 10], [-0.5, 30]]).tolist() == pytest.approx([-0.46, 32])

    def test_every_point_of_the_batch_is_inside_even_without_spread(self):
        corner = reference_point([[-0.5, 0.0], [-0.5, 0.0]])
        assert (corner > [-0.5, 0.0]).all()

    def test_rows_that_are_not_finite_are_left_out(self):
        assert reference_point([[1, 1], [2, math.inf], [math.nan, 0]]).tolist() == [1.1, 1.1]

    def test_nothing_finite_is_an_error(self):
        with pytest.raises(ValueError, match="at least one row of finite costs"):
            reference_point([[math.nan, 1]])


class TestKnee:
    def test_finds_the_bend(self):
        assert knee([[0, 10], [1, 2], [2, 1.5], [10, 0]]) == 1

    def test_passes_over_dominated_and_unknown_points(self):
        assert knee([[9, 9], [math.nan, 0], [0, 10], [1, 1], [10, 0]]) == 3

    def test_does_not_depend_on_units(self):
        front = np.array([[0, 10], [1, 4], [4, 1], [6, 0.5], [10, 0]])
        assert knee(front) == knee(front * [1e-6, 1e6])

    def test_single_point_and_single_objective(self):
        assert knee([[3, 3]]) == 0
        assert knee([[3], [1], [2]]) == 1

    def test_no_point_is_an_error(self):
        with pytest.raises(ValueError, match="at least one point"):
            knee([])


class TestHypervolumeTracker:
    @given(points(columns=st.just(2), elements=st.floats(0, 6, width=16)))
    def test_two_objectives_agree_with_the_library_and_never_decrease(self, costs):
        tracker, before = HypervolumeTracker([5, 5]), 0.0
        for count, point in enumerate(costs, 1):
            value = tracker.add(point)
            exact = moocore.hypervolume(costs[:count], ref=[5, 5])
            assert value == pytest.approx(exact, abs=1e-9)
            assert value >= before
            before = value

    @given(points(columns=st.sampled_from([1, 3, 4]), rows=st.integers(0, 12)))
    def test_other_numbers_of_objectives_agree_with_the_library(self, costs):
        reference = np.full(costs.shape[1], 5.0)
        tracker, before = HypervolumeTracker(reference), 0.0
        for count, point in enumerate(costs, 1):
            value = tracker.add(point)
            assert value == pytest.approx(moocore.hypervolume(costs[:count], ref=reference))
            assert value >= before
            before = value

    def test_unknown_costs_change_nothing(self):
        tracker = HypervolumeTracker([5, 5])
        tracker.add([1, 1])
        assert tracker.add([math.nan, 0]) == tracker.value == 16.0

    def test_wrong_number_of_costs_is_an_error(self):
        with pytest.raises(ValueError, match="Expected 2 costs"):
            HypervolumeTracker([5, 5]).add([1, 2, 3])

    def test_many_points_are_cheap(self):
        angles = np.random.default_rng(0).random(20_000) * math.pi / 2
        tracker = HypervolumeTracker([2, 2])
        for angle in angles:
            tracker.add([1 - math.cos(angle), 1 - math.sin(angle)])
        assert tracker.value == pytest.approx(3 + math.pi / 4, abs=1e-3)


class TestParetoFront:
    @given(points(columns=st.integers(1, 3)))
    def test_tells_whether_each_point_is_on_the_front_so_far(self, costs):
        front = ParetoFront(costs.shape[1])
        for count, point in enumerate(costs, 1):
            assert front.add(point) == non_dominated_mask(costs[:count])[-1]
        expected = np.unique(costs[non_dominated_mask(costs)], axis=0)
        assert np.unique(front.points, axis=0).tolist() == expected.tolist()

    def test_unknown_costs_are_not_added(self):
        front = ParetoFront(2)
        assert not front.add([math.nan, 1])
        assert len(front.points) == 0
