"""Probe networks: two lengths differ in copies of one unit only, for chains and for taps."""

from collections import Counter

import numpy as np
import pytest

from search_engine import load_space
from search_engine.costs.predictors.kernel_sampling import units_of_space
from search_engine.costs.probes import (
    LONG,
    SHORT,
    chains,
    kernel_spread,
    kernel_time,
    pair_network,
    probe_network,
    probes,
    shows_unit,
)
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.ops import OPS

PLAIN = RuntimeRules()
FUSING = RuntimeRules("unused_output", frozenset({("pointwise", "add"), ("conv", "add")}))


def unit(op: str, attributes: dict, *inputs: tuple[int, ...], **more: object) -> Unit:
    rule = OPS.resolve(op)
    complete = rule.complete(attributes)
    own = inputs[: len(inputs) - int(more.get("others", 0))]
    return Unit(op, complete, inputs, rule.shape(complete, own), **more)


MAP, SMALL = (16, 8, 8), (24, 4, 4)
UNITS = [
    unit("conv", {"out_channels": 16}, MAP),
    unit("conv", {"out_channels": 24, "stride": 2}, MAP),
    unit("avg_pool", {}, MAP),
    unit("avg_pool", {"kernel": 2, "stride": 2}, MAP),
    unit("add", {}, MAP, MAP, MAP),
    unit("concat", {}, MAP, (8, 8, 8)),
    unit("head", {"outputs": 10}, MAP),
    unit("linear", {"outputs": 7}, (12,)),
    unit("squeeze_excite", {}, SMALL),
]


def added(one: NetworkSpec, other: NetworkSpec, rules: RuntimeRules) -> Counter[str]:
    first, second = (Counter(u.key for u in units_of(n, rules)) for n in (one, other))
    assert not first - second
    return second - first


@pytest.mark.parametrize("wanted", UNITS, ids=lambda item: item.key.replace(" ", "_"))
def test_lengths_differ_in_copies_of_the_unit_only(wanted: Unit) -> None:
    short, long = probes(wanted)
    assert added(short, long, PLAIN) == {wanted.key: LONG - SHORT}
    assert shows_unit(wanted, PLAIN)
    NetworkSpec.from_json(long.to_json())  # shapes follow from the rules of the layers


@pytest.mark.parametrize("space", ["nasbench201", "mbconv-tiny"])
def test_every_unit_of_a_space_can_be_probed(space: str) -> None:
    for wanted in units_of_space(load_space(space), PLAIN, 40, np.random.default_rng(0), draws=20):
        assert added(*probes(wanted), PLAIN) == {wanted.key: LONG - SHORT}


def test_a_fused_unit_is_probed_as_the_runtime_runs_it() -> None:
    """K8 of look-up tables: fused and unfused builds select different keys."""
    fused = unit(
        "conv",
        {"out_channels": 16, "kernel": 1, "activation": "none"},
        MAP,
        MAP,
        fused=("add",),
        others=1,
    )
    assert added(*probes(fused), FUSING) == {fused.key: LONG - SHORT}
    assert shows_unit(fused, FUSING)
    assert not shows_unit(fused, PLAIN)


def test_time_of_a_unit_is_the_difference_per_copy() -> None:
    """A device that takes an offset, and a fixed time per unit, is recovered exactly."""

    def taken(network: NetworkSpec) -> float:
        costs = {"norm_act": 0.3, "conv": 0.7, "head": 0.05}
        return 2.0 + sum(costs[u.op] for u in units_of(network, PLAIN))

    for wanted, expected in ((UNITS[0], 0.7), (UNITS[1], 0.7), (UNITS[6], 0.05)):
        short, long = map(taken, probes(wanted))
        assert kernel_time(short, long) == pytest.approx(expected)


def test_spread_of_a_unit_grows_as_its_share_of_the_chain_falls() -> None:
    assert kernel_spread(1.0, 2.0, 0.01, 0.01, 10) == pytest.approx(0.0224, abs=1e-4)
    assert kernel_spread(1.9, 2.0, 0.01, 0.01, 10) > 0.2
    assert kernel_spread(2.0, 1.9, 0.01, 0.01, 10) == np.inf


def test_what_cannot_be_built_is_said() -> None:
    layout = Unit("identity", {"to": "blocked"}, (MAP,), MAP)
    with pytest.raises(PredictorError, match="cannot be timed in a network"):
        probe_network(layout, 2)
    activated = unit("conv", {"out_channels": 16}, MAP, fused=("norm_act",))
    with pytest.raises(PredictorError, match="settings of the fused norm_act"):
        probe_network(activated, 2)
    with pytest.raises(PredictorError, match="0 to 12 copies, got 13"):
        probe_network(UNITS[0], 13)
    with pytest.raises(PredictorError, match="form no chain"):
        pair_network(UNITS[0], UNITS[1], 2)
    assert chains(UNITS[4])
    assert not chains(UNITS[1])
