"""A device whose latency is a law, so that a profiling run takes no time and can be judged."""

from dataclasses import replace
from functools import cache

from hardware_profiles import profiling
from hardware_profiles.measure import measure_latency
from hardware_profiles.profiling import Budget
from hardware_profiles.samples import MeasurePlan
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.loading import load_space
from tests.hardware_profiles.fakes import HandClock, TimedRuntime
from tests.hardware_profiles.fakes import network as network_of

PLAN = MeasurePlan(rounds=5, runs_per_round=10, warmup_seconds=0, max_seconds=0.05)
SMALL = Budget(networks=36, test_networks=12, seconds=3600)
SPACE = "mbconv-tiny"


@cache
def law_ms(network):
    """A price per unit and one per MAC, as in a runtime that runs layer after layer."""
    units = units_of(network, RuntimeRules())
    return sum(0.02 + 2e-6 * unit.macs for unit in units)


def timed(networks, *, slower=1.0, disturbed=()):
    """Results as `measure_latency` makes them, of networks that take what the law says."""
    return [
        replace(
            _template(disturbed=network.digest in disturbed),
            digest=network.digest,
            latency_ms=slower * law_ms(network),
        )
        for network in networks
    ]


@cache
def _template(*, disturbed):
    """A quiet or a disturbed session, measured once."""
    hand, subject = HandClock(), network_of(1)

    def delay(_):
        if disturbed:
            hand.lose_processor(1_000_000)
        return 1_000_000

    [result] = measure_latency(
        [subject], TimedRuntime(hand, {subject: delay}), PLAN, clock=hand.clock()
    )
    return result


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
