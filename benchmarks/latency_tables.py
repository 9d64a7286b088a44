"""Cost models on published tables: a few measurements of each device, judged on all the others.

For every device column of NAS-Bench-201, FBNet and OFA tables: models are fitted on 100 and on 900
networks and judged on networks that none of them saw. Ours is the better of `ridge` and `gbdt` by
their errors on left-out fitting networks, dead layers counted as explains those best. Beside it:
MACs only, a look-up table of decisions (every edge, dead or not), boosted trees on decisions and
on counts of units by every rule, and on some columns the graph network. Then transfer: each
device in turn is new, 10 networks of it are measured, the other devices are known.

    python benchmarks/latency_tables.py [--quick] [--only COLUMN ...]

Needs NASWEB_DATA, the folder with `nb201`, `fbnet` and `ofa`. `--quick` takes fewer columns and
networks, says which, and leaves out the graph network.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from search_engine import load_space  # noqa: E402
from search_engine.costs.accuracy import kendall, spearman, within  # noqa: E402
from search_engine.costs.predictors.features import UnitCounts, count_units  # noqa: E402
from search_engine.costs.predictors.gbdt import Gbdt, GbdtConfig  # noqa: E402
from search_engine.costs.predictors.gbdt_trees import Trees  # noqa: E402
from search_engine.costs.predictors.ridge import Ridge, RidgeConfig, possible_rules  # noqa: E402
from search_engine.costs.predictors.structure import Structure  # noqa: E402
from search_engine.costs.predictors.transfer import Known, Transfer, counted_features  # noqa: E402
from search_engine.costs.selection import describe, informative  # noqa: E402
from search_engine.costs.units import RuntimeRules  # noqa: E402
from search_engine.network import NetworkSpec  # noqa: E402
from search_engine.protocols import SearchSpace  # noqa: E402
from search_engine.spaces.features import OneHot  # noqa: E402

GRAPH_COLUMNS = ("latbench_i7_7820x_fp32_ms", "hwnb_raspi4_latency_ms")
QUICK = (
    *("help_gold_6226_ms", "hwnb_raspi4_latency_ms", "latbench_i7_7820x_fp32_ms"),
    *("fbnet/help_2080ti_64_ms", "ofa/help_v100_64_ms"),
)
FAMILIES = ("1080ti", "2080ti", "titanxp", "titanx", "silver", "gold")  # of one chip or one maker
MODELS = ("ours", "macs", "lut", "gbdt", "graph")


@dataclass(frozen=True)
class Table:
    """Some networks of a space and their values on devices; NaN = not measured."""

    name: str
    space: SearchSpace
    networks: Sequence[NetworkSpec]
    genes: np.ndarray
    counted: Sequence[UnitCounts]
    read: np.ndarray
    columns: Mapping[str, np.ndarray]
    flags: Mapping[str, list[str]]


def main() -> None:
    """Fit, judge, print tables and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 columns, fewer networks")
    parser.add_argument("--networks", type=int, default=2000, help="of each table")
    parser.add_argument("--only", nargs="+", metavar="COLUMN", help="some columns, no transfer")
    options = parser.parse_args()
    started = time.monotonic()
    count = 1150 if options.quick else options.networks
    wanted = options.only or (QUICK if options.quick else None)
    tables = [table(name, count) for name in ("nb201", "fbnet", "ofa")]
    print(f"Fitted on 100 / 900 networks, judged on {count - 900} others of each table.")
    if options.quick:
        print("Quick: 5 columns, no graph network; transfer over all devices as in the full run.")
    rows: dict[str, Any] = {}
    print(f"\n{'within 10 % (Kendall tau)':<34}{'n':>4}" + "".join(f"{m:>14}" for m in MODELS))
    for item in tables:
        for column in item.columns:
            label = column if item.name == "nb201" else f"{item.name}/{column}"
            if wanted is None or label in wanted:
                graph = not options.quick and label in GRAPH_COLUMNS
                rows[label] = judged(item, column, label, graph)
    result = summary(rows)
    if not options.only:
        result |= transferred(tables[0])
        result |= chosen(tables[0])
    seconds = time.monotonic() - started
    print(f"\n{len(rows)} columns in {seconds:.0f} s, {time.process_time():.0f} s of one core")
    result["cpu_seconds"] = round(time.process_time())
    result |= {"quick": options.quick, "seconds": round(seconds), "per_device": rows}
    print(json.dumps(result))


