"""Properties L1 to L8 of look-up tables, and what they recover from sums."""

import numpy as np
import pytest

from search_engine.costs.predictors.lut import Lut, LutConfig
from search_engine.costs.predictors.lut_calibration import affine, theil_sen
from search_engine.costs.predictors.protocol import Evidence, KernelSample
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkDraft
from search_engine.spaces.compiler import compile_space
from tests.search_engine.benchmark_data import shared_file

SPACE = compile_space("mbconv-tiny")
CELLS = compile_space("nasbench201")
EAGER = RuntimeRules()


def truth(unit):
    """Made-up times: launch, work, and a surcharge for 5x5."""
    ms = 0.01 + unit.macs / 2e6 + unit.values_moved / 1e6
    return ms * (1.5 if unit.attributes.get("kernel") == 5 else 1.0)


def measured(networks, rules=EAGER, base=0.3):
    return np.array([base + sum(truth(u) for u in units_of(n, rules)) for n in networks])


def draws(space, count, seed=0):
    rng = np.random.default_rng(seed)
    return [space.decode(space.sample(rng)) for _ in range(count)]


def kernels_of(networks, factor=1.0, rules=EAGER):
    units = {u.key: u for n in networks for u in units_of(n, rules)}
    return [KernelSample(unit, factor * truth(unit)) for unit in units.values()]


def chain(*kernels):
    draft = NetworkDraft((8, 8, 8))
    x = draft.input
    for kernel in kernels:
        x = draft.add("conv", x, out_channels=8, kernel=kernel)
    return draft.finish(x)


@pytest.fixture(scope="module")
def timed():
    """A table of all units of some networks, calibrated on noiseless values."""
    networks = draws(SPACE, 40)
    evidence = Evidence(networks, measured(networks), kernels=kernels_of(networks))
    return Lut(LutConfig(calibration="affine", missing="error")).fit(evidence), networks


def test_l1_a_published_device_that_sums_its_layers_is_recovered_from_40_cells():
    hardware = np.load(shared_file("nb201/nb201_hw.npz"))
    ops = np.load(shared_file("nb201/nb201_bench.npz"))["ops"]
    values = hardware["hwnb_eyeriss_latency_ms"]
    picked = np.random.default_rng(0).choice(len(ops), 60, replace=False)
    networks = [CELLS.decode(tuple(map(int, ops[i]))) for i in picked]
    lut = Lut().fit(Evidence(networks[:40], values[picked[:40]] + 0.01))
    off = np.abs(lut.predict(networks[40:]) / (values[picked[40:]] + 0.01) - 1)
    assert off.max() < 0.01  # sums are free there, entries here are not


def test_l2_predictions_add_up_but_for_what_every_network_takes(timed):
    nets = [chain(3), chain(3, 5), chain(3, 5, 3)]
    kernels = [KernelSample(u, truth(u)) for u in units_of(chain(3, 5), RuntimeRules())]
    spread = [chain(*[3] * n, *[5] * m) for n in range(1, 4) for m in range(3)]
    lut = Lut(LutConfig(calibration="affine")).fit(
        Evidence(spread, measured(spread), kernels=kernels)
    )
    one, two, three = lut.predict(nets)
    assert three - two == pytest.approx(one - 0.3, abs=1e-9)


def test_l3_changing_one_layer_changes_the_sum_by_the_difference_of_entries(timed):
    lut, networks = timed
    for network in networks[:3]:
        units = units_of(network, RuntimeRules())
        rows = lut.unit_rows(units)[:, 0]
        assert lut.predict([network])[0] == pytest.approx(0.3 + rows.sum(), abs=1e-9)


def test_l5_calibration_finds_the_line_and_keeps_ranks():
    x = np.linspace(1, 5, 12)
    assert affine(x, 0.7 + 2.5 * x) == pytest.approx((0.7, 2.5))
    noisy = np.array([3.1, 1.2, 2.2, 4.0])
    a, c = affine(noisy, np.array([6.0, 2.7, 4.1, 8.5]))
    assert c > 0
    assert (np.argsort(a + c * noisy) == np.argsort(noisy)).all()


def test_l5_one_wild_measurement_does_not_move_the_line():
    x = np.linspace(1, 5, 20)
    y = 0.7 + 2.5 * x
    y[4] *= 6
    assert affine(x, y) == pytest.approx((0.7, 2.5), rel=1e-6)
    assert theil_sen(x, y) == pytest.approx((0.7, 2.5), rel=1e-6)


