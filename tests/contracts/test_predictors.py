"""What every fitted cost model must do; a new one is checked by being in the table."""

import json
from functools import cache

import numpy as np
import pytest

from search_engine.costs.descriptor import Descriptor
from search_engine.costs.predictors import PREDICTORS
from search_engine.costs.predictors.protocol import Evidence, KernelSample, Summed
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.errors import ConfigError, PredictorError
from search_engine.network import NetworkDraft
from search_engine.spaces.compiler import compile_space

SPACE = compile_space("nasbench201")
FITTED, TESTED = 50, 12
predictors = pytest.mark.parametrize("key", PREDICTORS.keys())


def cost(unit, factor=1.0):
    """A made-up device: launch, work, traffic."""
    return factor * (0.01 + unit.macs / 4e6 + unit.values_moved / 2e6)


def board(networks):
    """Another made-up device that ranks networks nearly alike."""
    units = [units_of(network, RuntimeRules()) for network in networks]
    return np.array([(1.0 + sum(cost(unit, 3.0) for unit in group)) ** 0.9 for group in units])


QUICK = {  # as little as shows what a predictor does
    "gbdt": {"trees": 40, "base": "ridge"},
    "graph": {"layers": 2, "width": 32, "epochs": 40},
}
SOURCES = {"board": board, "phone": lambda networks: 0.5 * board(networks) + 2.0}


@cache
def evidence():
    """Networks of a made-up device with a description, timed kernels and two sources."""
    rng = np.random.default_rng(0)
    networks = [SPACE.decode(SPACE.sample(rng)) for _ in range(FITTED + TESTED)]
    facts = {"descriptor": Descriptor({"fp32": 20.0}, 10.0).to_json(), "precision": "fp32"}
    groups = [units_of(network, RuntimeRules()) for network in networks]
    values = np.array([0.2 + sum(cost(unit) for unit in group) for group in groups])
    kernels = {unit.key: KernelSample(unit, cost(unit)) for group in groups for unit in group}
    fit = Evidence(
        networks[:FITTED],
        values[:FITTED],
        kernels=list(kernels.values()),
        facts=facts,
        sources={name: source(networks[:FITTED]) for name, source in SOURCES.items()},
    )
    return fit, networks[FITTED:], values[FITTED:]


@cache
def fitted(key):
    return fresh(key).fit(evidence()[0])


def fresh(key):
    made = PREDICTORS.resolve(key)(PREDICTORS.parse_config(key, QUICK.get(key, {})))
    return made.bind(SOURCES) if hasattr(made, "bind") else made  # reads values of other devices


@predictors
def test_it_predicts_networks_it_has_not_seen_better_than_their_mean(key):
    _, networks, values = evidence()
    found = fitted(key).predict(networks)
    assert found.shape == (TESTED,)
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    assert (found > 0).all()
    assert np.abs(found / values - 1).mean() < np.abs(values.mean() / values - 1).mean() / 2


@predictors
def test_the_same_evidence_gives_the_same_predictor(key):
    _, networks, _ = evidence()
    again = fresh(key).fit(evidence()[0])
    assert np.array_equal(again.predict(networks), fitted(key).predict(networks))


@predictors
def test_what_it_says_of_a_network_does_not_depend_on_the_others(key):
    _, networks, _ = evidence()
    together = fitted(key).predict(networks)
    alone = np.concatenate([fitted(key).predict([network]) for network in networks])
    assert np.allclose(together, alone, rtol=1e-5, atol=0)  # networks in batches round otherwise
    assert fitted(key).predict([]).shape == (0,)


@predictors
def test_its_state_is_plain_data_and_gives_the_same_numbers(key):
    _, networks, _ = evidence()
    state = json.loads(json.dumps(fitted(key).state_dict(), allow_nan=False))
    again = fresh(key).load_state_dict(state)
    assert np.array_equal(again.predict(networks), fitted(key).predict(networks))
    assert json.loads(json.dumps(again.state_dict())) == state


@predictors
@pytest.mark.parametrize("state", [{}, {"version": 99}, {"version": 1}])
def test_what_is_no_state_is_refused(key, state):
    with pytest.raises(PredictorError):
        fresh(key).load_state_dict(state)


@predictors
def test_before_it_is_fitted_it_says_so(key):
    with pytest.raises(PredictorError, match="fit"):
        fresh(key).predict(evidence()[1])
    with pytest.raises(PredictorError, match="fit"):
        fresh(key).state_dict()


@predictors
def test_too_little_evidence_is_refused_with_the_reason(key):
    nothing = Evidence((), np.zeros(0))
    reason = PREDICTORS.resolve(key).applicable(nothing)
    assert reason
    with pytest.raises(PredictorError):
        fresh(key).fit(nothing)
    assert PREDICTORS.resolve(key).applicable(evidence()[0]) == ""


@predictors
@pytest.mark.parametrize("bad", [0.0, -3.0, np.nan])
def test_values_that_are_no_measurement_are_refused(key, bad):
    good = evidence()[0]
    values = good.values.copy()
    values[5] = bad
    broken = Evidence(
        good.networks,
        values,
        kernels=good.kernels,
        facts=good.facts,
        sources=good.sources,
    )
    with pytest.raises(PredictorError):
        fresh(key).fit(broken)


@predictors
def test_a_network_from_elsewhere_is_predicted_or_refused_by_name(key):
    draft = NetworkDraft((3, 32, 32))
    x = draft.add("conv", draft.input, out_channels=24, kernel=7, stride=2)
    network = draft.finish(draft.add("head", x, outputs=10))
    try:
        found = fitted(key).predict([network])
    except PredictorError as error:
        found, said = np.ones(1), str(error)
    else:
        said = "a number"
    assert np.isfinite(found).all()
    assert (found > 0).all()
    assert said


@predictors
def test_its_settings_have_descriptions_and_refuse_what_they_do_not_know(key):
    config = PREDICTORS.config_class(key)
    assert all(field.description for field in config.model_fields.values())
    with pytest.raises(ConfigError, match="Unknown setting"):
        PREDICTORS.parse_config(key, {"colour": "red"})
    assert PREDICTORS.resolve(key).origin in ("predicted", "looked_up", "analytic")


@predictors
def test_sums_over_units_are_what_it_predicts(key):
    predictor = fitted(key)
    if not isinstance(predictor, Summed):
        pytest.skip("is no sum over units")
    _, networks, _ = evidence()
    groups = [units_of(network, predictor.rules) for network in networks]
    sums = np.stack([predictor.unit_rows(group).sum(axis=0) for group in groups])
    assert np.array_equal(predictor.from_sums(sums), predictor.predict(networks))
    shuffled = np.stack([predictor.unit_rows(group[::-1]).sum(axis=0) for group in groups])
    assert np.array_equal(sums, shuffled)  # exact in any order
