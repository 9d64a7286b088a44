"""Properties A1 to A4 of counting, and C1, C2 and C4 of estimating."""

import numpy as np
import pytest

from search_engine.costs.descriptor import Descriptor
from search_engine.costs.energy import AnalyticEnergy
from search_engine.costs.predictors.roofline import AnalyticRoofline, RooflineConfig
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.network import NetworkDraft, NetworkSpec
from search_engine.spaces.compiler import compile_space

DEVICE = Descriptor({"fp32": 50.0}, 10.0, launch_us=2.0)
BARE = {"norm": "none", "bias": False, "activation": "none"}


def conv(channels=16, stride=1, groups=1, size=16):
    draft = NetworkDraft((16, size, size))
    x = draft.add(
        "conv",
        draft.input,
        out_channels=channels,
        kernel=3,
        stride=stride,
        groups=groups,
        **BARE,
    )
    return draft.finish(x)


def chain(length):
    draft = NetworkDraft((16, 16, 16))
    x = draft.input
    for _ in range(length):
        x = draft.add("conv", x, out_channels=16, kernel=3, **BARE)
    return draft.finish(x)


def batch(size):
    return AnalyticRoofline.of(DEVICE, config=RooflineConfig(batch_size=size))


def test_a1_twice_the_output_channels_are_twice_the_macs():
    assert conv(channels=32).macs == 2 * conv().macs


def test_a2_a_depthwise_layer_does_one_channels_share_of_a_dense_one():
    assert conv(groups=16).macs * 16 == conv().macs


def test_a3_stride_two_on_even_sides_does_a_quarter():
    assert conv(stride=2).macs * 4 == conv().macs


def test_a4_a_batch_scales_work_and_maps_but_not_weights():
    units = units_of(conv(), RuntimeRules())
    one, four = batch(1).loads(units), batch(4).loads(units)
    weights = 4 * units[0].params / (DEVICE.bandwidth_gbs * 1e6)  # ms
    assert four.compute == pytest.approx(4 * one.compute)
    assert four.memory - weights == pytest.approx(4 * (one.memory - weights))


def test_c1_the_order_of_a_documents_keys_changes_nothing():
    network = conv()
    data = network.to_json()
    swapped = {key: data[key] for key in reversed(list(data))}
    swapped["nodes"] = [dict(reversed(list(node.items()))) for node in data["nodes"]]
    again = NetworkSpec.from_json(swapped)
    assert again.digest == network.digest
    assert batch(1).predict([again]) == batch(1).predict([network])


@pytest.mark.parametrize("key", ["darts-tiny", "elastic-vit-tiny", "mbconv-tiny"])
def test_c2_every_estimate_is_finite_and_above_zero(key):
    space, rng = compile_space(key), np.random.default_rng(0)
    networks = [space.decode(space.sample(rng)) for _ in range(4)]
    for model in (batch(1), batch(8), AnalyticEnergy.of()):
        found = model.predict(networks)
        assert np.isfinite(found).all()
        assert (found > 0).all()


def test_c4_one_layer_more_never_costs_less():
    networks = [chain(length) for length in range(1, 5)]
    for model in (batch(1), AnalyticEnergy.of()):
        assert (np.diff(model.predict(networks)) > 0).all()
    assert all(np.diff([network.macs for network in networks]) > 0)