def test_l5_estimates_that_fall_where_measurements_rise_are_refused():
    with pytest.raises(PredictorError, match="fall where measurements rise"):
        affine(np.array([1.0, 2.0, 3.0, 4.0]), np.array([8.0, 6.0, 4.0, 2.0]))


def test_l5_timed_kernels_on_another_scale_are_brought_to_the_networks():
    networks = draws(SPACE, 60)
    lut = Lut().fit(
        Evidence(networks[:40], measured(networks[:40]), kernels=kernels_of(networks, 0.8))
    )
    assert np.allclose(lut.predict(networks[40:]), measured(networks[40:]), rtol=1e-3)


def test_l6_a_missing_entry_is_named_with_the_three_nearest(timed):
    lut, _ = timed
    draft = NetworkDraft((1, 8, 8))
    x = draft.add("conv", draft.input, out_channels=9, kernel=3, activation="relu6")
    with pytest.raises(PredictorError, match=r"has no entry 'conv.*out_channels=9") as caught:
        lut.predict([draft.finish(x)])
    nearest = str(caught.value).partition("Nearest: ")[2].split("; ")
    assert len(nearest) == 3
    assert all(text.rstrip(".").startswith("conv(") for text in nearest)


def test_l6_or_is_estimated_from_its_shape_where_that_is_wanted():
    networks = draws(SPACE, 60)
    lut = Lut().fit(Evidence(networks, measured(networks)))
    fresh = draws(SPACE, 40, seed=9)
    sources = {lut.source(u) for n in fresh for u in units_of(n, RuntimeRules())}
    assert sources == {"recovered", "estimated"}
    off = np.abs(lut.predict(fresh) / measured(fresh) - 1)
    assert off.mean() < 0.02
    assert off.max() < 0.1


def test_l7_times_that_are_none_are_flagged_and_not_used():
    networks = draws(SPACE, 40)
    samples = kernels_of(networks)
    broken = [KernelSample(samples[0].unit, -0.2), KernelSample(samples[1].unit, 0.0)]
    evidence = Evidence(networks, measured(networks), kernels=[*broken, *samples[2:]])
    lut = Lut().fit(evidence)
    assert set(lut.flagged) == {samples[0].unit.key, samples[1].unit.key}
    assert (lut.unit_rows([sample.unit for sample in samples]) > 0).all()


def test_l8_fused_and_unfused_builds_use_different_keys_and_fused_take_no_longer():
    fused = RuntimeRules(fusions=frozenset({("conv", "add"), ("pointwise", "add")}))
    networks = draws(SPACE, 80)
    tables = [
        Lut().fit(Evidence(networks, measured(networks, r), r)) for r in (fused, RuntimeRules())
    ]
    keys = [{u.key for n in networks for u in units_of(n, r)} for r in (fused, RuntimeRules())]
    assert any(key.startswith("conv&add") for key in keys[0])
    assert not any("&" in key for key in keys[1])
    joined, apart = (table.predict(networks) for table in tables)
    assert (joined <= apart * 1.01).all()


@pytest.mark.parametrize("space", [SPACE, CELLS])
def test_it_recovers_what_networks_take_from_networks_alone(space):
    networks = draws(space, 110)
    noise = np.exp(0.01 * np.random.default_rng(1).standard_normal(80))
    lut = Lut().fit(Evidence(networks[:80], measured(networks[:80]) * noise))
    off = np.abs(lut.predict(networks[80:]) / measured(networks[80:]) - 1)
    assert off.mean() < 0.015


def test_disturbed_measurements_do_not_spoil_the_others():
    networks = draws(SPACE, 110)
    values = measured(networks)
    values[[3, 30, 60]] *= 2
    lut = Lut().fit(Evidence(networks[:80], values[:80]))
    off = np.abs(lut.predict(networks[80:]) / measured(networks[80:]) - 1)
    assert off.mean() < 0.03


@pytest.mark.parametrize("bad", [-1.0, 0.0, np.nan, np.inf])
def test_values_that_are_no_times_are_refused(bad):
    networks = draws(SPACE, 6)
    with pytest.raises(PredictorError, match="number 2 is"):
        Lut().fit(Evidence(networks, np.array([1, 1, bad, 1, 1, 1])))
