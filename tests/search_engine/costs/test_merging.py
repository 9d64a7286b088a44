"""Layers that a runtime computes once for all, and what reads zeros, as units."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from search_engine import load_space
from search_engine.costs.gene_tables import GeneTables
from search_engine.costs.predictors.kernel import KernelPredictor
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.summed import rules_from_json, rules_to_json
from search_engine.costs.units import RuntimeRules, units_of

PLAIN = RuntimeRules("unused_output")
MERGING = replace(PLAIN, merges=True)
APART = replace(PLAIN, zeros_apart=True)
BOTH = RuntimeRules("unused_output", frozenset({("conv", "add")}), True, 16, True, True)


def kinds(genes: tuple[int, ...], rules: RuntimeRules) -> Counter[str]:
    network = load_space("nasbench201").decode(genes)
    return Counter(unit.kind for unit in units_of(network, rules))


def test_equal_pools_of_one_tensor_run_once() -> None:
    genes = (4, 4, 3, 0, 3, 3)  # pools from node 0 to nodes 1 and 2
    assert kinds(genes, PLAIN)["avg_pool"] == 32
    assert kinds(genes, MERGING)["avg_pool"] == 17
    assert kinds(genes, MERGING)["conv"] == kinds(genes, PLAIN)["conv"]


def test_what_follows_merged_layers_is_merged_too() -> None:
    genes = (1, 0, 4, 4, 1, 1)  # a skip to node 1, so both pools read node 0
    assert kinds(genes, MERGING)["avg_pool"] == 17


def test_layers_with_weights_are_never_merged() -> None:
    genes = (2, 2, 1, 2, 1, 1)
    assert kinds(genes, MERGING) == kinds(genes, PLAIN)


def test_readers_of_zeros_say_so() -> None:
    network = load_space("nasbench201").decode((0, 3, 0, 3, 4, 3))  # a pool of node 1, all zeros
    pools = [unit for unit in units_of(network, APART) if unit.attributes.get("zeros")]
    assert {unit.op for unit in pools} == {"avg_pool"}
    assert len(pools) == 15
    assert not any(unit.attributes.get("zeros") for unit in units_of(network, PLAIN))


def test_rules_survive_json() -> None:
    for rules in (PLAIN, MERGING, APART, BOTH):
        assert rules_from_json(json.loads(json.dumps(rules_to_json(rules)))) == rules


@pytest.mark.parametrize("space", ["nasbench201-tiny", "mbconv-tiny"])
def test_tables_over_genes_agree_with_decoding(space: str) -> None:
    compiled, rng = load_space(space), np.random.default_rng(0)
    networks = [compiled.decode(compiled.sample(rng)) for _ in range(30)]
    values = 1.0 + np.array([sum(u.values_moved for u in units_of(n, BOTH)) for n in networks])
    predictor = KernelPredictor().fit(Evidence(networks, values / values.mean(), BOTH))
    genes = compiled.sample_many(rng, 60)
    decoded = predictor.predict([compiled.decode(tuple(map(int, row))) for row in genes])
    assert (GeneTables(compiled, predictor).predict(genes) == decoded).all()
