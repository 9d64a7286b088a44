"""A device whose latency is a law, so that a profiling run takes no time and can be judged."""

from hardware_profiles import profiling
from hardware_profiles.measure import measure_latency
from hardware_profiles.profiling import Budget
from hardware_profiles.samples import MeasurePlan
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.loading import load_space
from tests.hardware_profiles.fakes import HandClock, TimedRuntime

PLAN = MeasurePlan(rounds=5, runs_per_round=10, warmup_seconds=0, max_seconds=0.05)
SMALL = Budget(networks=40, test_networks=12, seconds=3600)
SPACE = "mbconv-tiny"


def law_ms(network):
    """A price per unit and one per MAC, as in a runtime that runs layer after layer."""
    units = units_of(network, RuntimeRules())
    return sum(0.02 + 2e-6 * unit.macs for unit in units)


def timed(networks, *, slower=1.0, disturbed=()):
    """Results as `measure_latency` makes them."""
    hand = HandClock()

    def delay_of(network):
        def delay(_):
            if network.digest in disturbed:
                hand.lose_processor(1_000_000)
            return int(slower * law_ms(network) * 1e6)

        return delay

    runtime = TimedRuntime(hand, {network: delay_of(network) for network in networks})
    return measure_latency(networks, runtime, PLAN, clock=hand.clock())


def started(device, budget=SMALL, space=SPACE):
    """A run that has measured nothing yet."""
    return profiling.start(device=device, space=load_space(space), slug=space, budget=budget)


def measured_all(profile, **how):
    """Measure until the run has enough; returns every hash that was measured, in order."""
    order = []
    while batch := profiling.next_batch(profile):
        for network, result in zip(batch, timed(batch, **how), strict=True):
            assert profiling.record(profile, network, result, seconds=0.5)
            order.append(network.digest)
    return order
