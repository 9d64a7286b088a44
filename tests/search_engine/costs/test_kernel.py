"""The kernel-level predictor: sums, shapes never seen, timed units, outliers, storage."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest

from search_engine import load_space
from search_engine.costs.accuracy import error_report
from search_engine.costs.predictors.kernel import KernelPredictor
from search_engine.costs.predictors.kernel_sampling import (
    adaptive_sampling,
    left_out_errors,
    neighbours,
    units_of_space,
)
from search_engine.costs.predictors.protocol import Evidence, KernelSample
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.ops import OPS

RULES = RuntimeRules()


def true_ms(unit: Unit) -> float:
    """A made-up device: start, work at a family's speed, traffic."""
    speed = {"depthwise": 5e-6, "pointwise": 6e-7, "conv": 3e-7}.get(unit.kind, 1e-6)
    return 0.004 + speed * unit.macs + 2e-7 * unit.values_moved + 1e-7 * unit.params


def staircase_ms(unit: Unit) -> float:
    """The same for vectors of 16 channels: what does not fill one costs as if it did."""
    full = math.ceil(unit.output[0] / 16) * 16 / unit.output[0]
    return 0.02 + 4e-6 * full * unit.macs


def whole_ms(network: NetworkSpec) -> float:
    return 0.03 + sum(map(true_ms, units_of(network, RULES)))


def drawn(space: str, count: int, seed: int = 0) -> list[NetworkSpec]:
    compiled, rng = load_space(space), np.random.default_rng(seed)
    return [compiled.decode(compiled.sample(rng)) for _ in range(count)]


def evidence(networks: Sequence[NetworkSpec], noise: float = 0.0, seed: int = 1) -> Evidence:
    factors = np.exp(noise * np.random.default_rng(seed).standard_normal(len(networks)))
    return Evidence(networks, np.array([whole_ms(network) for network in networks]) * factors)


def timed(units: Sequence[Unit], factor: float = 1.0) -> list[KernelSample]:
    return [KernelSample(unit, factor * true_ms(unit)) for unit in units]


def convolution(inputs: int, outputs: int, kernel: int = 3, side: int = 16) -> Unit:
    rule, shape = OPS.resolve("conv"), (inputs, side, side)
    attributes = rule.complete({"out_channels": outputs, "kernel": kernel})
    return Unit("conv", attributes, (shape,), rule.shape(attributes, [shape]))


@pytest.fixture(scope="module")
def fitted() -> KernelPredictor:
    return KernelPredictor().fit(evidence(drawn("mbconv-tiny", 60), noise=0.01))


def test_networks_never_seen_are_right_within_a_few_percent(fitted: KernelPredictor) -> None:
    fresh = drawn("mbconv-tiny", 60, seed=9)
    report = error_report([whole_ms(n) for n in fresh], fitted.predict(fresh))
    assert report.mape < 1.5
    assert report.within_10pct == 100
    assert report.kendall_tau > 0.93


def test_a_prediction_is_the_offset_and_the_sum_of_its_units(fitted: KernelPredictor) -> None:
    for network in drawn("mbconv-tiny", 3, seed=4):
        units = units_of(network, RULES)
        shuffled = [units[i] for i in np.random.default_rng(0).permutation(len(units))]
        sums = fitted.unit_rows(shuffled).sum(axis=0)
        assert fitted.predict([network])[0] == fitted.from_sums(sums[None])[0]


def test_shapes_that_no_network_had_are_estimated() -> None:
    """Fitted on maps of 8x8, asked for maps of 12x12 and three channels."""
    predictor = KernelPredictor().fit(evidence(drawn("mbconv-tiny", 60)))
    other, rng = load_space("mbconv-tiny", input_shape=(3, 12, 12)), np.random.default_rng(2)
    fresh = [other.decode(other.sample(rng)) for _ in range(20)]
    assert error_report([whole_ms(n) for n in fresh], predictor.predict(fresh)).mape < 10


def test_one_disturbed_network_does_not_spoil_the_others() -> None:
    good = evidence(drawn("nasbench201-tiny", 40), noise=0.01)
    values = good.values.copy()
    values[7] *= 2
    spoilt = KernelPredictor().fit(Evidence(good.networks, values))
    fresh = drawn("nasbench201-tiny", 40, seed=5)
    assert error_report([whole_ms(n) for n in fresh], spoilt.predict(fresh)).mape < 3


def test_timed_units_help_when_networks_are_few() -> None:
    space, rng = load_space("mbconv-tiny"), np.random.default_rng(0)
    units = units_of_space(space, RULES, 80, rng, draws=40)
    few, fresh = evidence(drawn("mbconv-tiny", 6)), drawn("mbconv-tiny", 40, seed=8)
    truth = [whole_ms(network) for network in fresh]
    with_units = KernelPredictor().fit(
        Evidence(few.networks, few.values, kernels=timed(units, 0.8))
    )
    alone = KernelPredictor().fit(few)
    report = error_report(truth, with_units.predict(fresh))
    assert report.mape < error_report(truth, alone.predict(fresh)).mape
    assert report.mape < 2


