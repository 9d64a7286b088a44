"""The measuring protocol, on a clock that the tests move: what comes out is known exactly."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from hardware_profiles.measure import Reference, measure_latency
from hardware_profiles.samples import BRISK, MeasurePlan, summarise
from tests.hardware_profiles.fakes import HandClock, TimedRuntime, network

MS = 1_000_000
PLAN = MeasurePlan()


def measure(delays, *, plan=PLAN, hand=None, **options):
    hand = hand or HandClock()
    networks = [network(size) for size in range(1, len(delays) + 1)]
    background = options.pop("background", False)
    runtime = TimedRuntime(hand, dict(zip(networks, delays, strict=True)), background=background)
    return measure_latency(networks, runtime, plan, clock=hand.clock(), **options)


@pytest.mark.parametrize("delay_us", [3, 40, 180, 2_000, 70_000])
def test_a_constant_delay_is_recovered_within_one_percent(delay_us):
    [result] = measure([lambda _: delay_us * 1000])
    assert result.latency_ms == pytest.approx(delay_us / 1000, rel=0.01)
    assert result.status == "ok"
    assert result.spread.cv == 0


def test_a_short_network_is_repeated_until_a_sample_outlasts_the_timer():
    [short, long] = measure([lambda _: 20_000, lambda _: 3 * MS])
    assert short.samples.iterations == 50
    assert all(sample == 1000 for sample in short.samples.rounds[0])
    assert long.samples.iterations == 1


def test_one_sample_in_twenty_ten_times_slower_changes_nothing():
    rng = np.random.default_rng(5)
    [result] = measure([lambda _: 20 * MS if rng.random() < 0.05 else 2 * MS])
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)
    assert result.status == "ok"


@pytest.mark.parametrize("seed", range(10))
def test_a_drift_of_thirty_percent_never_swaps_networks_ten_percent_apart(seed):
    session_ns = 2 * 8 * 15 * 2 * MS

    def drifting(base_ns):
        return lambda now: int(base_ns * (1 + 0.3 * min(1.0, now / session_ns)))

    fast, slow = measure([drifting(2.0 * MS), drifting(2.2 * MS)], seed=seed)
    assert fast.latency_ms < slow.latency_ms


def test_too_few_undisturbed_rounds_are_reported_as_unstable():
    rng = np.random.default_rng(3)
    level = {}

    def restless(now):
        spell = now // (40 * MS)  # shorter than a round, so that each round has its own level
        return int(level.setdefault(spell, rng.uniform(2, 40)) * MS)

    [result] = measure([restless], plan=MeasurePlan(max_seconds=2))
    assert result.status == "unstable"
    assert f"Only {result.spread.rounds_kept} of {result.spread.rounds} rounds" in result.note


def test_a_disturbed_start_is_repaired_by_more_rounds():
    [result] = measure([lambda now: 5 * MS if now < 800 * MS else 2 * MS])
    assert result.status == "ok"
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)
    assert result.spread.rounds > PLAN.rounds
    assert result.spread.rounds_kept >= PLAN.min_rounds


def test_repeating_disturbed_rounds_ends_at_the_time_limit():
    hand = HandClock()
    growing = iter(range(10**9))
    measure(
        [lambda _: int(MS * 1.01 ** (next(growing) / 10))],
        hand=hand,
        plan=MeasurePlan(max_seconds=1),
    )
    assert hand.now < 60_000 * MS


def test_samples_during_which_the_processor_was_taken_away_do_not_count():
    hand = HandClock()
    turns = iter(range(10**9))

    def shared(now):
        if next(turns) % 3 == 0:
            hand.lose_processor(4 * MS)
        return 2 * MS

    [result] = measure([shared], hand=hand)
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)
    assert result.n <= 10 * len(result.samples.rounds)
    assert all(len(lost) == 5 for lost in result.samples.preempted)


def test_rounds_that_the_hypervisor_stole_from_do_not_count():
    hand, stolen = HandClock(), {"ns": 0}

    def with_theft(now):
        if now < 1500 * MS:  # another machine gets a tenth of the time
            stolen["ns"] += 200_000
            hand.work(200_000)
        return 2 * MS

    clock = replace(hand.clock(), stolen=lambda: stolen["ns"])
    runtime = TimedRuntime(hand, {network(1): with_theft})
    [result] = measure_latency([network(1)], runtime, PLAN, clock=clock)
    assert result.status == "ok"
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)
    assert any(result.samples.stolen)
    assert result.spread.rounds_kept < result.spread.rounds


def test_a_host_that_is_stolen_from_all_the_time_gives_no_number():
    hand = HandClock()
    clock = replace(hand.clock(), stolen=lambda: hand.now // 10)
    runtime = TimedRuntime(hand, {network(1): lambda _: 2 * MS})
    [result] = measure_latency([network(1)], runtime, MeasurePlan(max_seconds=1), clock=clock)
    assert (result.status, result.n) == ("unstable", 0)


def test_what_a_runtime_complains_of_makes_the_result_unstable():
    hand = HandClock()

    class Complaining(TimedRuntime):
        def prepare(self, item, seed):
            made = super().prepare(item, seed)
            return replace(
                made,
                complaint=lambda: "It recompiled.",
                phases={"compile_ms": 3.0},
                facts={"graphs": 1},
            )

    runtime = Complaining(hand, {network(1): lambda _: 2 * MS})
    [result] = measure_latency([network(1)], runtime, PLAN, clock=hand.clock())
    assert (result.status, result.note) == ("unstable", "It recompiled.")
    assert result.phases["compile_ms"] == 3.0
    assert result.environment["graphs"] == 1


def test_the_brisk_plan_asks_little_time_of_a_small_network():
    hand = HandClock()
    [result] = measure([lambda _: MS], plan=BRISK, hand=hand)
    assert result.status == "ok"
    assert hand.now < 200 * MS
    assert len(result.samples.rounds) >= BRISK.min_rounds


def test_a_number_without_any_undisturbed_sample_is_kept_as_unstable():
    hand = HandClock()

    def starved(now):
        hand.lose_processor(MS)
        return 2 * MS

    [result] = measure([starved], hand=hand, plan=MeasurePlan(max_seconds=1))
    assert (result.status, result.n) == ("unstable", 0)
    assert result.latency_ms == pytest.approx(3.0, rel=0.01)


def test_work_in_the_background_is_timed_to_its_end():
    [result] = measure([lambda _: 2 * MS], background=True)
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)


def test_every_result_recomputes_to_the_same_number_from_its_samples():
    rng = np.random.default_rng(0)
    results = measure([lambda _: int(rng.normal(2, 0.1) * MS), lambda _: 30_000])
    for result in results:
        stored = type(result.samples).model_validate_json(result.samples.model_dump_json())
        again = summarise(stored, MeasurePlan.parse(result.environment["plan"]))
        assert again.latency_ms == result.latency_ms
        assert again.spread == result.spread
        assert again.n == result.n


def test_rounds_are_shuffled_over_all_networks_and_by_seed():
    def order(seed):
        hand, seen = HandClock(), []

        def noting(name):
            def delay(now):
                seen.append(name)
                return 2 * MS

            return delay

        measure([noting("a"), noting("b"), noting("c")], hand=hand, seed=seed)
        turns = [name for name, before in zip(seen, [None, *seen], strict=False) if name != before]
        return turns[6:]  # after building and warming up

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert len(order(1)) > 8  # not one burst per network


def test_building_happens_before_the_host_is_taken_and_timing_within():
    hand, marks = HandClock(), {}

    @contextmanager
    def alone():
        marks["taken"] = hand.now
        yield
        marks["freed"] = hand.now

    [result] = measure([lambda _: MS], hand=hand, exclusive=alone)
    assert marks["taken"] == 8 * MS  # 7 to build, 1 to run for the first time
    assert marks["freed"] == hand.now
    assert result.phases["build_ms"] == 7
    assert result.phases["first_run_ms"] == 1
    assert result.phases["warm_up_ms"] >= 300


def test_a_slow_reference_marks_the_whole_call_unstable():
    hand = HandClock()
    candidate, fixed = network(1), network(2)
    runtime = TimedRuntime(hand, {candidate: lambda _: 2 * MS, fixed: lambda _: MS})

    def status(usual_ms):
        [result] = measure_latency(
            [candidate],
            runtime,
            MeasurePlan(max_seconds=1),
            reference=Reference(fixed, runtime, usual_ms),
            clock=hand.clock(),
        )
        assert result.environment["reference_ms"] == pytest.approx(1.0, rel=0.01)
        return result.status, result.note

    assert status(None) == ("ok", "")
    assert status(0.95) == ("ok", "")
    assert status(0.5)[0] == "unstable"
    assert "usually 0.5 ms" in status(0.5)[1]


def test_a_host_that_recovers_is_measured_again_instead_of_being_flagged():
    hand = HandClock()
    candidate, fixed = network(1), network(2)

    def slow_at_first(base):
        return lambda now: base * (3 if now < 1500 * MS else 1)

    runtime = TimedRuntime(hand, {candidate: slow_at_first(2 * MS), fixed: slow_at_first(MS)})
    [result] = measure_latency(
        [candidate], runtime, PLAN, reference=Reference(fixed, runtime, 1.0), clock=hand.clock()
    )
    assert result.status == "ok"
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_spells_in_which_the_whole_host_is_slow_are_left_out(seed):
    hand = HandClock()
    candidate, fixed = network(1), network(2)

    def with_spells(base):
        return lambda now: int(base * (1.4 if now // (200 * MS) % 4 else 1))

    runtime = TimedRuntime(hand, {candidate: with_spells(2 * MS), fixed: with_spells(MS)})
    [result] = measure_latency(
        [candidate],
        runtime,
        PLAN,
        reference=Reference(fixed, runtime, 1.0),
        clock=hand.clock(),
        seed=seed,
    )
    assert result.status == "ok"
    assert result.latency_ms == pytest.approx(2.0, rel=0.01)
    assert result.spread.rounds_kept < result.spread.rounds


def test_a_restless_host_is_accepted_within_the_wider_limit():
    hand = HandClock()
    candidate, fixed = network(1), network(2)

    def quiet_for_a_round(now):
        return int((1 if now < 380 * MS else 1.12) * MS)

    runtime = TimedRuntime(hand, {candidate: lambda _: 2 * MS, fixed: quiet_for_a_round})
    [result] = measure_latency(
        [candidate],
        runtime,
        MeasurePlan(settle_seconds=1),
        reference=Reference(fixed, runtime, 1.0),
        clock=hand.clock(),
    )
    quiet = [beside for beside in result.samples.reference if beside < 1.07 * MS]
    assert len(quiet) < PLAN.min_rounds
    assert result.status == "ok"
    assert hand.now < 3_000 * MS  # not until the limit for disturbed rounds


def test_the_environment_names_host_load_versions_and_plan():
    [result] = measure([lambda _: MS])
    facts = result.environment
    assert facts["host"]["logical_cores"] >= 1
    assert len(facts["before"]["load_average"]) == 3
    assert {"temperature_c", "frequency_mhz", "governor"} <= facts["after"].keys()
    assert {"stolen_share", "others_busy", "throttled"} <= facts["during"].keys()
    assert facts["versions"]["timed"] == "1"
    assert facts["versions"]["python"]
    assert MeasurePlan.parse(facts["plan"]) == PLAN


def test_no_networks_give_no_results():
    assert measure([]) == []
