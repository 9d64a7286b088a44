"""Whether networks searched for one device are worse on the other: fp32 against int8 on this CPU.

For ONNX Runtime in fp32 and in int8 the same random NAS-Bench-201 cells are measured and a cost
model is fitted. One NSGA-II search per device then asks for accuracy (looked up) and latency
(predicted by that device's model). The networks of both fronts are measured on both devices, and
the fronts are judged by these measured latencies only: a cross-evaluation as in ProxylessNAS
(Cai et al., ICLR 2019, table 6) and Once-for-All (Cai et al., ICLR 2020, figure 11).

Accuracies are those of the fp32 networks; what quantisation costs in accuracy is not part of it.

    python benchmarks/specialisation.py [--quick] [--seed N]

Prints tables and, as its last line, one JSON object.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hardware_profiles.host_lock import exclusive
from hardware_profiles.measure import Reference, measure_latency
from hardware_profiles.reference import reference_network
from hardware_profiles.runtimes import RUNTIMES, rules_for
from hardware_profiles.samples import BRISK, MeasurePlan
from search_engine import Budget, Objective, SearchProblem, load_evaluator, load_space, run_search
from search_engine.costs.fitting import fit_best
from search_engine.costs.predictors.protocol import Evidence, Predictor
from search_engine.loop import TrialFinished
from search_engine.network import NetworkSpec
from search_engine.pareto import hypervolume, non_dominated_mask, reference_point
from search_engine.protocols import SilentMonitor
from search_engine.training.threads import use_one_thread
from search_engine.types import Genes, Origin

SPACE, ACCURACY = "nasbench201", "test200_c10"
PRECISIONS = ("fp32", "int8")
BATCH = 6
SHARES = (0.25, 0.5, 0.75)  # of a front's latency range, where networks are picked


@dataclass(frozen=True)
class PredictedLatency:
    """A fitted model as a source of latency for the search."""

    predictor: Predictor
    device: str = "device"
    metric: str = "latency_ms"
    origin: Origin = "predicted"

    def predict(self, network: NetworkSpec) -> float:
        """Milliseconds."""
        return float(self.predictor.predict([network])[0])


class Device:
    """ONNX Runtime on this host in one precision."""

    def __init__(self, precision: str) -> None:
        self.precision = precision
        config = RUNTIMES.parse_config("onnxruntime", {"precision": precision})
        self.runtime: Any = RUNTIMES.resolve("onnxruntime")(config)
        plan = MeasurePlan(rounds=40, warmup_seconds=0.1)
        [first] = measure_latency([reference_network()], self.runtime, plan, exclusive=exclusive)
        self._usual = [first.latency_ms]
        self.unstable = 0

    def measure(self, networks: Sequence[NetworkSpec], what: str) -> "np.ndarray":
        """Measured latencies, ms, in sessions of six."""
        found: list[float] = []
        for begin in range(0, len(networks), BATCH):
            usual = float(np.percentile(self._usual[-20:], 25))
            results = measure_latency(
                networks[begin : begin + BATCH],
                self.runtime,
                BRISK,
                reference=Reference(reference_network(), self.runtime, usual),
                exclusive=exclusive,
            )
            self._usual.append(results[0].environment["reference_ms"])
            self.unstable += sum(result.status != "ok" for result in results)
            found += [result.latency_ms for result in results]
            print(f"  {self.precision}: {what}, {len(found)} of {len(networks)}", flush=True)
        return np.array(found)


def fitted(device: Device, genes: Sequence[Genes], seed: int) -> tuple[Predictor, str]:
    """The best cost model of a device for the space, and a line about it."""
    space = load_space(SPACE)
    networks = [space.decode(item) for item in genes]
    values = device.measure(networks, "cells to learn from")
    evidence = Evidence(networks, values, rules_for("onnxruntime", device.precision), space=space)
    keys = ("lut", "kernel", "ridge", "gbdt")
    best = fit_best(evidence, keys, rng=np.random.default_rng(seed))
    report = best.cross_validated[best.key]
    return best.predictor, (
        f"{device.precision}: {best.key}, cross-validated MAPE {report.mape:.2f} %, "
        f"tau {report.kendall_tau:.3f}, n {len(values)}"
    )


def front_of(predictor: Predictor, trials: int, seed: int) -> list[Genes]:
    """The front of a search for accuracy and predicted latency, fastest first."""
    problem = SearchProblem(
        load_space(SPACE),
        objectives=[Objective("accuracy"), Objective("latency_ms", device="device")],
        primary_device="device",
    )
    events = run_search(
        problem,
        strategy="nsga2",
        evaluator=load_evaluator("tabular", column=ACCURACY),
        budget=Budget(max_trials=trials),
        device_costs=[PredictedLatency(predictor)],
        seed=seed,
    )
    found = [event.trial for event in events if isinstance(event, TrialFinished)]
    best = problem.front(found)
    return [t.genes for t in sorted(best, key=lambda trial: trial.metrics["latency_ms"])]


def thinned(front: list[Genes], most: int) -> list[Genes]:
    """At most so many members, from the fastest to the slowest."""
    places = np.linspace(0, len(front) - 1, min(most, len(front)))
    return [front[i] for i in sorted({round(float(place)) for place in places})]


def main() -> None:
    """Fit, search, measure crosswise, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer cells, shorter searches")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    use_one_thread()
    cells, trials, most = (12, 150, 4) if options.quick else (72, 2000, 16)
    space, rng = load_space(SPACE), np.random.default_rng(options.seed)
    genes = [tuple(int(g) for g in row) for row in space.sample_many(rng, cells)]
    devices = {name: Device(name) for name in PRECISIONS}
    fronts, lines = {}, []
    for name, device in devices.items():
        predictor, line = fitted(device, genes, options.seed)
        lines.append(line)
        fronts[name] = thinned(front_of(predictor, trials, options.seed), most)
    report(devices, fronts, lines)


