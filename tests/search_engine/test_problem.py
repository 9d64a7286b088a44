"""Objectives, constraints and trials: costs, violations, feasibility, fronts, analytic limits."""

import math

import numpy as np
import pytest

from search_engine.errors import ProblemError
from search_engine.operators import all_genes
from search_engine.problem import SearchProblem
from search_engine.toys import ToySpace, toy_front, toy_problem, toy_trial
from search_engine.types import Budget, Constraint, Objective, Trial, TrialStatus, metric_key

SPACE = ToySpace(layers=3)
BOTH = (Objective("accuracy"), Objective("params"))
LATENCY = Constraint("latency_ms", "<=", 2.0, "cpu")


def problem(*constraints, objectives=BOTH, primary=""):
    return SearchProblem(SPACE, objectives, constraints, primary)


def trial(status=TrialStatus.DONE, number=0, **metrics):
    return Trial(number, (0, 0, 0), metrics, status)


class CountingSpace(ToySpace):
    """Counts the networks that are built, to tell whether results are remembered."""

    decoded = 0

    def decode(self, genes):
        self.decoded += 1
        return super().decode(genes)


class TestObjective:
    def test_direction_defaults_to_what_is_better_for_the_metric(self):
        assert Objective("accuracy").direction == "maximize"
        assert Objective("latency_ms").direction == "minimize"

    def test_sign_turns_every_metric_into_a_cost(self):
        assert Objective("accuracy").sign == -1
        assert Objective("macs").sign == 1
        assert Objective("macs", "maximize").sign == -1

    def test_unknown_direction_is_an_error(self):
        with pytest.raises(ProblemError, match="'up'; allowed are 'maximize' and 'minimize'"):
            Objective("accuracy", "up")

    def test_unknown_metric_is_an_error_that_lists_the_known(self):
        with pytest.raises(ProblemError, match=r"Unknown metric 'speed'. Known: accuracy, "):
            Objective("speed")


class TestConstraint:
    @pytest.mark.parametrize(
        ("op", "limit", "value", "violation"),
        [
            ("<=", 2.0, 2.0, 0.0),
            ("<=", 2.0, 3.0, 0.5),
            (">=", 0.8, 0.9, 0.0),
            (">=", 0.8, 0.6, 0.25),
            ("<=", 0.0, 3.0, 3.0),
            ("<=", -2.0, -1.0, 0.5),
            ("<=", 2.0, math.nan, math.inf),
        ],
    )
    def test_violation_is_relative_to_the_limit(self, op, limit, value, violation):
        assert Constraint("latency_ms", op, limit).violation(value) == pytest.approx(violation)

    def test_unknown_operator_and_infinite_limit_are_errors(self):
        with pytest.raises(ProblemError, match="'<=' and '>='"):
            Constraint("params", "<", 3)
        with pytest.raises(ProblemError, match="finite value, got inf"):
            Constraint("params", "<=", math.inf)


class TestBudget:
    @pytest.mark.parametrize(("trials", "seconds"), [(0, None), (-3, None), (5, 0), (5, math.nan)])
    def test_nothing_to_spend_is_an_error(self, trials, seconds):
        with pytest.raises(ProblemError, match=r"must be (at least 1|positive), got"):
            Budget(trials, seconds)


class TestSetup:
    def test_no_objective_is_an_error(self):
        with pytest.raises(ProblemError, match="at least one objective"):
            problem(objectives=())

    def test_objective_named_twice_is_an_error(self):
        with pytest.raises(ProblemError, match="named twice"):
            problem(objectives=(Objective("params"), Objective("params", "maximize")))

    def test_one_metric_on_two_devices_is_two_objectives(self):
        both = (Objective("latency_ms", device="cpu"), Objective("latency_ms", device="gpu"))
        assert problem(objectives=both, primary="cpu").required == ("latency_ms", "latency_ms@gpu")

    def test_primary_device_has_the_bare_name(self):
        assert metric_key("latency_ms", "cpu", "cpu") == "latency_ms"
        assert metric_key("latency_ms", "", "cpu") == "latency_ms"
        assert metric_key("latency_ms", "gpu", "cpu") == "latency_ms@gpu"

    def test_device_for_a_metric_without_device_is_an_error(self):
        with pytest.raises(ProblemError, match="does not depend on a device, got device 'cpu'"):
            problem(Constraint("params", "<=", 9, device="cpu"))

    def test_unknown_metric_of_a_constraint_is_an_error(self):
        with pytest.raises(ProblemError, match="Unknown metric 'speed'"):
            problem(Constraint("speed", "<=", 9))

    def test_lists_are_welcome(self):
        made = SearchProblem(SPACE, [Objective("accuracy")], [LATENCY], "cpu")
        assert made.objectives == (Objective("accuracy"),)
        assert made.constraints == (LATENCY,)


