"""`ridge`: exact where costs add up, robust, honest about what it does not know."""

import json

import numpy as np
import pytest

from search_engine.costs.accuracy import error_report
from search_engine.costs.predictors.features import count_units
from search_engine.costs.predictors.protocol import Evidence, Summed
from search_engine.costs.predictors.ridge import Ridge, RidgeConfig
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkDraft
from tests.search_engine.costs.tables import drawn, nb201

PUBLISHED = (
    *("help_1080ti_1_ms", "help_gold_6226_ms", "hwnb_fpga_latency_ms"),
    *("hwnb_raspi4_latency_ms", "hwnb_pixel3_latency_ms"),
)


def additive(networks, rules=None):
    """A device that runs units one after another: each takes a start, its MACs, its traffic."""
    return np.array(
        [
            0.1 + sum(0.01 + u.macs / 1e8 + u.values_moved / 1e7 for u in units_of(n, rules))
            for n in networks
        ]
    )


@pytest.fixture(scope="module")
def mbconv():
    _, networks = drawn("mbconv-tiny", 120)
    return networks, additive(networks, RuntimeRules())


def test_costs_that_add_up_are_found_from_few_networks(mbconv):
    networks, values = mbconv
    model = Ridge().fit(Evidence(networks[:60], values[:60]))
    assert error_report(values[60:], model.predict(networks[60:])).mape < 0.1
    assert isinstance(model, Summed)


def test_one_gross_outlier_does_not_spoil_the_others(mbconv):
    networks, values = mbconv
    broken = values[:60].copy()
    broken[7] *= 10
    model = Ridge().fit(Evidence(networks[:60], broken))
    assert error_report(values[60:], model.predict(networks[60:])).mape < 1


def test_saved_and_loaded_it_predicts_the_same_and_so_does_a_second_fit(mbconv):
    networks, values = mbconv
    noisy = values * np.random.default_rng(0).normal(1, 0.02, len(values))
    model = Ridge().fit(Evidence(networks[:60], noisy[:60]))
    again = Ridge().load_state_dict(json.loads(json.dumps(model.state_dict())))
    twin = Ridge().fit(Evidence(networks[:60], noisy[:60]))
    some = networks[60:80]
    wanted = model.predict(some)
    assert (again.predict(some) == wanted).all()
    assert (twin.predict(some) == wanted).all()
    assert np.isfinite(wanted).all()
    assert (wanted > 0).all()


def test_left_out_predictions_tell_the_error_on_new_networks(mbconv):
    networks, values = mbconv
    noisy = values * np.random.default_rng(1).normal(1, 0.03, len(values))
    model = Ridge().fit(Evidence(networks[:80], noisy[:80]))
    seen = error_report(noisy[:80], model.out_of_fold).mape
    assert seen == pytest.approx(
        error_report(noisy[80:], model.predict(networks[80:])).mape, rel=0.4
    )


@pytest.mark.parametrize("liveness", ["none", "unused_output"])
def test_the_rule_of_dead_layers_is_found_from_measurements(liveness):
    _, networks = drawn("nasbench201-tiny", 60)
    rules = RuntimeRules(liveness)
    values = additive(networks, rules)
    model = Ridge(RidgeConfig(liveness="choose")).fit(Evidence(networks[:40], values[:40]))
    assert model.rules == rules
    assert error_report(values[40:], model.predict(networks[40:])).mape < 0.5


def test_an_unknown_layer_is_named_and_not_taken_for_free(mbconv):
    networks, values = mbconv
    model = Ridge().fit(Evidence(networks[:20], values[:20]))
    draft = NetworkDraft((1, 8, 8))
    strange = draft.finish(draft.add("head", draft.add("max_pool", draft.input), outputs=3))
    with pytest.raises(PredictorError, match="max_pool"):
        model.predict([strange])


def test_bad_evidence_and_foreign_states_are_refused(mbconv):
    networks, values = mbconv
    with pytest.raises(PredictorError, match="at least 5"):
        Ridge().fit(Evidence(networks[:3], values[:3]))
    with pytest.raises(PredictorError, match="positive"):
        Ridge().fit(Evidence(networks[:9], -values[:9]))
    with pytest.raises(PredictorError, match="state"):
        Ridge().load_state_dict({"families": ["conv"]})
    with pytest.raises(PredictorError, match="not fitted"):
        Ridge().predict(networks)


@pytest.fixture(scope="module")
def published():
    _, networks, values = nb201(PUBLISHED, 300)
    rules = {kind: RuntimeRules(kind) for kind in ("none", "unused_output")}
    return {kind: count_units(networks, rule) for kind, rule in rules.items()}, values


@pytest.mark.parametrize(
    ("column", "liveness", "hits", "rank"),
    [
        ("help_1080ti_1_ms", "none", 98, 0.95),
        ("help_gold_6226_ms", "none", 92, 0.95),
        ("hwnb_fpga_latency_ms", "none", 100, 0.99),
        ("hwnb_raspi4_latency_ms", "unused_output", 0, 0.955),
        ("hwnb_pixel3_latency_ms", "unused_output", 0, 0.955),
    ],
)
def test_one_hundred_published_cells_give_the_documented_accuracy(
    published, column, liveness, hits, rank
):
    counted, values = published
    counts, truth = counted[liveness], values[column]
    model = Ridge().learn([counts.take(np.arange(100))], truth[:100])
    report = error_report(truth[100:], model.answer(counts.take(np.arange(100, len(truth)))))
    assert report.within_10pct >= hits
    assert report.spearman >= rank
