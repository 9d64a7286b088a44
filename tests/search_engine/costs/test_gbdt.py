"""`gbdt`: corrects sums by structure; its trees are plain arrays."""

import json

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor

from search_engine.costs.accuracy import error_report
from search_engine.costs.predictors.features import count_units
from search_engine.costs.predictors.gbdt import Gbdt, GbdtConfig
from search_engine.costs.predictors.gbdt_trees import Trees
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.ridge import Ridge
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from tests.search_engine.costs.tables import drawn

FEW = GbdtConfig.parse({"trees": 80})


@pytest.fixture(scope="module")
def branches():
    """A device that runs parallel branches side by side: the longest path is what takes time."""
    space, networks = drawn("nasbench201-tiny", 200)
    counts = count_units(networks, RuntimeRules("full_path"))
    return space, networks, 0.2 + counts.longest[:, 0] + 0.02 * counts.counts.sum(axis=1)


def test_what_does_not_add_up_is_learned_from_structure(branches):
    space, networks, values = branches
    evidence = Evidence(networks[:140], values[:140], RuntimeRules("full_path"), space=space)
    trees = error_report(values[140:], Gbdt(FEW).fit(evidence).predict(networks[140:]))
    plain = error_report(values[140:], Ridge().fit(evidence).predict(networks[140:]))
    assert trees.mape < 0.6 * plain.mape
    assert trees.kendall_tau > 0.85


def test_saved_and_loaded_it_predicts_the_same_without_scikit_learn(branches):
    space, networks, values = branches
    evidence = Evidence(networks[:60], values[:60], RuntimeRules("full_path"), space=space)
    model = Gbdt(FEW).fit(evidence)
    again = Gbdt().load_state_dict(json.loads(json.dumps(model.state_dict())))
    wanted = model.predict(networks[60:90])
    assert (again.predict(networks[60:90]) == wanted).all()
    assert (Gbdt(FEW).fit(evidence).predict(networks[60:90]) == wanted).all()
    assert (wanted > 0).all()


def test_networks_of_another_space_and_bad_evidence_are_refused(branches):
    space, networks, values = branches
    model = Gbdt(FEW).fit(Evidence(networks[:30], values[:30], space=space))
    _, others = drawn("mbconv-tiny", 1)
    with pytest.raises(PredictorError, match="mbconv-tiny"):
        model.predict(others)
    with pytest.raises(PredictorError, match="not fitted"):
        Gbdt().predict(networks)
    assert "20" in Gbdt.applicable(Evidence(networks[:5], values[:5]))


def test_trees_predict_what_the_library_that_grew_them_predicts():
    rng = np.random.default_rng(0)
    rows, target = rng.normal(size=(80, 6)), rng.normal(size=80)
    ours = Trees.grown(rows, target, 25, depth=3, learning_rate=0.1)
    theirs = GradientBoostingRegressor(
        n_estimators=25,
        learning_rate=0.1,
        max_depth=3,
        min_samples_leaf=3,
        subsample=0.5,
        max_features=0.33,
        random_state=0,
    ).fit(rows, target)
    fresh = rng.normal(size=(50, 6))
    assert ours.predict(fresh) == pytest.approx(theirs.predict(fresh), abs=1e-9)
    assert ours.staged(fresh)[-1] == pytest.approx(ours.predict(fresh))
    damaged = ours.to_json() | {"left": [10**6] * len(ours.left)}
    with pytest.raises(PredictorError, match="outside"):
        Trees.from_json(damaged)
