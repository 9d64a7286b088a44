"""How many architectures per minute a cost model answers for on one core, and against decoding.

    python benchmarks/prediction_speed.py [--quick] [--spaces nasbench201,mbconv-tiny]

Predictors are fitted on made-up times: speed does not depend on them. `first` counts the filling of
the tables, `then` is the same again. The rules are those of PyTorch and of ONNX Runtime in fp32 and
int8. The last line is JSON.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hardware_profiles.runtimes import rules_for
from search_engine.costs.descriptor import Descriptor
from search_engine.costs.gene_tables import GeneTables
from search_engine.costs.predictors import PREDICTORS
from search_engine.costs.predictors.protocol import Evidence, KernelSample
from search_engine.costs.predictors.roofline import AnalyticRoofline
from search_engine.costs.units import units_of
from search_engine.spaces.compiler import compile_space
from search_engine.training.threads import use_one_thread

RULES = {
    "pytorch": rules_for("pytorch"),
    "onnxruntime": rules_for("onnxruntime"),
    "onnxruntime-int8": rules_for("onnxruntime", "int8"),
}
DEVICE = Descriptor({"fp32": 50.0}, 10.0, launch_us=2.0)
FITTED, DECODED = 40, 100


def fitted(key, space, rules):
    """A predictor of this key, fitted on analytic times of some networks and their units."""
    rng = np.random.default_rng(0)
    networks = [space.decode(space.sample(rng)) for _ in range(FITTED)]
    truth = AnalyticRoofline.of(DEVICE, rules)
    units = {unit.key: unit for network in networks for unit in units_of(network, rules)}
    times = truth.unit_rows(list(units.values()))[:, 0]
    kernels = [KernelSample(unit, ms) for unit, ms in zip(units.values(), times, strict=True)]
    facts = {"descriptor": DEVICE.to_json()}
    evidence = Evidence(networks, truth.predict(networks), rules, kernels=kernels, facts=facts)
    return PREDICTORS.resolve(key)().fit(evidence)


def speed(key, space, rules, count):
    """Architectures per minute: first pass, second pass, and one by one through decoding."""
    predictor = fitted(key, space, rules)
    tables = GeneTables(space, predictor)
    seconds = []
    genes = space.sample_many(np.random.default_rng(1), count)
    for _ in range(2):
        start = time.perf_counter()
        predicted = tables.predict(genes)
        seconds.append(time.perf_counter() - start)
    some = genes[:DECODED]
    start = time.perf_counter()
    alone = predictor.predict([space.decode(tuple(row)) for row in some.tolist()])
    each = (time.perf_counter() - start) / len(some)
    if not np.array_equal(predicted[:DECODED], alone):
        raise SystemExit(f"{key} on {space.key}: tables and decoding differ.")
    return [60 * count / seconds[0], 60 * count / seconds[1], 60 / each]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer architectures")
    parser.add_argument("--spaces", default="nasbench201,mbconv-tiny,proxyless,ofa-mobilenetv3")
    parser.add_argument("--predictors", default="lut,roofline,kernel")
    arguments = parser.parse_args()
    count = 20_000 if arguments.quick else 1_000_000
    use_one_thread()
    result = {"first_per_min": {}, "per_min": {}, "ratio": {}}
    print(f"{'space':<16}{'runtime':<18}{'model':<10}{'first/min':>12}{'then/min':>12}{'ratio':>8}")
    for name in arguments.spaces.split(","):
        space = compile_space(name)
        for runtime, rules in RULES.items():
            for key in arguments.predictors.split(","):
                first, then, decoding = speed(key, space, rules, count)
                place = f"{name}/{runtime}/{key}"
                result["first_per_min"][place] = round(first)
                result["per_min"][place] = round(then)
                result["ratio"][place] = round(then / decoding, 1)
                print(
                    f"{name:<16}{runtime:<18}{key:<10}{first:>12,.0f}{then:>12,.0f}"
                    f"{then / decoding:>8,.0f}",
                    flush=True,
                )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