# --- tables -------------------------------------------------------------------------------------


def table(name: str, count: int) -> Table:
    """Networks of one file, drawn uniformly, decoded and cut into units."""
    path = {
        "nb201": "nb201/nb201_hw.npz",
        "fbnet": "fbnet/fbnet_latency_5000.npz",
        "ofa": "ofa/ofa_latency_5000.npz",
    }[name]
    data = np.load(file(path))
    space = load_space(
        {"nb201": "nasbench201", "fbnet": "fbnet-cifar"}.get(name, "ofa-mobilenetv3")
    )
    genes = genes_of(name, data, space)
    usable = np.arange(len(genes))
    if name == "nb201":  # as in the literature: cells that join input and output
        usable = np.flatnonzero(np.load(file("nb201/nb201_bench.npz"))["connected"])
    rows = np.sort(np.random.default_rng(0).permutation(usable)[:count])
    genes = genes[rows]
    networks = [space.decode(tuple(row)) for row in genes.tolist()]
    # Only cells have layers that are dead.
    rules = possible_rules(RuntimeRules(), "choose" if name == "nb201" else "device")
    counted = [count_units(networks, rule) for rule in rules]
    read = Structure((), space).genes_of(networks)
    columns, flags = {}, {}
    for column in data.files:
        if column.endswith(("_ms", "_mj")):
            columns[column], flags[column] = cleaned(data[column][rows].astype(float))
    return Table(name, space, networks, genes, counted, read, columns, flags)


def file(path: str) -> Path:
    """A file of the data folder; ends with a sentence where it is missing."""
    folder = os.environ.get("NASWEB_DATA") or str(ROOT.parent / "shared" / "data")
    found = Path(folder) / path
    if not found.is_file():
        sys.exit(f"{found} is missing. Set NASWEB_DATA to the folder that holds {path}.")
    return found