def report(devices: dict[str, Device], fronts: dict[str, list[Genes]], lines: list[str]) -> None:
    """Measure every network of both fronts on both devices; tables and the last line."""
    space = load_space(SPACE)
    everyone = list(dict.fromkeys(genes for front in fronts.values() for genes in front))
    networks = [space.decode(genes) for genes in everyone]
    table = load_evaluator("tabular", column=ACCURACY)
    scores = [table.evaluate(item, seed=0, monitor=SilentMonitor()) for item in networks]
    accuracy = np.array([score.metrics["accuracy"] for score in scores])
    ms = {name: device.measure(networks, "both fronts") for name, device in devices.items()}
    places = {name: [everyone.index(genes) for genes in front] for name, front in fronts.items()}
    print("\n" + "\n".join(lines))
    print_cross(space, everyone, places, accuracy, ms)
    quality = {name: judged(name, places, accuracy, ms) for name in PRECISIONS}
    for name, found in quality.items():
        print(
            f"measured on {name}: hypervolume of its own front {found['own']:.4f}, "
            f"of the other device's {found['other']:.4f}, ratio {found['ratio']:.3f}"
        )
    both = set(fronts["fp32"]) & set(fronts["int8"])
    line = {
        "fronts": {name: len(front) for name, front in fronts.items()},
        "shared": len(both),
        "rank_correlation": round(float(spearmanr(ms["fp32"], ms["int8"]).statistic), 4),
        "hypervolume": quality,
        "unstable": sum(device.unstable for device in devices.values()),
    }
    print(json.dumps(line))


def print_cross(
    space: Any,
    everyone: list[Genes],
    places: dict[str, list[int]],
    accuracy: "np.ndarray",
    ms: dict[str, "np.ndarray"],
) -> None:
    """Networks picked along each front, with what they take on both devices."""
    print(f"\n{'searched for':<14}{'cell':<40}{'accuracy':>9}{'fp32 ms':>10}{'int8 ms':>10}")
    for name, front in places.items():
        own = ms[name][front]
        for share in SHARES:
            limit = own.min() + share * (own.max() - own.min())
            within = [i for i in front if ms[name][i] <= limit]
            best = max(within, key=lambda i: accuracy[i])
            cell = "".join(map(str, everyone[best]))
            print(
                f"{name:<14}{f'genes {cell}, limit {limit:.3f} ms {name}':<40}"
                f"{accuracy[best]:>8.2%} {ms['fp32'][best]:>9.3f} {ms['int8'][best]:>9.3f}"
            )


def judged(
    name: str,
    places: dict[str, list[int]],
    accuracy: "np.ndarray",
    ms: dict[str, "np.ndarray"],
) -> dict[str, float]:
    """Hypervolume, measured on one device, of its own front and of the other device's.

    The reference point is that of all networks of both fronts; 1 would be the ideal corner.
    """
    costs = np.column_stack([-accuracy, ms[name]])
    corner = reference_point(costs)
    ideal = costs.min(axis=0)
    box = float(np.prod(corner - ideal))

    def volume(front: list[int]) -> float:
        mine = costs[front]
        return hypervolume(mine[non_dominated_mask(mine)], corner) / box

    [other] = [front for key, front in places.items() if key != name]
    own_volume, other_volume = volume(places[name]), volume(other)
    return {
        "own": round(own_volume, 4),
        "other": round(other_volume, 4),
        "ratio": round(own_volume / other_volume, 4) if other_volume else float("inf"),
    }


if __name__ == "__main__":
    main()