def test_timed_units_in_milliseconds_fit_networks_in_another_unit() -> None:
    units = units_of_space(load_space("mbconv-tiny"), RULES, 60, np.random.default_rng(0), draws=20)
    energy = evidence(drawn("mbconv-tiny", 20))
    predictor = KernelPredictor().fit(
        Evidence(energy.networks, 250 * energy.values, kernels=timed(units))
    )
    fresh = drawn("mbconv-tiny", 20, seed=3)
    assert error_report([250 * whole_ms(n) for n in fresh], predictor.predict(fresh)).mape < 2


def test_timed_units_alone_are_enough() -> None:
    units = [convolution(c, k) for c in (8, 16, 24, 32) for k in (8, 16, 24, 32, 48, 64, 96)]
    predictor = KernelPredictor().fit(Evidence([], np.zeros(0), kernels=timed(units)))
    asked = [convolution(20, 40), convolution(12, 80)]
    assert predictor.unit_rows(asked)[:, 0] == pytest.approx(
        [true_ms(unit) for unit in asked], rel=0.1
    )


def test_its_state_survives_json_and_predicts_the_same(fitted: KernelPredictor) -> None:
    units = [convolution(c, k) for c in (8, 16, 24, 32, 40) for k in (8, 16, 24, 32, 48)]
    networks = drawn("mbconv-tiny", 12, seed=6)
    data = evidence(networks)
    with_forest = KernelPredictor().fit(Evidence(networks, data.values, kernels=timed(units)))
    for predictor in (fitted, with_forest):
        state = json.loads(json.dumps(predictor.state_dict()))
        again = KernelPredictor().load_state_dict(state)
        assert (again.predict(networks) == predictor.predict(networks)).all()


@pytest.mark.parametrize("change", [{"format": 9}, {"pull": [1.0]}, {"units": [{}]}, {"guess": 3}])
def test_a_damaged_state_is_refused(fitted: KernelPredictor, change: dict) -> None:
    with pytest.raises(PredictorError, match="No state of a kernel predictor"):
        KernelPredictor().load_state_dict({**fitted.state_dict(), **change})
    state = fitted.state_dict()
    for key in state:
        with pytest.raises(PredictorError, match="No state of a kernel predictor"):
            KernelPredictor().load_state_dict({k: v for k, v in state.items() if k != key})


def test_a_family_it_has_not_seen_is_named(fitted: KernelPredictor) -> None:
    with pytest.raises(PredictorError, match="avg_pool"):
        fitted.predict(drawn("nasbench201", 3))


def test_too_little_evidence_is_refused() -> None:
    with pytest.raises(PredictorError, match="needs 5 measured networks"):
        KernelPredictor().fit(evidence(drawn("mbconv-tiny", 4)))
    with pytest.raises(PredictorError, match="not fitted"):
        KernelPredictor().predict(drawn("mbconv-tiny", 1))


def test_values_that_are_no_times_are_refused() -> None:
    networks = drawn("mbconv-tiny", 6)
    with pytest.raises(PredictorError, match="above 0"):
        KernelPredictor().fit(Evidence(networks, np.array([1, 2, 3, 4, 5, 0.0])))


def test_units_of_a_space_cover_all_families() -> None:
    units = units_of_space(load_space("mbconv-tiny"), RULES, 30, np.random.default_rng(0), draws=30)
    assert len({unit.key for unit in units}) == 30
    expected = {"conv", "pointwise", "depthwise", "squeeze_excite", "add", "head"}
    assert {unit.kind for unit in units} == expected


def test_neighbours_have_other_channels_and_the_same_kind() -> None:
    found = neighbours(convolution(32, 64), 5, np.random.default_rng(0))
    assert len(found) == 5
    assert all(unit.kind == "conv" and unit.output[1:] == (16, 16) for unit in found)
    assert all(20 <= unit.inputs[0][0] <= 44 for unit in found)


def test_adaptive_sampling_lowers_the_error_on_a_staircase() -> None:
    """Property K5: times step at multiples of 16 channels."""
    rng = np.random.default_rng(0)
    start = [convolution(int(c), int(k)) for c, k in rng.integers(8, 129, size=(30, 2))]
    fresh = [convolution(int(c), int(k)) for c, k in rng.integers(8, 129, size=(60, 2))]
    truth = np.array([staircase_ms(unit) for unit in fresh])

    def measure(units: Sequence[Unit]) -> list[KernelSample]:
        return [KernelSample(unit, staircase_ms(unit)) for unit in units]

    errors = []
    for samples in adaptive_sampling(measure, start, rng, rounds=3, most=240):
        predictor = KernelPredictor().fit(Evidence([], np.zeros(0), RULES, samples))
        found = predictor.unit_rows(fresh)[:, 0]
        errors.append(float(np.percentile(np.abs(found - truth) / truth, 90)))
    assert len(errors) > 1
    assert errors[-1] < 0.8 * errors[0]


def test_adaptive_sampling_ends_once_everything_is_predicted_well() -> None:
    start = [convolution(c, k) for c in (16, 32, 48, 64, 96) for k in (16, 32, 48, 64, 96)]
    found = list(adaptive_sampling(timed, start, np.random.default_rng(0)))
    assert len(found) == 1
    assert (left_out_errors(found[0], RULES) < 0.1).all()
