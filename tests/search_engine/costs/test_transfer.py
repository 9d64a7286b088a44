"""`transfer`: a new device from ten measurements and what other devices say."""

import json

import numpy as np
import pytest

from search_engine.costs.accuracy import error_report, spearman
from search_engine.costs.predictors.features import count_units
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.ridge import possible_rules
from search_engine.costs.predictors.transfer import Known, Transfer, counted_features
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from tests.search_engine.costs.tables import drawn, nb201

COLUMNS = (
    *("help_gold_6226_ms", "hwnb_raspi4_latency_ms", "hwnb_fpga_latency_ms"),
    *(
        "hwnb_pixel3_latency_ms",
        "help_2080ti_1_ms",
        "help_samsung_s7_ms",
        "hwnb_eyeriss_latency_ms",
    ),
)


def looked_up(networks, values):
    known = {network.digest: value for network, value in zip(networks, values, strict=True)}
    return lambda asked: np.array([known[network.digest] for network in asked])


@pytest.fixture(scope="module")
def mixed():
    """Two known devices; the new one is a mixture of them."""
    space, networks = drawn("mbconv-tiny", 120)
    macs = np.array([network.macs for network in networks]) / 1e6
    layers = np.array([len(network.nodes) for network in networks]) / 10
    sources = {"fast": 0.2 + macs, "launch": 0.1 + layers}
    return space, networks, sources, np.sqrt(sources["fast"] * sources["launch"])


def fitted(mixed, count=12):
    _, networks, sources, values = mixed
    model = Transfer().bind({k: looked_up(networks, v) for k, v in sources.items()})
    few = {name: v[:count] for name, v in sources.items()}
    return model.fit(Evidence(networks[:count], values[:count], sources=few))


def test_a_mixture_of_known_devices_is_found(mixed):
    _, networks, _, values = mixed
    report = error_report(values[12:], fitted(mixed).predict(networks[12:]))
    assert report.spearman > 0.98
    assert report.within_10pct > 95


def test_saved_and_bound_again_it_predicts_the_same(mixed):
    _, networks, sources, _ = mixed
    model = fitted(mixed)
    again = Transfer().load_state_dict(json.loads(json.dumps(model.state_dict())))
    with pytest.raises(PredictorError, match="'fast'"):
        again.predict(networks[:3])
    again.bind({k: looked_up(networks, v) for k, v in sources.items()})
    assert (again.predict(networks) == model.predict(networks)).all()


def test_a_source_that_does_not_know_a_network_is_done_without(mixed):
    _, networks, sources, values = mixed
    gaps = sources["launch"].copy()
    gaps[60:80] = np.nan
    holes = {**sources, "launch": gaps}
    guess = fitted((None, networks, holes, values)).predict(networks[60:80])
    assert np.isfinite(guess).all()
    assert (guess > 0).all()


def test_without_sources_it_says_what_it_needs(mixed):
    _, networks, _, values = mixed
    assert "other devices" in Transfer.applicable(Evidence(networks, values))
    with pytest.raises(PredictorError, match="other devices"):
        Transfer().fit(Evidence(networks, values))


def test_ten_cells_of_a_new_device_do_better_than_ridge_on_sources():
    _, networks, values = nb201(COLUMNS, 160)
    rules = possible_rules(RuntimeRules(), "choose")
    features = counted_features([count_units(networks, rule) for rule in rules])
    ours, ridge, first = [], [], np.arange(10)
    for new in COLUMNS[:3]:
        logs = np.log(np.stack([values[name] for name in COLUMNS if name != new], axis=1))
        known, truth = Known(logs, features), values[new]
        model = Transfer().learn(known, known.take(first), truth[first])
        ours.append(spearman(truth[10:], model.answer(known)[10:]))
        rows = (logs - logs.mean(axis=0)) / logs.std(axis=0)
        inner = rows[:10] @ rows[:10].T + np.eye(10)
        target = np.log(truth[:10])
        weights = rows[:10].T @ np.linalg.solve(inner, target - target.mean())
        ridge.append(spearman(truth[10:], rows[10:] @ weights))
    assert np.mean(ours) >= np.mean(ridge) - 0.01
    assert np.mean(ours) > 0.92
