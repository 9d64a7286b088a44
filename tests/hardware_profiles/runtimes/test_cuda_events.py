"""Timing by events of a device that works behind the host's back, on a device of our own."""

from contextlib import nullcontext

import pytest

from hardware_profiles.measure import measure_latency
from hardware_profiles.running import Prepared
from hardware_profiles.runtimes.cuda_events import event_timer
from hardware_profiles.samples import MeasurePlan
from hardware_profiles.timing import ACCELERATOR_RUNS
from tests.hardware_profiles.fakes import HandClock, network

KERNEL_NS, LAUNCH_NS = 3_000_000, 5_000


class Gpu:
    """Takes work at once and does it later; events are marks in its queue."""

    def __init__(self, hand):
        self.hand, self.free_at, self.launched = hand, 0, 0

    def launch(self):
        self.hand.work(LAUNCH_NS)
        self.free_at = max(self.free_at, self.hand.now) + KERNEL_NS
        self.launched += 1

    def wait(self):
        self.hand.now = max(self.hand.now, self.free_at)

    def event(self):
        return Event(self)


class Event:
    def __init__(self, gpu):
        self.gpu, self.at = gpu, None

    def record(self):
        self.at = max(self.gpu.free_at, self.gpu.hand.now)

    def synchronize(self):
        self.gpu.hand.now = max(self.gpu.hand.now, self.at)

    def elapsed_time(self, end):
        assert self.gpu.hand.now >= end.at, "read before the device was there"
        return (end.at - self.at) / 1e6


@pytest.fixture
def gpu():
    return Gpu(HandClock())


def test_events_time_the_device_and_not_the_launch(gpu):
    assert event_timer(gpu.launch, gpu.event)(10) == pytest.approx(10 * KERNEL_NS, rel=0.01)


def test_a_network_on_such_a_device_is_timed_and_warmed_up_longer(gpu):
    class OnGpu:
        on_calling_thread = False

        def prepare(self, item, seed):
            return Prepared(gpu.launch, gpu.wait, event_timer(gpu.launch, gpu.event))

        def session(self):
            return nullcontext()

        def versions(self):
            return {}

    [result] = measure_latency([network(1)], OnGpu(), MeasurePlan(), clock=gpu.hand.clock())
    assert result.latency_ms == pytest.approx(KERNEL_NS / 1e6, rel=0.01)
    assert result.status == "ok"
    assert result.phases["warm_up_runs"] >= ACCELERATOR_RUNS
    assert result.phases["warm_up_ms"] >= 1000
