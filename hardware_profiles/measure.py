"""Measure the latency of networks on this host, and keep everything needed to judge the number."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np

from hardware_profiles import environment, sensors
from hardware_profiles.running import Item, ItemT, Runner
from hardware_profiles.samples import MeasurePlan, Samples, Spread, Status, Summary, summarise
from hardware_profiles.timing import Clock, Probe, Session, Subject, run


@dataclass(frozen=True, slots=True)
class Reference(Generic[ItemT]):
    """A fixed network that is timed before and after every turn, to notice a slow host.

    Attributes:
        runtime: runs it; at batch size 1, whatever the batch of the networks.
        usual_ms: what it took here before, or None if that is not known yet.
    """

    network: ItemT
    runtime: Runner[ItemT]
    usual_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """A measured latency and its circumstances.

    Attributes:
        digest: of the network.
        latency_ms: minimum of round medians, for one batch.
        n: samples it rests on.
        status: `unstable` must not be used as if it were a latency; `note` says why.
        phases: `build_ms`, `first_run_ms`, `warm_up_ms`, `warm_up_runs`.
        environment: host, state `before`, `during` and `after`, versions, plan, the reference if
            there was, and what the runtime adds.
    """

    digest: str
    latency_ms: float
    spread: Spread
    n: int
    status: Status
    note: str
    samples: Samples
    phases: Mapping[str, float]
    environment: Mapping[str, Any]


def measure_latency(
    items: Sequence[ItemT],
    runtime: Runner[ItemT],
    plan: MeasurePlan,
    *,
    seed: int = 0,
    reference: Reference[Any] | None = None,
    exclusive: Callable[[], AbstractContextManager[None]] = nullcontext,
    clock: Clock | None = None,
    between_rounds: Callable[[], None] = lambda: None,
) -> list[LatencyResult]:
    """Latencies of several networks, taken in turns so that slow drift hits all alike.

    What is timed need not be a `NetworkSpec`: anything with a digest that the runtime prepares.
    Networks are built before `exclusive` is entered, and everything after it is timing.

    Args:
        items: networks; one result each, in this order.
        seed: of weights, inputs and the order of turns.
        reference: rounds beside which it is slow do not count.
        exclusive: makes the context in which nothing else may compute.
        between_rounds: called between pieces of work, at least every few hundred milliseconds;
            what it raises ends the measurement.

    Raises:
        PreparationError: the runtime cannot run a network; nothing was timed.
    """
    if not items:
        return []
    clock = clock or Clock(stolen=sensors.stolen_ns)
    if not runtime.on_calling_thread:
        clock = replace(clock, cpu=None)
    subjects = []
    for item in items:
        between_rounds()
        subjects.append(_prepare(item, runtime, seed, clock))
    probe = None
    if reference:
        subject = _prepare(reference.network, reference.runtime, seed, clock)
        probe = Probe(subject, reference.usual_ms)
    rng = np.random.default_rng(seed)
    watch = sensors.Watch()

    def between() -> None:
        watch.look()
        between_rounds()

    session = Session(subjects, probe, plan, clock, rng, between)
    with exclusive():
        before = environment.snapshot()
        watch.start()
        with runtime.session():
            session.run()
        during = watch.finish()
        after = environment.snapshot()
    facts = _facts(runtime, plan, probe) | {"before": before, "during": during, "after": after}
    return [
        _result(item, subject, session.samples(subject), plan, probe, facts)
        for item, subject in zip(items, subjects, strict=True)
    ]


def _prepare(item: ItemT, runtime: Runner[ItemT], seed: int, clock: Clock) -> Subject:
    """Build a network and run it once, so that lazy initialisation is over."""
    with runtime.session():
        began = clock.wall()
        prepared = runtime.prepare(item, seed)
        built = clock.wall()
        run(prepared)
        ran = clock.wall()
    phases = {"build_ms": (built - began) / 1e6, "first_run_ms": (ran - built) / 1e6}
    return Subject(prepared, phases | dict(prepared.phases))


def _result(
    item: Item,
    subject: Subject,
    samples: Samples,
    plan: MeasurePlan,
    probe: Probe | None,
    facts: Mapping[str, Any],
) -> LatencyResult:
    summary = summarise(samples, plan)
    note = _complaint(summary, plan, probe, facts["during"]) or subject.prepared.complaint()
    return LatencyResult(
        digest=item.digest,
        latency_ms=summary.latency_ms,
        spread=summary.spread,
        n=summary.n,
        status="unstable" if note else "ok",
        note=note,
        samples=samples,
        phases=subject.phases,
        environment={**facts, **subject.prepared.facts},
    )


def _complaint(
    summary: Summary, plan: MeasurePlan, probe: Probe | None, during: Mapping[str, Any]
) -> str:
    """Why the number must not be used, or nothing."""
    if summary.status != "ok":
        stolen = during["stolen_share"] or 0
        cause = (
            f"the hypervisor gave {stolen:.0%} of the time to other machines"
            if stolen > plan.stolen_share
            else "something else computed here"
        )
        return (
            f"Only {summary.spread.rounds_kept} of {summary.spread.rounds} rounds were "
            f"undisturbed, {plan.min_rounds} are needed: {cause}."
        )
    if probe and probe.slow(plan.slow_factor):
        return (
            f"The host was slow: the reference network took {probe.best_ms:.4g} ms, "
            f"usually {probe.usual_ms:.4g} ms."
        )
    if during["throttled"]:
        return (
            f"The processor slowed itself down {during['throttled']} times while the clock ran: "
            "it was too hot or short of power."
        )
    return ""


def _facts(runtime: Runner[Any], plan: MeasurePlan, probe: Probe | None) -> dict[str, Any]:
    return {
        "host": environment.describe_host(),
        "versions": {**environment.library_versions(), **runtime.versions()},
        "plan": plan.model_dump(),
        "reference_ms": probe.best_ms if probe else None,
        "reference_usual_ms": probe.usual_ms if probe else None,
    }
