"""Tables over the pieces of a space give the numbers of decoding; expectations over them."""

from itertools import product

import numpy as np
import pytest

from search_engine.costs.descriptor import Descriptor
from search_engine.costs.expected import ExpectedCost
from search_engine.costs.gene_tables import GeneTables
from search_engine.costs.predictors.lut import Lut
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.roofline import AnalyticRoofline
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError, SpaceError
from search_engine.spaces.compiler import compile_space

CONVS = ("conv", "pointwise", "depthwise", "grouped")
FUSIONS = frozenset((kind, op) for kind in CONVS for op in ("add", "norm_act"))
RULES = {
    "eager": RuntimeRules(),
    "blocked": RuntimeRules("unused_output", FUSIONS, True, 16),
    "folding": RuntimeRules("full_path", FUSIONS, True, 0),
    "fusing": RuntimeRules("none", FUSIONS),
    "merging": RuntimeRules("unused_output", FUSIONS, True, 16, merges=True, zeros_apart=True),
}
DEVICE = Descriptor({"fp32": 50.0}, 10.0, launch_us=2.0)
SMALL = {
    "nasweb_space": 1,
    "name": "small",
    "version": 1,
    "input": {"shape": [3, 16, 16]},
    "classes": 4,
    "network": [
        {"op": "conv", "kernel": 3, "out_channels": {"choice": [8, 16], "name": "width"}},
        {
            "name": "block",
            "repeat": {
                "residual": [
                    {
                        "op": "conv",
                        "kernel": {"choice": [1, 3], "name": "kernel"},
                        "out_channels": {"channels": 1},
                        "order": "act_conv_norm",
                    }
                ]
            },
            "times": {"choice": [0, 1, 2], "name": "depth"},
        },
        {"name": "last", "optional": {"op": "avg_pool"}},
        {"op": "head", "outputs": {"task": "classes"}},
    ],
}


def roofline(rules=RULES["eager"]):
    return AnalyticRoofline.of(DEVICE, rules)


def decoded(space, predictor, rows):
    return predictor.predict([space.decode(tuple(row)) for row in rows.tolist()])


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("key", ["nasbench201", "mbconv-tiny", "fbnet"])
def test_the_same_numbers_as_decoding_to_the_bit(key, rules):
    space = compile_space(key)
    tables = GeneTables(space, roofline(rules))
    rows = space.sample_many(np.random.default_rng(5), 25)
    assert tables.slow == ""
    assert np.array_equal(tables.predict(rows), decoded(space, roofline(rules), rows))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_every_network_of_a_small_space(rules):
    space = compile_space(SMALL)
    rows = np.array([space.at(index) for index in range(space.size)])
    assert np.array_equal(
        GeneTables(space, roofline(rules)).predict(rows), decoded(space, roofline(rules), rows)
    )


def test_a_fitted_table_in_chunks_and_alone_gives_the_same():
    space = compile_space("mbconv-tiny")
    rows = space.sample_many(np.random.default_rng(0), 60)
    networks = [space.decode(tuple(row)) for row in rows.tolist()]
    values = roofline(RULES["blocked"]).predict(networks)
    lut = Lut().fit(Evidence(networks, values, RULES["blocked"]))
    tables = GeneTables(space, lut)
    together = tables.predict(rows)
    assert np.array_equal(together, lut.predict(networks))
    assert np.array_equal(together[7:8], tables.predict(rows[7:8]))
    assert tables.predict(rows[:0]).shape == (0,)


def test_genes_need_not_be_canonical_but_valid():
    space = compile_space("mbconv-tiny")
    tables = GeneTables(space, roofline())
    row = np.array([space.at(1)])
    idle = [i for i, active in enumerate(space.active(tuple(row[0].tolist()))) if not active]
    other = row.copy()
    other[0, idle[0]] = 1
    assert tables.predict(other) == tables.predict(row)
    with pytest.raises(SpaceError, match="Row 1: A gene of this variable"):
        tables.predict(np.vstack([row, row + 50]))
    with pytest.raises(SpaceError, match="one row each of"):
        tables.predict(row[:, :3])
    with pytest.raises(SpaceError, match="one row each of"):
        tables.predict(row.astype(float))


