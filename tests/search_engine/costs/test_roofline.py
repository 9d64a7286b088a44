"""Properties R1 to R6 of the roofline, and descriptions of devices."""

import csv
import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from search_engine.costs.descriptor import Descriptor
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.roofline import (
    IDEAL,
    AnalyticRoofline,
    Roofline,
    RooflineConfig,
    waste,
)
from search_engine.costs.predictors.roofline_fit import Efficiencies, slower
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkDraft
from search_engine.spaces.compiler import compile_space
from tests.search_engine.benchmark_data import shared_file

PI = Descriptor({"fp32": 48, "int8": 96}, 12.8)
CELLS = compile_space("nasbench201")


def layer(groups=1, channels=64):
    draft = NetworkDraft((channels, 56, 56))
    bare = {"norm": "none", "bias": False, "activation": "none"}
    x = draft.add("conv", draft.input, out_channels=channels, kernel=3, groups=groups, **bare)
    return draft.finish(x)


def ideal(descriptor, network, **settings):
    made = AnalyticRoofline.of(descriptor, config=RooflineConfig(**settings), efficiencies=IDEAL)
    return made.predict([network])[0]


def draws(count, seed=0):
    rng = np.random.default_rng(seed)
    return [CELLS.decode(CELLS.sample(rng)) for _ in range(count)]


def test_r1_golden_numbers_of_a_raspberry_pi():
    assert layer().macs == 115_605_504
    assert ideal(PI, layer()) == pytest.approx(4.817, abs=5e-4)  # bound by arithmetic
    assert layer(64).macs == 1_806_336
    assert ideal(PI, layer(64)) == pytest.approx(0.1256, abs=5e-5)  # bound by traffic
    assert ideal(PI, layer(64)) == pytest.approx(1_607_936 / 12.8e6)


@pytest.mark.parametrize("groups", [1, 64])
def test_r2_time_does_not_rise_with_rates_or_efficiency(groups):
    network = layer(groups)
    times = [ideal(Descriptor({"fp32": p}, b), network) for p, b in [(9, 3), (20, 3), (20, 9)]]
    assert times == sorted(times, reverse=True)
    by_eta = [
        AnalyticRoofline.of(PI, efficiencies=Efficiencies({"*": e}, {"*": e}, 1.0, 0.0)).predict(
            [network]
        )[0]
        for e in (0.2, 0.5, 1.0)
    ]
    assert by_eta == sorted(by_eta, reverse=True)


def test_r3_faster_by_k_in_everything_is_faster_by_k_but_for_the_launch():
    slow = Descriptor({"fp32": 48}, 12.8, launch_us=30)
    fast = Descriptor({"fp32": 480}, 128, launch_us=30)
    network = draws(1)[0]
    launches = 0.03 * len(units_of(network, RuntimeRules()))
    assert (ideal(slow, network) - launches) / (ideal(fast, network) - launches) == pytest.approx(
        10
    )


def test_r4_below_the_ridge_point_arithmetic_does_not_count():
    assert ideal(Descriptor({"fp32": 48}, 12.8), layer(64)) == ideal(
        Descriptor({"fp32": 4800}, 12.8), layer(64)
    )


@pytest.mark.parametrize("p", [3.0, 5.0, 8.0])
def test_r5_the_smooth_form_lies_between_the_maximum_and_its_bound(p):
    rng = np.random.default_rng(0)
    compute, memory = rng.uniform(0, 2, 200), rng.uniform(0, 2, 200)
    most, smooth = slower(compute, memory), slower(compute, memory, p)
    assert (smooth >= most).all()
    assert (smooth <= 2 ** (1 / p) * most * (1 + 1e-12)).all()
    assert ideal(PI, layer(), smooth=p) >= ideal(PI, layer())


def test_r6_calibrated_on_a_published_device_it_ranks_better_than_macs():
    with shared_file("devices/devices.csv").open() as lines:
        device = {row["id"]: row for row in csv.DictReader(lines)}["xeon_gold_6226"]
    ops = np.load(shared_file("nb201/nb201_bench.npz"))["ops"]
    values = np.load(shared_file("nb201/nb201_hw.npz"))["help_gold_6226_ms"].astype(float)
    picked = np.random.default_rng(0).choice(len(ops), 160, replace=False)
    networks = [CELLS.decode(tuple(map(int, ops[i]))) for i in picked]
    evidence = Evidence(networks[:80], values[picked[:80]], facts={"descriptor": device})
    found = spearmanr(Roofline().fit(evidence).predict(networks[80:]), values[picked[80:]])[0]
    macs = spearmanr([network.macs for network in networks[80:]], values[picked[80:]])[0]
    assert found > 0.97 > macs


