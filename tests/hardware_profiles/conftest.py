"""A device of this host, and results as a measurement gives them."""

import pytest

from hardware_profiles.measure import measure_latency
from hardware_profiles.samples import MeasurePlan
from hardware_profiles.services import create_device
from tests.hardware_profiles.fakes import HandClock, TimedRuntime, network


@pytest.fixture
def device(db):
    """This host under PyTorch."""
    return create_device(slug="local-cpu", name="This CPU", runtime="pytorch")


@pytest.fixture
def timed():
    """Makes a network and its result: as many milliseconds as wanted, disturbed or not."""

    def make(milliseconds=2.0, *, size=1, disturbed=False):
        hand, subject = HandClock(), network(size)

        def delay(_):
            if disturbed:
                hand.lose_processor(1_000_000)
            return int(milliseconds * 1e6)

        runtime = TimedRuntime(hand, {subject: delay})
        [result] = measure_latency(
            [subject], runtime, MeasurePlan(max_seconds=0.1), clock=hand.clock()
        )
        return subject, result

    return make