class TestTrials:
    def test_costs_are_minimised_and_nan_where_unknown(self):
        costs = problem().costs(trial(accuracy=0.9))
        assert costs[0] == -0.9
        assert math.isnan(costs[1])

    def test_feasible_needs_every_metric_and_every_limit(self):
        p = problem(LATENCY, primary="cpu")
        assert p.feasible(trial(accuracy=0.9, params=5.0, latency_ms=2.0))
        assert not p.feasible(trial(accuracy=0.9, params=5.0, latency_ms=2.1))
        assert not p.feasible(trial(accuracy=0.9, params=5.0))
        assert not p.feasible(trial(accuracy=math.nan, params=5.0, latency_ms=1.0))
        assert not p.feasible(trial(TrialStatus.FAILED, accuracy=0.9, params=5.0, latency_ms=1.0))

    def test_infeasibility_orders_violations_before_the_unknown(self):
        p = problem(LATENCY, Constraint("params", "<=", 10), primary="cpu")
        fine = p.infeasibility(trial(accuracy=0.9, params=5.0, latency_ms=1.0))
        near = p.infeasibility(trial(params=5.0, latency_ms=2.2))
        far = p.infeasibility(trial(params=15.0, latency_ms=2.2))
        unknown = p.infeasibility(trial(params=5.0, latency_ms=1.0))
        failed = p.infeasibility(trial(TrialStatus.FAILED))
        assert fine == 0
        assert near == pytest.approx(0.1)
        assert far == pytest.approx(0.6)
        assert unknown == failed == math.inf

    def test_front_is_feasible_undominated_and_sorted_by_the_first_objective(self):
        p = problem(Constraint("params", "<=", 100))
        rows = [(0.9, 90), (0.5, 10), (0.7, 50), (0.6, 60), (0.99, 200)]
        trials = [trial(number=i, accuracy=a, params=float(c)) for i, (a, c) in enumerate(rows)]
        trials.append(trial(TrialStatus.FAILED, number=9))
        assert [t.number for t in p.front(trials)] == [0, 2, 1]
        assert p.front([]) == p.front(trials[4:]) == []

    def test_front_of_the_whole_toy_space_is_the_true_front(self):
        p = toy_problem(layers=4)
        trials = [toy_trial(p, i, genes) for i, genes in enumerate(all_genes(p.space))]
        costs = np.unique([p.costs(t) for t in p.front(trials)], axis=0)
        assert costs.tolist() == toy_front(p).tolist()


class TestAnalyticLimits:
    def test_violation_adds_up_over_the_limits_that_need_no_measurement(self):
        genes = (1, 1, 1)
        params = SPACE.decode(genes).params
        limits = Constraint("params", "<=", params / 2), Constraint("macs", ">=", 1), LATENCY
        assert problem(*limits, primary="cpu").analytic_violation(genes) == pytest.approx(1.0)

    def test_without_analytic_limits_nothing_is_decoded(self):
        space = CountingSpace(layers=3)
        p = SearchProblem(space, (Objective("accuracy"),), (LATENCY,), "cpu")
        assert p.analytic_violation((1, 1, 1)) == 0
        assert space.decoded == 0

    def test_values_are_remembered(self):
        space = CountingSpace(layers=3)
        p = SearchProblem(space, (Objective("accuracy"),), (Constraint("params", "<=", 10),))
        first = p.analytic_violation((1, 1, 1))
        assert p.analytic_violation((1, 1, 1)) == first > 0
        assert space.decoded == 1

    def test_problems_with_different_limits_do_not_share_memory(self):
        strict, loose = (problem(Constraint("params", "<=", limit)) for limit in (10, 1e6))
        assert strict.analytic_violation((1, 1, 1)) > 0 == loose.analytic_violation((1, 1, 1))
