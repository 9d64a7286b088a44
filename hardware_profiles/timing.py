"""The clock side of a measurement: warm-up, turns in shuffled rounds, a reference between turns."""

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from hardware_profiles.running import Prepared
from hardware_profiles.samples import MeasurePlan, Samples, summarise

MAX_WARMUP_RUNS = 100_000
PROBE_SAMPLES = 5
ACCELERATOR_RUNS, ACCELERATOR_SECONDS = 50, 1.0  # warm-up at least, whatever the plan
_PREEMPTED_NS = 50_000  # a context switch away and back, at the least
_PREEMPTED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from, in nanoseconds; tests bring their own.

    Attributes:
        wall: monotonic time.
        cpu: CPU time of the calling thread, or None if it tells nothing about the runs.
        stolen: time that a hypervisor gave to other machines, or None if nobody knows.
    """

    wall: Callable[[], int] = time.perf_counter_ns
    cpu: Callable[[], int] | None = time.thread_time_ns
    stolen: Callable[[], int] | None = None


@dataclass(slots=True)
class Subject:
    """A prepared network and what was timed of it so far."""

    prepared: Prepared
    phases: dict[str, float]
    iterations: int = 1
    rounds: list[tuple[int, ...]] = field(default_factory=list)
    preempted: list[tuple[int, ...]] = field(default_factory=list)
    reference: list[int] = field(default_factory=list)
    stolen: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Probe:
    """The reference network: how long it took at best, and what is usual."""

    subject: Subject
    usual_ms: float | None
    taken_ms: list[float] = field(default_factory=list)

    @property
    def best_ms(self) -> float:
        """The least it took in this call."""
        return min(self.taken_ms)

    def limit(self, factor: float) -> int:
        """Nanoseconds beyond which the host was slow.

        One lucky sample must not tighten it, but a tenth of all tells that what was usual is not.
        """
        low = float(np.percentile(self.taken_ms, 10))
        base = low if self.usual_ms is None else max(self.best_ms, min(self.usual_ms, low))
        return round(base * factor * 1e6)

    def slow(self, factor: float) -> bool:
        """Whether it was never faster than `factor` times what is usual."""
        return self.usual_ms is not None and self.best_ms > self.usual_ms * factor


class Session:
    """Takes turns with the networks of one call."""

    def __init__(
        self,
        subjects: Sequence[Subject],
        probe: Probe | None,
        plan: MeasurePlan,
        clock: Clock,
        rng: np.random.Generator,
        between_rounds: Callable[[], None] = lambda: None,
    ) -> None:
        self._subjects, self._probe, self._plan = subjects, probe, plan
        self._clock, self._rng = clock, rng
        self._between_rounds = between_rounds

    def run(self) -> None:
        """Warm up, take the planned rounds, and more while they disagree or were disturbed."""
        with _no_garbage_collection():
            self._warm_up_all()
            for _ in range(self._plan.rounds):
                self._round(self._subjects)
            began = self._clock.wall()
            while (seconds := (self._clock.wall() - began) / 1e9) < self._plan.max_seconds:
                settling = seconds < self._plan.settle_seconds
                if not (unfinished := self._unfinished(settling=settling)):
                    break
                self._round(unfinished)

    def samples(self, subject: Subject) -> Samples:
        """What was timed; without enough quiet rounds the quietest ones count."""
        if not self._probe:
            return self._samples(subject, None)
        plan, probe = self._plan, self._probe
        quietest = sorted(subject.reference)[: 2 * plan.min_rounds]
        needed = max(quietest[-1], probe.limit(plan.quiet_factor))
        return self._samples(subject, min(needed, probe.limit(plan.disturbed_factor)))

    def _samples(self, subject: Subject, limit: int | None) -> Samples:
        return Samples(
            iterations=subject.iterations,
            rounds=tuple(subject.rounds),
            preempted=tuple(subject.preempted),
            reference=tuple(subject.reference),
            reference_limit=limit,
            stolen=tuple(subject.stolen),
        )

    def _unfinished(self, *, settling: bool) -> Sequence[Subject]:
        """Who needs another round; all, as long as the host as a whole is slow."""
        plan = self._plan
        if self._probe and self._probe.slow(plan.quiet_factor if settling else plan.slow_factor):
            return self._subjects
        if settling:
            limit = self._probe.limit(plan.quiet_factor) if self._probe else None
            strict = [(s, self._samples(s, limit)) for s in self._subjects]
            return [s for s, samples in strict if not summarise(samples, plan).settled]
        return [s for s in self._subjects if summarise(self.samples(s), plan).status != "ok"]

    def _warm_up_all(self) -> None:
        if self._probe:
            self._warm_up(self._probe.subject, 0)
        for subject in self._subjects:
            self._between_rounds()
            self._warm_up(subject, self._plan.warmup_seconds)

    def _warm_up(self, subject: Subject, seconds: float) -> None:
        """Run until both minima are reached; the fastest run tells how many make a sample."""
        plan, wall = self._plan, self._clock.wall
        least = plan.warmup_runs
        if subject.prepared.timed:  # accelerators raise their clocks and tune their kernels first
            least, seconds = max(least, ACCELERATOR_RUNS), max(seconds, ACCELERATOR_SECONDS)
        began = wall()
        runs, elapsed, fastest = 0, 0, math.inf
        while runs < least or elapsed < seconds * 1e9:
            before = elapsed
            run(subject.prepared)
            runs, elapsed = runs + 1, wall() - began
            fastest = min(fastest, elapsed - before)
            if runs >= MAX_WARMUP_RUNS:
                break
        subject.phases |= {"warm_up_ms": elapsed / 1e6, "warm_up_runs": runs}
        subject.iterations = max(1, math.ceil(plan.sample_seconds * 1e9 / max(fastest, 1000)))

    def _round(self, subjects: Sequence[Subject]) -> None:
        """One turn each, in random order, with the reference between all turns."""
        self._between_rounds()
        before = self._ask_probe()
        for position in self._rng.permutation(len(subjects)):
            subject = subjects[position]
            stolen = self._stolen()
            taken, preempted = self._turn(subject, self._plan.runs_per_round)
            subject.stolen.append((self._stolen() - stolen) // 1000)
            after = self._ask_probe()
            subject.rounds.append(tuple(max(1, round(sample / 1000)) for sample in taken))
            subject.preempted.append(tuple(preempted))
            subject.reference.append(max(before, after))
            before = after

    def _stolen(self) -> int:
        return self._clock.stolen() if self._clock.stolen else 0

    def _ask_probe(self) -> int:
        """Nanoseconds that one run of the reference takes now: median of a few samples."""
        if not self._probe:
            return 0
        subject = self._probe.subject
        taken, _ = self._turn(subject, PROBE_SAMPLES)
        found = max(1, round(float(np.median(taken)) / subject.iterations))
        self._probe.taken_ms.append(found / 1e6)
        return found

    def _turn(self, subject: Subject, count: int) -> tuple[list[int], list[int]]:
        """Nanoseconds per sample, and the positions of those that lost the processor."""
        run(subject.prepared, subject.iterations)  # brings it back into the caches
        taken, preempted = [], []
        for index in range(count):
            wall, stolen = self._sample(subject)
            taken.append(wall)
            if stolen > max(_PREEMPTED_NS, _PREEMPTED_SHARE * wall):
                preempted.append(index)
        return taken, preempted

    def _sample(self, subject: Subject) -> tuple[int, int]:
        """Wall time of one sample, and how much of it the thread did not have the processor."""
        if subject.prepared.timed:
            return subject.prepared.timed(subject.iterations), 0
        wall, cpu = self._clock.wall, self._clock.cpu
        used, began = cpu() if cpu else 0, wall()
        run(subject.prepared, subject.iterations)
        elapsed = wall() - began
        return elapsed, elapsed - (cpu() - used) if cpu else 0


def run(prepared: Prepared, iterations: int = 1) -> None:
    """Run back to back, and wait until all is done."""
    once = prepared.run
    for _ in range(iterations):
        once()
    prepared.sync()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
