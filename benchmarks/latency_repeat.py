"""How well a measured latency holds while every core of this host trains, against one burst.

Ten networks of `mbconv-tiny` that span its range are measured once on the quiet host, then twice,
each in a call of its own, while one process per core trains networks without pause and gives way
at batch boundaries. The same networks are timed by the usual burst of 40 runs, once quiet and
twice beside the trainings, which do not give way to it.

    python benchmarks/latency_repeat.py [--quick] [--runtime onnxruntime]

Prints a table and, as its last line, one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hardware_profiles.host_lock import SharedHold, exclusive
from hardware_profiles.measure import LatencyResult, Reference, measure_latency
from hardware_profiles.reference import reference_network
from hardware_profiles.runtimes import RUNTIMES
from hardware_profiles.runtimes.protocol import Runtime
from hardware_profiles.samples import MeasurePlan
from search_engine import load_evaluator, load_space
from search_engine.network import NetworkSpec
from search_engine.training.threads import use_one_thread
from search_engine.types import EpochReport

SPACE = "mbconv-tiny"
BURST_RUNS = 40


class Polite:
    """The monitor of a training that shares the host."""

    def __init__(self, hold: SharedHold) -> None:
        self._hold, self._silent = hold, False

    def batch(self) -> None:
        self._hold.give_way()

    def epoch(self, report: EpochReport) -> None:
        if not self._silent:
            print("training", flush=True)
        self._silent = True


def train_for_ever() -> None:
    """What the evaluate worker does: train one candidate after the other."""
    use_one_thread()
    space, rng = load_space(SPACE), np.random.default_rng(1)
    trainer = load_evaluator("short_training", "digits")
    with SharedHold() as hold:
        monitor = Polite(hold)
        while True:
            trainer.evaluate(space.decode(space.sample(rng)), seed=0, monitor=monitor)


@contextmanager
def busy_training() -> Iterator[subprocess.Popen[str]]:
    """Another process that trains; ready when it has finished its first epoch."""
    command = [sys.executable, __file__, "--train"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        if not process.stdout.readline().startswith("training"):
            raise RuntimeError(f"The training ended with code {process.wait()}.")
        yield process
    finally:
        process.kill()
        process.wait()


def spanning_networks(count: int) -> list[NetworkSpec]:
    """Random networks from the shallowest to the deepest of 300, like a front: apart in latency."""
    space, rng = load_space(SPACE), np.random.default_rng(0)
    drawn = sorted(
        {space.decode(space.sample(rng)) for _ in range(300)},
        key=lambda network: (len(network.nodes), network.macs),
    )
    depths = np.array([len(network.nodes) for network in drawn])
    wanted = np.linspace(depths.min(), depths.max(), count)
    return [drawn[i] for i in sorted({int(np.abs(depths - depth).argmin()) for depth in wanted})]


def measure_pass(
    networks: list[NetworkSpec], runtime: Runtime, usual: list[float]
) -> list[LatencyResult]:
    """One call per network, as the product measures a candidate again."""
    results = []
    for network in networks:
        reference = Reference(reference_network(), runtime, float(np.percentile(usual[-20:], 25)))
        [result] = measure_latency(
            [network], runtime, MeasurePlan(), reference=reference, exclusive=exclusive
        )
        usual.append(result.environment["reference_ms"])
        results.append(result)
    return results


def burst_pass(networks: list[NetworkSpec], runtime: Runtime) -> list[float]:
    """The naive way: median of a burst, milliseconds."""
    medians = []
    for network in networks:
        with runtime.session():
            prepared = runtime.prepare(network, 0)
            prepared.run()
            taken = []
            for _ in range(BURST_RUNS):
                began = time.perf_counter()
                prepared.run()
                taken.append(time.perf_counter() - began)
        medians.append(float(np.median(taken)) * 1000)
    return medians


def deviations(first: list[float], second: list[float]) -> "np.ndarray":
    """|second - first| / first per network."""
    a, b = np.array(first), np.array(second)
    return np.abs(b - a) / a


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="six networks")
    parser.add_argument("--runtime", default="pytorch", choices=RUNTIMES.keys())
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train_for_ever()
    runtime = RUNTIMES.resolve(options.runtime)(RUNTIMES.parse_config(options.runtime, {}))
    networks = spanning_networks(6 if options.quick else 10)
    report(options.runtime, networks, runtime)


def report(key: str, networks: list[NetworkSpec], runtime: Runtime) -> None:
    """Run all passes, quiet and beside one training per core, and print what they found."""
    plan = MeasurePlan(rounds=40, warmup_seconds=0.1)
    [first] = measure_latency([reference_network()], runtime, plan, exclusive=exclusive)
    usual = [first.latency_ms]
    naive = [burst_pass(networks, runtime)]
    passes = [measure_pass(networks, runtime, usual)]
    trainings = os.cpu_count() or 1
    with ExitStack() as stack:
        for _ in range(trainings):
            stack.enter_context(busy_training())
        naive += [burst_pass(networks, runtime) for _ in range(2)]
        began = time.perf_counter()
        passes += [measure_pass(networks, runtime, usual) for _ in range(2)]
        seconds = (time.perf_counter() - began) / (2 * len(networks))
    ours = [[result.latency_ms for result in results] for results in passes]
    print(f"{trainings} trainings. Columns: quiet, then twice beside them; ms.")
    print(f"{'architecture':<12} {'MACs':>10} {'burst':>24} {'measured':>24}  status")
    for i, network in enumerate(networks):
        burst = " ".join(f"{row[i]:7.4f}" for row in naive)
        measured = " ".join(f"{row[i]:7.4f}" for row in ours)
        states = " ".join(results[i].status for results in passes)
        print(f"{network.digest[:10]:<12} {network.macs:>10,} {burst:>24} {measured:>24}  {states}")
    line = {"runtime": key, "trainings": trainings, "n": len(networks)}
    line |= repeatability(ours, naive) | under_load(ours, naive)
    line["unstable"] = sum(result.status != "ok" for results in passes for result in results)
    line["seconds_per_measurement"] = round(seconds, 2)
    print(json.dumps(line))


def repeatability(ours: list[list[float]], naive: list[list[float]]) -> dict[str, float]:
    """The two passes beside the trainings against each other."""
    found, burst = deviations(*ours[1:]), deviations(*naive[1:])
    return {
        "median_deviation": round(float(np.median(found)), 4),
        "p90_deviation": round(float(np.percentile(found, 90)), 4),
        "kendall_tau": round(float(kendalltau(*ours[1:]).statistic), 4),
        "naive_median_deviation": round(float(np.median(burst)), 4),
        "naive_p90_deviation": round(float(np.percentile(burst, 90)), 4),
        "naive_kendall_tau": round(float(kendalltau(*naive[1:]).statistic), 4),
        "ratio": round(float(np.median(burst) / max(np.median(found), 1e-6)), 2),
    }


def under_load(ours: list[list[float]], naive: list[list[float]]) -> dict[str, float]:
    """Both passes beside the trainings against the quiet one; none is left out."""
    found = np.concatenate([deviations(ours[0], row) for row in ours[1:]])
    burst = np.concatenate([deviations(naive[0], row) for row in naive[1:]])
    return {
        "load_median_deviation": round(float(np.median(found)), 4),
        "load_p90_deviation": round(float(np.percentile(found, 90)), 4),
        "naive_load_median_deviation": round(float(np.median(burst)), 4),
        "load_ratio": round(float(np.median(burst) / max(np.median(found), 1e-6)), 2),
    }


if __name__ == "__main__":
    main()
