"""How well a profile of this host predicts networks it has never seen, per runtime and space.

For each pair it does what a profile does within `--seconds`: networks kept apart for the test and
networks to fit on are measured in turns, the cost models are cross-validated on the latter only,
the best is fitted on all of them, and the test networks are predicted once. What is fitted on is
put to the usual speed of this host, by the reference network that is timed beside it; what is
predicted is judged by the latencies as they were measured. Afterwards, outside that time, the test
networks are measured again: no prediction can be better than this floor. Peers in the same run: a
line through MACs, and a plain sum of execution units timed in chains.

    python benchmarks/latency_host.py [--quick] [--runtime pytorch] [--space nasbench201]
                                      [--seconds 300] [--save FILE]

Prints tables and, as its last line, one JSON object: by runtime the worst figures over its spaces,
with each space under `spaces`. Needs a quiet host, no database.
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hardware_profiles.errors import HardwareError
from hardware_profiles.host_lock import exclusive
from hardware_profiles.kernels import measure_kernels, usable
from hardware_profiles.measure import LatencyResult, Reference, measure_latency
from hardware_profiles.reference import reference_network
from hardware_profiles.runtimes import RUNTIMES, rules_for
from hardware_profiles.samples import BRISK, PATIENT, MeasurePlan
from search_engine import load_space
from search_engine.costs.accuracy import error_report
from search_engine.costs.fitting import fit_best
from search_engine.costs.fusion import (
    PairTimes,
    candidate_pairs,
    disagreements,
    pair_probes,
    pair_times,
)
from search_engine.costs.predictors.kernel_sampling import units_of_space
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.units import RuntimeRules, Unit, units_of
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace

RUNTIMES_HERE = {
    "pytorch": ("pytorch", "fp32"),
    "onnxruntime": ("onnxruntime", "fp32"),
    "onnxruntime-int8": ("onnxruntime", "int8"),
}
SPACES = ("mbconv-tiny", "nasbench201")
KEYS = ("mape", "within_10pct", "kendall_tau", "n_test", "repeat_mape")
WORST = {"mape": max, "within_10pct": min, "kendall_tau": min, "n_test": min, "repeat_mape": max}
HURRIED = MeasurePlan.parse(
    {
        "warmup_seconds": 0.02,
        "rounds": 5,
        "runs_per_round": 10,
        "settle_seconds": 0.1,
        "max_seconds": 1.0,
    }
)


@dataclass(frozen=True)
class Effort:
    """How much is measured per pair of runtime and space."""

    seconds: float
    tests: int = 66  # a few may be disturbed; 60 are wanted
    batch: int = 12
    fit_share: float = 0.15
    units: int = 80
    test_plan: MeasurePlan = PATIENT
    fit_plan: MeasurePlan = BRISK
    fewest_fit: int = 12
    strict: bool = True  # unstable measurements do not count


QUICK = Effort(8, 5, 5, 0.2, 0, HURRIED, HURRIED, 10, False)


class Host:
    """This host with one runtime: measures networks, with the host to itself."""

    def __init__(self, name: str, strict: bool = True) -> None:
        self._strict = strict
        self.key, self.precision = RUNTIMES_HERE[name]
        cls: Any = RUNTIMES.resolve(self.key)
        config = RUNTIMES.parse_config(self.key, {"threads": 1, "precision": self.precision})
        self.runtime, self.reference_ms = cls(config), list[float]()

    @property
    def rules(self) -> RuntimeRules:
        """How it executes networks."""
        return rules_for(self.key, self.precision)

    def measure(self, networks: Sequence[NetworkSpec], plan: MeasurePlan) -> list[LatencyResult]:
        """One result each; what the reference network took is remembered."""
        usual = float(np.percentile(self.reference_ms[-20:], 25)) if self.reference_ms else None
        results = measure_latency(
            networks,
            self.runtime,
            plan,
            reference=Reference(reference_network(), self.runtime, usual),
            exclusive=exclusive,
        )
        self.reference_ms.append(results[0].environment["reference_ms"])
        return results

    def latencies(self, networks: Sequence[NetworkSpec], plan: MeasurePlan) -> list[float]:
        """Milliseconds, NaN for networks that were unstable or failed."""
        try:
            results = self.measure(networks, plan)
        except HardwareError as error:
            if len(networks) > 1:
                return [value for item in networks for value in self.latencies([item], plan)]
            print(f"    {networks[0].digest[:10]}: {error}", flush=True)
            return [float("nan")]
        if not self._strict:
            return [item.latency_ms for item in results]
        return [item.latency_ms if item.status == "ok" else float("nan") for item in results]


@dataclass
class Data:
    """Networks and their milliseconds, NaN where there is none.

    Attributes:
        speeds: what the reference network took beside each, milliseconds.
    """

    networks: list[NetworkSpec] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)

    def add(self, host: Host, networks: Sequence[NetworkSpec], plan: MeasurePlan) -> None:
        """Measure some more."""
        self.values += host.latencies(networks, plan)
        self.networks += networks
        last = host.reference_ms[-1] if host.reference_ms else float("nan")
        self.speeds += [last] * len(networks)

    def good(self, *, usual_ms: float | None = None) -> tuple[list[NetworkSpec], np.ndarray]:
        """Those with a value; as they would be with the reference network at `usual_ms`."""
        values = np.array(self.values)
        if usual_ms is not None:
            values = values * usual_ms / np.array(self.speeds)
        kept = np.flatnonzero(np.isfinite(values))
        return [self.networks[i] for i in kept], values[kept]


def distinct(space: SearchSpace, rng: np.random.Generator, taken: set[str]) -> NetworkSpec | None:
    """An architecture drawn uniformly that is not taken yet; None if none turns up."""
    for _ in range(200):
        network = space.decode(space.sample(rng))
        if network.digest not in taken:
            taken.add(network.digest)
            return network
    return None


def draw(
    space: SearchSpace, count: int, rng: np.random.Generator, taken: set[str]
) -> list[NetworkSpec]:
    """Up to so many different architectures."""
    found = [distinct(space, rng, taken) for _ in range(count)]
    return [network for network in found if network is not None]


def profile(host: Host, space: SearchSpace, effort: Effort, seed: int) -> tuple[Data, Data, float]:
    """Measure test and fitting networks in turns until the time for it is over.

    Returns:
        Test data, fitting data, and the seconds it took.
    """
    rng, taken = np.random.default_rng(seed), set[str]()
    waiting = draw(space, effort.tests, rng, taken)  # first, so that nothing depends on them
    test, fit, began = Data(), Data(), time.monotonic()
    limit = effort.seconds * (1 - effort.fit_share)
    while True:
        used = time.monotonic() - began
        enough = len(fit.good()[1]) >= effort.fewest_fit
        if used > limit and not waiting and enough:
            break
        if used > (4 if enough else 20) * effort.seconds:
            print("    this host is too slow or too busy; going on with what there is", flush=True)
            break
        if waiting:
            now, waiting = waiting[: effort.batch], waiting[effort.batch :]
            test.add(host, now, effort.test_plan)
        now = draw(space, effort.batch, rng, taken)
        if not now and not waiting:
            break
        if now and (used <= limit or not enough):
            fit.add(host, now, effort.fit_plan)
        if fit.values and len(fit.values) % (5 * effort.batch) == 0:
            line = f"{used:5.0f} s: {len(test.values)} test, {len(fit.values)} to fit on"
            print(f"    {line}, last {fit.values[-1]:.4g} ms", flush=True)
    return test, fit, time.monotonic() - began


def macs_line(fit: Sequence[NetworkSpec], values: np.ndarray) -> Callable[[NetworkSpec], float]:
    """Peer: offset and price per MAC, least squares of relative errors."""
    macs = np.array([network.macs for network in fit], dtype=float)
    rows = np.stack([np.ones(len(macs)), macs], axis=1) / values[:, None]
    offset, price = np.linalg.lstsq(rows, np.ones(len(macs)), rcond=None)[0]
    return lambda network: max(float(offset + price * network.macs), 1e-6)


def plain_sum(host: Host, space: SearchSpace, effort: Effort) -> Callable[[NetworkSpec], float]:
    """Peer: the sum of units timed in chains, frequent ones; others take as long per MAC and number
    moved as the nearest of their family that was timed. Not brought to the scale of networks."""
    rng = np.random.default_rng(7)
    units = units_of_space(space, host.rules, effort.units, rng, draws=100)
    timed = usable(measure_kernels(lambda nets: host.measure(nets, BRISK), units))
    table = {sample.unit.key: sample.value_ms for sample in timed}
    print(f"    plain sum: {len(timed)} of {len(units)} units timed", flush=True)

    def amount(unit: Unit) -> float:
        return float(unit.macs + unit.values_moved)

    def taken(unit: Unit) -> float:
        family = [s for s in timed if s.unit.kind == unit.kind]
        if unit.key in table or not family:
            return table.get(unit.key, 0.0)
        near = min(family, key=lambda s: abs(np.log(amount(s.unit) / amount(unit))))
        return near.value_ms * amount(unit) / amount(near.unit)

    return lambda network: max(sum(map(taken, units_of(network, host.rules))), 1e-6)


def number(value: float) -> float | None:
    """Rounded; None where it is not defined, because JSON knows no NaN."""
    return round(float(value), 4) if np.isfinite(value) else None


def figures(measured: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """The errors that are printed."""
    report = error_report(measured, predicted)
    return {
        "mape": round(float(report.mape), 3),
        "within_10pct": round(float(report.within_10pct), 2),
        "kendall_tau": number(report.kendall_tau),
        "n_test": len(measured),
    }


def run_pair(name: str, space_key: str, effort: Effort, seed: int) -> dict[str, Any]:
    """Everything about one runtime and one space."""
    host, space = Host(name, effort.strict), load_space(space_key)
    test, fit, seconds = profile(host, space, effort, seed)
    usual_ms = float(np.percentile(host.reference_ms, 25))
    fit_networks, fit_values = fit.good(usual_ms=usual_ms)
    test_networks, test_values = test.good()
    began = time.monotonic()
    evidence = Evidence(fit_networks, fit_values, host.rules, space=space)
    rng = np.random.default_rng(seed)
    fitted = fit_best(evidence, rng=rng, time_limit=max(0.1 * effort.seconds, 2.0))
    seconds += time.monotonic() - began
    predicted = fitted.predictor.predict(test_networks)
    found = figures(test_values, predicted)
    found |= repeatability(host, test_networks, test_values, effort)
    found |= {
        "predictor": fitted.key,
        "n_fit": len(fit_values),
        "unstable": len(test.values) - len(test_values) + len(fit.values) - len(fit_values),
        "profile_seconds": round(seconds, 1),
        "cross_validated": fitted.candidates(),
        "host_drift": round(float(np.ptp(np.log(host.reference_ms))) * 100, 1),
        "peers": peers(host, space, effort, (fit_networks, fit_values), test),
        "fastest_ms": round(float(test_values.min()), 4),
        "slowest_ms": round(float(test_values.max()), 4),
    }
    found["data"] = {
        "fit": [[list(n.genes), v] for n, v in zip(fit_networks, fit_values, strict=True)],
        "test": [
            [list(n.genes), float(v), float(p)]
            for n, v, p in zip(test_networks, test_values, predicted, strict=True)
        ],
    }
    return found


def repeatability(
    host: Host, networks: Sequence[NetworkSpec], first: np.ndarray, effort: Effort
) -> dict[str, Any]:
    """How far a second measurement of the test networks is from the first."""
    again: list[float] = []
    for begin in range(0, len(networks), effort.batch):
        again += host.latencies(networks[begin : begin + effort.batch], effort.test_plan)
    second = np.array(again)
    both = np.isfinite(second)
    report = error_report(first[both], second[both])
    return {
        "repeat_mape": round(float(report.mape), 3),
        "repeat_median": round(float(report.median_ape), 3),
        "repeat_tau": number(report.kendall_tau),
        "repeat_n": int(both.sum()),
    }


def peers(
    host: Host,
    space: SearchSpace,
    effort: Effort,
    fit: tuple[list[NetworkSpec], np.ndarray],
    test: Data,
) -> dict[str, Any]:
    """What simpler ways give on the same test networks."""
    test_networks, measured = test.good()
    ways = {"MACs line": macs_line(*fit)}
    if effort.units:
        ways["plain sum"] = plain_sum(host, space, effort)
    return {
        label: figures(measured, np.array([predict(network) for network in test_networks]))
        for label, predict in ways.items()
    }


def defined(value: float | None) -> float:
    """For printing."""
    return float("nan") if value is None else value


def print_pair(name: str, space: str, found: dict[str, Any]) -> None:
    """One line per way, and the floor."""
    print(
        f"  {name} on {space}: {found['n_fit']} networks to fit on, {found['n_test']} apart, "
        f"{found['profile_seconds']:.0f} s, {found['fastest_ms']:.3g} to "
        f"{found['slowest_ms']:.3g} ms, {found['unstable']} unstable, "
        f"reference within {found['host_drift']:.1f} %"
    )
    print(f"    {'':<34} {'MAPE %':>7} {'in 10 %':>8} {'tau':>7}")
    lines = {f"{found['predictor']} (chosen)": found, **found["peers"]}
    for label, entry in found["cross_validated"].items():
        if "reason" in entry:
            print(f"    {label}: took no part: {entry['reason']}")
        else:
            lines[f"{label}, cross-validated"] = entry
    for label, entry in lines.items():
        tau = defined(entry["kendall_tau"])
        line = f"{entry['mape']:>7.2f} {entry['within_10pct']:>8.1f} {tau:>7.3f}"
        print(f"    {label:<34} {line}")
    again, tau = f"measured again ({found['repeat_n']})", defined(found["repeat_tau"])
    print(f"    {again:<34} {found['repeat_mape']:>7.2f} {'':>8} {tau:>7.3f}", flush=True)


def print_fusions(name: str, effort: Effort) -> None:
    """Check the runtime's declared fusions by experiment."""
    host, times = Host(name), dict[tuple[str, str], PairTimes]()
    for first, second in candidate_pairs():
        networks = pair_probes(first, second)
        taken = host.latencies(list(networks.values()), effort.fit_plan)
        if np.isfinite(taken).all():
            times[first.kind, second.op] = pair_times(dict(zip(networks, taken, strict=True)))
    wrong = disagreements(host.rules, times)
    print(f"  {name}: layers in turn, µs per copy")
    print(f"    {'pair':<24} {'first':>8} {'second':>8} {'both':>8} {'fused':>6}")
    for pair, item in times.items():
        micros = [1000 * value for value in (item.first_ms, item.second_ms, item.both_ms)]
        text = " ".join(f"{value:>8.1f}" for value in micros)
        print(f"    {' + '.join(pair):<24} {text} {item.fused!s:>6}  {wrong.get(pair, '')}")


