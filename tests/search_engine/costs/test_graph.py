"""`graph`: what is the same network to it, what it learns, what it stores."""

import json
from dataclasses import replace

import numpy as np
import pytest

from search_engine.costs.accuracy import error_report
from search_engine.costs.predictors.features import count_units
from search_engine.costs.predictors.graph import Graph, GraphConfig
from search_engine.costs.predictors.graph_nodes import graph_of
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from tests.search_engine.costs.tables import drawn

RULES = RuntimeRules("full_path")


@pytest.fixture(scope="module")
def learned():
    space, networks = drawn("nasbench201-tiny", 200)
    counts = count_units(networks, RULES)
    alive = counts.counts.sum(axis=1) > 6
    networks = [network for network, is_alive in zip(networks, alive, strict=True) if is_alive]
    values = (0.2 + counts.longest[:, 0] + 0.05 * counts.counts.sum(axis=1))[alive]
    config = GraphConfig.parse({"width": 32, "layers": 3, "epochs": 60})
    model = Graph(config).fit(Evidence(networks[:120], values[:120], RULES))
    return space, networks, values, model


def test_it_learns_paths_and_sizes(learned):
    _, networks, values, model = learned
    report = error_report(values[120:], model.predict(networks[120:]))
    assert report.kendall_tau > 0.8
    assert report.mape < 10


def test_cells_that_do_the_same_are_predicted_alike(learned):
    space, _, _, model = learned
    dead = space.decode((3, 3, 0, 0, 0, 3))  # the edge into node 1 feeds nothing
    bare = space.decode((0, 3, 0, 0, 0, 3))
    mirrored = space.decode((3, 0, 0, 0, 3, 0))  # through node 1 instead of node 2
    first, *others = model.predict([bare, dead, mirrored])
    assert others == pytest.approx([first, first], rel=1e-5)
    assert abs(model.predict([space.decode((3, 3, 3, 3, 3, 3))])[0] / first - 1) > 0.1


def test_names_of_layers_do_not_matter(learned):
    _, networks, _, model = learned
    network = networks[3]
    names = {node.id: f"layer{i}" for i, node in enumerate(reversed(network.nodes))}
    renamed = replace(
        network,
        nodes=tuple(
            replace(n, id=names[n.id], inputs=tuple(names.get(i, i) for i in n.inputs))
            for n in network.nodes
        ),
        outputs=tuple(names[o] for o in network.outputs),
    )
    assert model.predict([renamed]) == pytest.approx(model.predict([network]), rel=1e-5)


def test_repeated_blocks_stand_as_one_with_their_number():
    space, _ = drawn("nasbench201", 1)
    network = space.decode((3, 3, 3, 3, 3, 3))
    graph = graph_of(network, RuntimeRules())
    whole = count_units([network], RuntimeRules()).counts.sum()
    assert graph.repeats.sum() == whole
    assert len(graph.units) < whole / 3
    assert (graph.edges[:, 0] < graph.edges[:, 1]).all()


def test_saved_and_loaded_it_predicts_the_same(learned):
    _, networks, _, model = learned
    again = Graph().load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert (again.predict(networks[:9]) == model.predict(networks[:9])).all()


def test_what_it_does_not_know_is_refused(learned):
    _, networks, values, model = learned
    _, strange = drawn("mbconv-tiny", 1)
    with pytest.raises(PredictorError, match="family"):
        model.predict(strange)
    with pytest.raises(PredictorError, match="at least 50"):
        Graph().fit(Evidence(networks[:9], values[:9]))
    damaged = model.state_dict()
    damaged["weights"] = {"answer.bias": {"shape": [1], "data": "AAAAAA=="}}
    with pytest.raises(PredictorError, match="do not fit"):
        Graph().load_state_dict(damaged).predict(networks[:1])


def test_same_evidence_same_weights():
    _, networks = drawn("mbconv-tiny", 50)
    values = np.array([network.macs for network in networks]) / 1e6
    config = GraphConfig.parse({"width": 8, "layers": 1, "epochs": 2})
    first, second = (Graph(config).fit(Evidence(networks, values)) for _ in range(2))
    assert first.state_dict() == second.state_dict()