def genes_of(name: str, data: Any, space: SearchSpace) -> np.ndarray:
    """The rows of a file as genes of our space."""
    if name != "ofa":
        if name == "nb201":
            data = np.load(file("nb201/nb201_bench.npz"))
        return data["ops"].astype(int)
    blocks = np.stack([(data["ks"].astype(int) - 3) // 2, expansions(data["e"])], axis=2)
    parts = [(data["r"].astype(int)[:, None] - 128) // 4]
    for stage in range(5):
        parts.append(data["d"].astype(int)[:, stage : stage + 1] - 2)
        parts.append(blocks[:, 4 * stage : 4 * stage + 4].reshape(len(blocks), 8))
    raw = np.hstack(parts)
    return np.array([space.canonical(tuple(row)) for row in raw.tolist()])


def expansions(ratios: np.ndarray) -> np.ndarray:
    """Ratios 3, 4, 6 as places 0, 1, 2."""
    return np.searchsorted(np.array([3, 4, 6]), ratios.astype(int))


def cleaned(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Values with NaN for what cannot be one, and what is wrong with the column."""
    flags = []
    bad = ~(np.isfinite(values) & (values > 0))
    if negative := int((values <= 0).sum()):
        flags.append(f"{negative} not positive")
    if missing := int(np.isnan(values).sum()):
        flags.append(f"{missing} missing")
    good = values[~bad]
    if len(good) and (good == np.round(good)).all():
        flags.append("whole units, rounding up to " + f"{50 / good.min():.0f} %")
    if len(good) and (outliers := int((good > 5 * np.median(good)).sum())):
        flags.append(f"{outliers} above five medians")
    return np.where(bad, np.nan, values), flags


# --- few networks of the device itself ----------------------------------------------------------


def judged(item: Table, column: str, label: str, graph: bool) -> dict[str, Any]:
    """All models on one column, with 100 and 900 networks and the same test networks."""
    values = item.columns[column]
    usable = np.random.default_rng(1).permutation(np.flatnonzero(np.isfinite(values)))
    most = min(900, len(usable) * 3 // 4)
    test = usable[most:]
    row: dict[str, Any] = {"n_test": len(test), "flags": item.flags[column]}
    for size in (100, 900):
        fitting = usable[: min(size, most)]
        guesses, told = fitted(item, values, fitting, test, graph)
        row[str(size)] = {
            name: {
                "within_10pct": round(within(values[test], guess, 10), 2),
                "kendall_tau": round(kendall(values[test], guess), 4),
                "spearman": round(spearman(values[test], guess), 4),
            }
            for name, guess in guesses.items()
        } | {"n_fit": len(fitting), **told}
        cells = "".join(f"{cell(row[str(size)].get(name)):>14}" for name in MODELS)
        print(
            f"{label:<34}{len(fitting):>4}{cells}  {told['model']}, {told['liveness']}", flush=True
        )
    if item.flags[column]:
        print(f"    {'; '.join(item.flags[column])}")
    return row


def cell(figures: Mapping[str, float] | None) -> str:
    """`97.1 (.93)`"""
    if figures is None:
        return "-"
    return f"{figures['within_10pct']:.1f} ({figures['kendall_tau']:.3f})"


def fitted(
    item: Table, values: np.ndarray, fitting: np.ndarray, test: np.ndarray, graph: bool
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Predictions of every model for the test networks, and which of ours was chosen."""
    truth = values[fitting]
    ours, told = best_of_ours(item, truth, fitting, test)
    macs = np.array([network.macs for network in item.networks]) / 1e6
    choices = OneHot(item.space)(item.genes).astype(float)
    if item.name == "nb201":  # a cell's look-up table counts operations, wherever they stand
        choices = choices.reshape(len(choices), 6, 5).sum(axis=1)[:, 1:]
    everything = np.hstack([OneHot(item.space)(item.genes), counted_features(item.counted)])
    trees = Trees.grown(everything[fitting], np.log(truth), 400, depth=4, learning_rate=0.05)
    guesses = {
        "ours": ours,
        "macs": line(macs[:, None], truth, fitting, test),
        "lut": line(choices, truth, fitting, test),
        "gbdt": np.exp(trees.predict(everything[test])),
    }
    if graph:
        guesses["graph"] = graph_network(item, truth, fitting, test)
    return guesses, told


def best_of_ours(
    item: Table, truth: np.ndarray, fitting: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, dict[str, str]]:
    """The better of ridge and trees by their errors on fitting networks left out."""
    seen = [counts.take(fitting) for counts in item.counted]
    ridge = Ridge(RidgeConfig(liveness="choose")).learn(seen, truth)
    trees = Gbdt(GbdtConfig.parse({"liveness": "choose"}))
    trees.learn(seen, truth, item.read[fitting], item.space)
    unseen = next(c for c in item.counted if c.rules == ridge.rules).take(test)
    told = {"liveness": ridge.rules.liveness}
    if quality(truth, trees.out_of_fold) > quality(truth, ridge.out_of_fold):
        return trees.answer(unseen, item.read[test]), {"model": f"gbdt on {trees.base}", **told}
    return ridge.answer(unseen), {"model": "ridge", **told}


def quality(truth: np.ndarray, guess: np.ndarray | None) -> tuple[float, float]:
    """By what models are compared: share within 10 %, then the mean error."""
    if guess is None:
        raise ValueError("A fitted model has predictions for networks left out.")
    return within(truth, guess, 10), -float(np.mean(np.abs(guess - truth) / truth))


def line(rows: np.ndarray, truth: np.ndarray, fitting: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Linear model in relative error with a slight penalty: the usual regressed table."""
    scale = np.maximum(rows[fitting].std(axis=0), 1e-9)
    full = np.column_stack([np.ones(len(rows)), rows / scale])
    weighted = full[fitting] / truth[:, None]
    penalty = 1e-4 * len(truth) * np.mean(weighted[:, 0] ** 2) * np.eye(full.shape[1])
    penalty[0, 0] = 0
    weights = np.linalg.solve(weighted.T @ weighted + penalty, weighted.sum(axis=0))
    return np.maximum(full[test] @ weights, 0.1 * truth.min())


def graph_network(
    item: Table, truth: np.ndarray, fitting: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """The graph network, dead layers removed as in BRP-NAS."""
    import torch  # noqa: PLC0415 - not needed in the quick run

    from search_engine.costs.predictors.graph import Graph  # noqa: PLC0415
    from search_engine.costs.predictors.protocol import Evidence  # noqa: PLC0415

    torch.set_num_threads(1)
    networks = [item.networks[i] for i in fitting]
    model = Graph().fit(Evidence(networks, truth, RuntimeRules("full_path")))
    return model.predict([item.networks[i] for i in test])


def summary(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Medians over columns, for ours and for each other model."""
    print(f"\n{'median over columns':<34}{'n':>4}" + "".join(f"{m:>14}" for m in MODELS[:4]))
    result: dict[str, Any] = {}
    for size in (100, 900):
        medians = {
            name: {
                key: median(row[str(size)][name][key] for row in rows.values())
                for key in ("within_10pct", "kendall_tau", "spearman")
            }
            for name in MODELS[:4]
        }
        cells = "".join(f"{cell(medians[name]):>14}" for name in medians)
        print(f"{f'{len(rows)} columns':<34}{size:>4}{cells}")
        result[f"within_10pct_{size}"] = round(medians["ours"]["within_10pct"], 2)
        result[f"kendall_{size}"] = round(medians["ours"]["kendall_tau"], 4)
        result[f"others_{size}"] = {name: medians[name] for name in MODELS[1:4]}
    return result


# --- other devices known ------------------------------------------------------------------------


def transferred(item: Table) -> dict[str, Any]:
    """Each latency device is new in turn: Spearman over all cells but the 10 measured."""
    names = [
        name
        for name in item.columns
        if name.startswith(("help_", "hwnb_")) and name.endswith("_ms")
    ]
    logs = np.log(np.stack([item.columns[name] for name in names], axis=1))
    features = counted_features(item.counted)
    kinds = ("10", "10_random", "10_no_siblings", "10_plain_ridge", "10_best_source", "20", "50")
    print("\nTransfer, Spearman: " + ", ".join(kinds))
    found: dict[str, dict[str, float]] = {}
    for place, name in enumerate(names):
        cells = np.flatnonzero(np.isfinite(logs[:, place]))
        others = [i for i in range(len(names)) if i != place]
        strangers = [i for i in others if sibling(names[i]) != sibling(name)]
        known = Known(logs[np.ix_(cells, others)], features[cells])
        strange = Known(logs[np.ix_(cells, strangers)], features[cells])
        truth = np.exp(logs[cells, place])
        row = {str(n): few_shot(known, truth, spread(known, n)) for n in (10, 20, 50)}
        row["10_no_siblings"] = few_shot(strange, truth, spread(strange, 10))
        draws = [np.random.default_rng(s).permutation(len(cells))[:10] for s in range(5)]
        row["10_random"] = mean(few_shot(known, truth, draw) for draw in draws)
        row["10_plain_ridge"] = mean(plain_ridge(known.logs, truth, draw) for draw in draws)
        row["10_best_source"] = mean(best_source(known.logs, truth, draw) for draw in draws)
        found[name] = row
        print(f"{name:<34}" + "".join(f"{row[kind]:>8.3f}" for kind in kinds), flush=True)
    means = {f"transfer_spearman_{k}": round(mean(r[k] for r in found.values()), 4) for k in kinds}
    print(f"{'mean':<34}" + "".join(f"{means[f'transfer_spearman_{k}']:>8.3f}" for k in kinds))
    return {**means, "transfer_per_device": found}


def sibling(column: str) -> str:
    """The chip family of a column; its own name where there is none."""
    return next((family for family in FAMILIES if f"_{family}_" in column), column)


def spread(known: Known, count: int) -> np.ndarray:
    """Cells to measure, chosen from what other devices say, before the new one says anything."""
    logs = np.where(np.isnan(known.logs), np.nanmean(known.logs, axis=0), known.logs)
    sources = (logs - logs.mean(axis=0)) / logs.std(axis=0) / np.sqrt(logs.shape[1])
    varies = known.features.std(axis=0) > 1e-9
    features = known.features[:, varies]
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    rows = np.hstack([sources, np.sqrt(0.1 / features.shape[1]) * features])
    return np.array(informative(rows, count))


def few_shot(known: Known, truth: np.ndarray, measured: np.ndarray) -> float:
    """Spearman of `transfer` on the cells that were not measured."""
    guess = Transfer().learn(known, known.take(measured), truth[measured]).answer(known)
    return judged_rank(truth, guess, measured)


def plain_ridge(logs: np.ndarray, truth: np.ndarray, measured: np.ndarray) -> float:
    """Ridge regression on standardised logarithms of the sources, penalty 1."""
    whole = logs[:, ~np.isnan(logs).any(axis=0)]
    rows = (whole - whole.mean(axis=0)) / whole.std(axis=0)
    few, target = rows[measured], np.log(truth[measured])
    inner = few @ few.T + np.eye(len(few))
    return judged_rank(
        truth, rows @ (few.T @ np.linalg.solve(inner, target - target.mean())), measured
    )


def best_source(logs: np.ndarray, truth: np.ndarray, measured: np.ndarray) -> float:
    """The source that ranks the measured cells most like the new device does."""
    whole = logs[:, ~np.isnan(logs).any(axis=0)]
    ranks = [spearman(truth[measured], column[measured]) for column in whole.T]
    return judged_rank(truth, whole[:, int(np.nanargmax(ranks))], measured)


def judged_rank(truth: np.ndarray, guess: np.ndarray, measured: np.ndarray) -> float:
    """Spearman without the measured cells."""
    rest = np.setdiff1d(np.arange(len(truth)), measured)
    return spearman(truth[rest], guess[rest])


def mean(values: Any) -> float:
    """Mean of what a generator gives."""
    return float(np.mean(list(values)))


# --- which networks to measure ------------------------------------------------------------------


def chosen(item: Table) -> dict[str, Any]:
    """Error of `ridge` from few networks: drawn at random, or chosen by `selection.informative`."""
    names = (
        "help_gold_6226_ms",
        "help_2080ti_1_ms",
        "hwnb_raspi4_latency_ms",
        "hwnb_fpga_latency_ms",
    )
    result: dict[str, Any] = {}
    for size in (10, 20, 50):
        errors: dict[str, list[float]] = {"random": [], "spread_out": []}
        for name in names:
            live = 1 if "raspi" in name else 0
            counts, values = item.counted[live], item.columns[name]
            for draw in range(4):
                pool = np.random.default_rng(draw).permutation(len(values))[:300]
                rest = np.setdiff1d(np.arange(len(values)), pool)
                best = np.array(informative(describe(counts.take(pool)), size))
                for kind, places in (("random", np.arange(size)), ("spread_out", best)):
                    some = pool[places]
                    model = Ridge().learn([counts.take(some)], values[some])
                    guess = model.answer(counts.take(rest))
                    errors[kind].append(100 * mean(np.abs(guess - values[rest]) / values[rest]))
        result[str(size)] = {kind: round(mean(found), 2) for kind, found in errors.items()}
        print(f"MAPE of ridge from {size} networks: {result[str(size)]}")
    return {"selection_mape": result}


if __name__ == "__main__":
    main()