def test_calibration_finds_the_efficiencies_that_made_the_numbers():
    real = Efficiencies({"*": 0.4}, {"*": 0.5}, 1.0, 0.2)
    networks = draws(60)
    values = AnalyticRoofline.of(PI, efficiencies=real).predict(networks)
    fitted = Roofline().fit(Evidence(networks, values, facts={"descriptor": PI.to_json()}))
    fresh = draws(30, seed=3)
    wanted = AnalyticRoofline.of(PI, efficiencies=real).predict(fresh)
    assert np.allclose(fitted.predict(fresh), wanted, rtol=0.02)
    assert fitted.efficiencies.compute["conv"] == pytest.approx(0.4, rel=0.1)
    sides = [*fitted.efficiencies.compute.values(), *fitted.efficiencies.memory.values()]
    assert all(0 < side <= 1 for side in sides)


def test_int8_moves_a_quarter_of_the_bytes_and_has_its_own_peak():
    assert ideal(PI, layer(), dtype="int8") == pytest.approx(ideal(PI, layer()) / 2)
    wide = Descriptor({"fp32": 480, "int8": 480}, 12.8)  # traffic decides for both
    assert ideal(wide, layer(64), dtype="int8") == pytest.approx(ideal(wide, layer(64)) / 4)


def test_batches_multiply_work_and_maps_but_not_weights():
    one, four = (ideal(PI, layer(64), batch_size=size) for size in (1, 4))
    weights = 64 * 9 * 4 / 12.8e6
    assert four - weights == pytest.approx(4 * (one - weights))


def test_work_comes_in_whole_vectors():
    (unit,) = units_of(layer(channels=20), RuntimeRules())
    assert waste(unit, 16) == pytest.approx(32 / 20)
    assert waste(unit, 4) == waste(unit, 1) == 1
    wide, scalar = Descriptor({"fp32": 1}, 1e6, lanes=16), Descriptor({"fp32": 1}, 1e6)
    assert ideal(wide, layer(channels=20)) / ideal(scalar, layer(channels=20)) == pytest.approx(1.6)


def test_numbers_from_a_description_alone_are_called_analytic():
    assert AnalyticRoofline.origin == "analytic"
    assert Roofline.origin == "predicted"


def test_c5_what_is_not_described_is_an_error_that_names_it():
    with pytest.raises(PredictorError, match=r"no peak for fp16\. It has: fp32, int8"):
        ideal(PI, layer(), dtype="fp16")
    with pytest.raises(PredictorError, match="needs `mem_bw_gbs`"):
        Descriptor.from_json({"peak_fp32_gflops": "48", "mem_bw_gbs": ""})
    with pytest.raises(PredictorError, match="could not convert"):
        Descriptor.from_json({"peak_fp32_gflops": "fast", "mem_bw_gbs": "3"})
    with pytest.raises(PredictorError, match="positive rates; wrong: bandwidth"):
        Descriptor({"fp32": 1}, -3)
    with pytest.raises(PredictorError, match="description of the device"):
        Roofline().fit(Evidence(draws(6), np.ones(6)))


def test_a_row_of_a_device_list_is_read_and_survives_json():
    row = {
        "peak_fp32_gflops": "236",
        "peak_fp16_gflops": "472",
        "mem_bw_gbs": "25.6",
        "power_w": "",
    }
    device = Descriptor.from_json(row)
    assert device.peaks == {"fp32": 236, "fp16": 472, "bf16": 472}
    assert device.power_w is None
    assert Descriptor.from_json(device.to_json()) == device


def test_its_state_keeps_the_smooth_form():
    networks = draws(8)
    times = AnalyticRoofline.of(PI).predict(networks)
    evidence = Evidence(networks, times, facts={"descriptor": PI.to_json()})
    fitted = Roofline(RooflineConfig(smooth=4.0)).fit(evidence)
    again = Roofline().load_state_dict(json.loads(json.dumps(fitted.state_dict())))
    assert (again.predict(networks) == fitted.predict(networks)).all()
