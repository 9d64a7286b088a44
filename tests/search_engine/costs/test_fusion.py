"""Fusion found by experiment, and what merging layers into units must keep (K1 to K4)."""

from collections import Counter

import numpy as np
import pytest

from search_engine import load_space
from search_engine.costs.fusion import (
    PairTimes,
    candidate_pairs,
    detect_fusions,
    disagreements,
    pair_probes,
    pair_times,
)
from search_engine.costs.predictors.lut import Lut
from search_engine.costs.predictors.protocol import Evidence, KernelSample
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.network import NetworkSpec

SUMS = frozenset({("conv", "add"), ("pointwise", "add"), ("depthwise", "add")})


def unit_ms(unit: Unit) -> float:
    """A fake device: a fixed time per kernel and per number moved, so that fusing saves both."""
    return 1.0 + 1e-4 * unit.values_moved


def device_ms(network: NetworkSpec, rules: RuntimeRules) -> float:
    return 5.0 + sum(map(unit_ms, units_of(network, rules)))


def detected(rules: RuntimeRules) -> frozenset[tuple[str, str]]:
    times = {}
    for first, second in candidate_pairs():
        networks = pair_probes(first, second)
        taken = {name: device_ms(network, rules) for name, network in networks.items()}
        times[first.kind, second.op] = pair_times(taken)
    assert not disagreements(rules, times)
    return detect_fusions(times)


def test_a_pair_is_fused_if_it_saves_half_of_the_quicker_one() -> None:
    """Property K1."""
    assert PairTimes(1, 1, 1.05).fused
    assert not PairTimes(1, 1, 1.9).fused
    assert not PairTimes(10, 1, 10.8).fused
    assert PairTimes(10, 1, 10.2).fused


def test_times_of_nothing_prove_nothing() -> None:
    assert not PairTimes(0.0, 1.0, 0.2).fused
    assert not PairTimes(1.0, -0.1, 0.2).fused


def test_probes_recover_the_rules_of_a_device() -> None:
    activations = frozenset((kind, "norm_act") for kind, _ in SUMS)
    assert detected(RuntimeRules()) == frozenset()
    assert detected(RuntimeRules("unused_output", SUMS)) == SUMS
    assert detected(RuntimeRules("unused_output", activations)) == activations


def test_rules_that_differ_from_what_was_found_are_named() -> None:
    times = {("conv", "add"): PairTimes(1, 1, 1), ("pointwise", "add"): PairTimes(1, 1, 2)}
    found = disagreements(RuntimeRules(fusions=frozenset({("pointwise", "add")})), times)
    assert "runs as one kernel" in found["conv", "add"]
    assert "runs as two kernels" in found["pointwise", "add"]


@pytest.mark.parametrize("space", ["nasbench201", "mbconv-tiny"])
def test_each_layer_is_in_exactly_one_unit(space: str) -> None:
    """Properties K2 and K3: whatever order parallel layers stand in, the same units."""
    compiled, rng = load_space(space), np.random.default_rng(0)
    rules = RuntimeRules("unused_output", SUMS)
    for _ in range(5):
        network = compiled.decode(compiled.sample(rng))
        units = units_of(network, rules)
        inside = Counter(name for unit in units for name in set(unit.nodes))
        assert not inside or set(inside) <= set(network.by_id)
        again = units_of(NetworkSpec.from_json(network.to_json()), rules)
        assert Counter(unit.key for unit in units) == Counter(unit.key for unit in again)
        plain = units_of(network, RuntimeRules())
        assert Counter(name for unit in plain for name in unit.nodes).most_common(1)[0][1] == 1


def test_without_fusion_units_sum_up_to_the_look_up_table() -> None:
    """Property K4."""
    compiled, rng = load_space("mbconv-tiny"), np.random.default_rng(0)
    networks = [compiled.decode(compiled.sample(rng)) for _ in range(8)]
    rules = RuntimeRules()
    units = {unit.key: unit for network in networks for unit in units_of(network, rules)}
    samples = [KernelSample(unit, unit_ms(unit)) for unit in units.values()]
    values = np.array([device_ms(network, rules) for network in networks])
    table = Lut().fit(Evidence(networks, values, rules, samples))
    assert table.predict(networks) == pytest.approx(values, rel=1e-3)
