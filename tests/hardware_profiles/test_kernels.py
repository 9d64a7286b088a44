"""Timing single units through any measuring door: values, spread, quarantine."""

from collections.abc import Sequence

import pytest

from hardware_profiles.errors import PreparationError
from hardware_profiles.kernels import measure_kernels, usable
from hardware_profiles.measure import LatencyResult
from hardware_profiles.samples import Samples, Spread
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.network import NetworkSpec
from search_engine.ops import OPS

COSTS = {"norm_act": 0.2, "conv": 0.5, "add": 0.1, "avg_pool": 1e-6}


def unit(op: str, inputs: Sequence[tuple[int, ...]], **attributes: object) -> Unit:
    rule = OPS.resolve(op)
    complete = rule.complete(attributes)
    return Unit(op, complete, tuple(inputs), rule.shape(complete, list(inputs)))


CONV = unit("conv", [(8, 6, 6)], out_channels=8)
WIDER = unit("conv", [(8, 6, 6)], out_channels=16)
SUM = unit("add", [(8, 6, 6), (8, 6, 6)])
POOL = unit("avg_pool", [(8, 6, 6)])


class FakeDevice:
    """Takes a fixed time per unit; what it was asked for is kept."""

    def __init__(self, cv: float = 0.005, restless: str = "", cannot: str = "") -> None:
        self.cv, self.restless, self.cannot = cv, restless, cannot
        self.calls: list[int] = []

    def __call__(self, networks: Sequence[NetworkSpec]) -> list[LatencyResult]:
        self.calls.append(len(networks))
        return [self._result(network) for network in networks]

    def _result(self, network: NetworkSpec) -> LatencyResult:
        ops = [item.op for item in units_of(network, RuntimeRules())]
        if self.cannot in ops:
            raise PreparationError(f"It cannot run {self.cannot}.")
        taken = 1.0 + sum(COSTS[op] for op in ops)
        spread = Spread(median=taken, p90=taken, iqr=0, cv=self.cv, rounds_kept=8, rounds=8)
        status = "unstable" if self.restless in ops else "ok"
        samples = Samples(iterations=1, rounds=((1,),), preempted=((),))
        return LatencyResult(network.digest, taken, spread, 80, status, "Busy.", samples, {}, {})


def test_units_take_what_their_copies_add() -> None:
    device = FakeDevice()
    times = measure_kernels(device, [CONV, WIDER, SUM, CONV], at_once=2)
    assert [time.unit.key for time in times] == [CONV.key, WIDER.key, SUM.key]
    assert [time.value_ms for time in times] == pytest.approx([0.5, 0.5, 0.1])
    assert all(time.status == "ok" and time.n == 160 for time in times)
    assert device.calls == [4, 2]
    assert len(usable(times)) == 3


def test_a_noisy_unit_is_put_into_quarantine() -> None:
    [conv, small] = measure_kernels(FakeDevice(cv=0.04), [CONV, SUM])
    assert not conv.quarantined
    assert conv.cv == pytest.approx(0.06, abs=0.01)
    assert small.quarantined
    assert "at most 10%" in small.note


def test_a_unit_too_quick_to_be_seen_is_put_into_quarantine() -> None:
    [pool] = measure_kernels(FakeDevice(), [POOL])
    assert pool.quarantined
    assert usable([pool]) == []


def test_a_restless_chain_is_put_into_quarantine() -> None:
    times = measure_kernels(FakeDevice(restless="add"), [CONV, SUM])
    assert [time.quarantined for time in times] == [False, True]
    assert "Busy." in times[1].note


def test_a_unit_that_cannot_run_does_not_stop_the_others() -> None:
    layout = Unit("identity", {"to": "blocked"}, ((8, 6, 6),), (8, 6, 6))
    times = measure_kernels(FakeDevice(cannot="add"), [CONV, SUM, layout, WIDER])
    assert [time.quarantined for time in times] == [False, True, True, False]
    assert "cannot run add" in times[1].note
    assert "cannot be timed" in times[2].note
    assert [time.n for time in times] == [160, 0, 0, 160]