def summary(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """By runtime the worst over its spaces."""
    line: dict[str, Any] = {}
    for name, spaces in found.items():
        good = [entry for entry in spaces.values() if "error" not in entry]
        line[name] = {}
        for key in KEYS:
            values = [entry[key] for entry in good if entry[key] is not None]
            line[name][key] = WORST[key](values) if values else None
        line[name]["spaces"] = {
            key: {k: v for k, v in entry.items() if k not in ("data", "cross_validated")}
            for key, entry in spaces.items()
        }
    return line


def attempt(name: str, space: str, effort: Effort, seed: int) -> dict[str, Any]:
    """One pair; what goes wrong ends this pair only."""
    print(f"{name} on {space} ...", flush=True)
    try:
        found = run_pair(name, space, effort, seed)
        print_pair(name, space, found)
    except Exception as error:  # noqa: BLE001 - the other pairs go on
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}
    return found


def main() -> None:
    """Measure, fit, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute: a dozen networks per pair")
    parser.add_argument("--runtime", action="append", choices=RUNTIMES_HERE, help="default: all")
    parser.add_argument("--space", action="append", choices=SPACES, help="default: both")
    parser.add_argument("--seconds", type=float, default=300, help="per profile, all included")
    parser.add_argument("--seed", type=int, default=0, help="of the draws of networks")
    parser.add_argument("--save", type=Path, help="write everything there, as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    effort = QUICK if options.quick else Effort(options.seconds)
    if options.quick:
        print(
            "Quick: a dozen networks per pair, unstable ones too; figures only show that it runs.",
            flush=True,
        )
    found: dict[str, dict[str, Any]] = {}
    for name in options.runtime or RUNTIMES_HERE:
        for space in options.space or SPACES:
            found.setdefault(name, {})[space] = attempt(name, space, effort, options.seed)
            if options.save:
                options.save.write_text(json.dumps(found))
        if not options.quick:
            try:
                print_fusions(name, effort)
            except Exception:  # noqa: BLE001 - figures of the pairs matter more
                traceback.print_exc()
    print(json.dumps({"quick": True, **summary(found)} if options.quick else summary(found)))
    if any("error" in entry for spaces in found.values() for entry in spaces.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