def test_rows_that_break_a_constraint_are_refused():
    forbid = {"forbid": {"depth": [2], "width": [16]}}
    space = compile_space({**SMALL, "constraints": [forbid]})
    tables = GeneTables(space, roofline())
    good = np.array([space.sample(np.random.default_rng(0)) for _ in range(5)])
    assert np.array_equal(tables.predict(good), decoded(space, roofline(), good))
    names = [variable.name for variable in space.variables]
    bad = good.copy()
    bad[2, names.index("depth")], bad[2, names.index("width")] = 2, 1
    with pytest.raises(SpaceError, match="Row 2: These decisions break"):
        tables.predict(bad)


def test_what_cannot_be_cut_is_decoded_and_says_so():
    space = compile_space("darts")
    tables = GeneTables(space, roofline())
    assert "too many decisions" in tables.slow
    rows = space.sample_many(np.random.default_rng(0), 2)
    assert np.array_equal(tables.predict(rows), decoded(space, roofline(), rows))
    with pytest.raises(PredictorError, match="No exact expectation: A piece"):
        ExpectedCost(space, roofline())


def test_canonical_rows_are_those_of_canonical():
    space = compile_space("ofa-mobilenetv3")
    rng = np.random.default_rng(2)
    rows = np.column_stack([rng.integers(0, count, 50) for count in space.cardinalities])
    wanted = [space.canonical(tuple(row)) for row in rows.tolist()]
    assert [tuple(row) for row in space.canonical_many(rows).tolist()] == wanted


def chances(space, rng):
    return [rng.dirichlet(np.ones(count)) for count in space.cardinalities]


def test_the_expectation_is_the_sum_over_all_choices():
    space = compile_space(SMALL)
    expected = ExpectedCost(space, roofline(RULES["fusing"]))
    given = chances(space, np.random.default_rng(0))
    rows = np.array(list(product(*map(range, space.cardinalities))))
    weight = np.prod([chance[rows[:, i]] for i, chance in enumerate(given)], axis=0)
    wanted = weight @ GeneTables(space, roofline(RULES["fusing"])).predict(rows)
    assert expected.value(given) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("key", ["mbconv-tiny", "fbnet"])
def test_l4_at_one_hot_chances_it_is_the_prediction(key):
    space = compile_space(key)
    expected = ExpectedCost(space, roofline())
    for row in space.sample_many(np.random.default_rng(1), 4):
        sure = [np.eye(count)[gene] for gene, count in zip(row, space.cardinalities, strict=True)]
        wanted = roofline().predict([space.decode(tuple(row.tolist()))])[0]
        assert expected.value(sure) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("key", ["mbconv-tiny", "fbnet"])
def test_l4_the_gradient_is_that_of_finite_differences(key):
    space = compile_space(key)
    expected = ExpectedCost(space, roofline())
    given = chances(space, np.random.default_rng(2))
    value, gradient = expected.value_and_gradient(given)
    assert value == pytest.approx(expected.value(given), rel=1e-12)
    for variable in range(0, len(given), 4):
        alpha = np.log(given[variable])
        by_alpha = given[variable] * (gradient[variable] - given[variable] @ gradient[variable])
        for choice in range(len(alpha)):
            sides = []
            for step in (1e-5, -1e-5):
                moved = alpha.copy()
                moved[choice] += step
                soft = np.exp(moved) / np.exp(moved).sum()
                sides.append(expected.value([*given[:variable], soft, *given[variable + 1 :]]))
            found = (sides[0] - sides[1]) / 2e-5
            assert found == pytest.approx(by_alpha[choice], abs=1e-6 * value)


def test_expectations_over_cells_of_many_decisions_are_refused_before_they_are_listed():
    with pytest.raises(PredictorError, match=r"2,542,277,241 cases .* Average over draws"):
        ExpectedCost(compile_space("darts-tiny"), roofline())


def test_expectations_refuse_what_is_not_linear_or_not_independent():
    class Logarithm(AnalyticRoofline):
        def from_sums(self, sums):
            return np.log1p(sums[:, 0])

    space = compile_space(SMALL)
    with pytest.raises(PredictorError, match="not linear in sums"):
        ExpectedCost(space, Logarithm.of(DEVICE))
    tied = compile_space({**SMALL, "constraints": [{"forbid": {"depth": [2], "width": [16]}}]})
    with pytest.raises(PredictorError, match="constraints of the space tie"):
        ExpectedCost(tied, roofline())
    with pytest.raises(PredictorError, match="one array per variable"):
        ExpectedCost(space, roofline()).value([np.ones(2)])
    wrong = [np.full(count, np.nan) for count in space.cardinalities]
    with pytest.raises(PredictorError, match="finite and not negative"):
        ExpectedCost(space, roofline()).value(wrong)
