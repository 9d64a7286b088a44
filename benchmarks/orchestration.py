"""Trials per second through the whole stack, against Optuna on the same PostgreSQL.

Both sides search NAS-Bench-201 for accuracy against MACs with NSGA-II, and score by table look-up,
so that what is timed is bookkeeping: proposing, storing, telling. Ours goes through everything a
user's search goes through: REST, queue, worker, PostgreSQL, events, and a socket that receives
every candidate. Optuna's stores to another database of the same server, in one process.

    python benchmarks/orchestration.py [--quick] [--trials N] [--repeats N]

Needs NASWEB_DATA with nb201/nb201_bench.npz.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import optuna  # noqa: E402
import psycopg  # noqa: E402
from psycopg import sql  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from nasweb.embedded import database_url  # noqa: E402
from search_engine import load_space  # noqa: E402
from search_engine.loading import load_evaluator  # noqa: E402
from search_engine.protocols import SilentMonitor  # noqa: E402
from tests.e2e.stack import Stack  # noqa: E402

POPULATION = 50


def main() -> None:
    """Run both sides in turns and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 trials, one repeat")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    trials, repeats = (300, 1) if options.quick else (options.trials, options.repeats)
    data = ROOT.parent / "shared" / "data"
    if data.is_dir():
        os.environ.setdefault("NASWEB_DATA", str(data))
    if reason := load_evaluator("tabular").available():
        sys.exit(f"orchestration: {reason}")
    with tempfile.TemporaryDirectory(prefix="nasweb-bench-") as folder:
        stack = Stack(Path(folder), NASWEB_WORKERS="1")
        stack.start()
        try:
            run_ours(stack, 50)  # connections, caches and imports on both sides
            run_optuna(stack, 50)
            rows = [(run_ours(stack, trials), run_optuna(stack, trials)) for _ in range(repeats)]
        finally:
            stack.stop()
    report(trials, rows)


def report(trials: int, rows: list[tuple[float, float]]) -> None:
    """Print every pair of runs and the medians."""
    print(f"{trials} trials, NSGA-II with a population of {POPULATION}, NAS-Bench-201 table\n")
    print(f"{'run':>4} {'NASWeb trials/s':>16} {'Optuna trials/s':>16} {'ratio':>7}")
    for number, (ours, theirs) in enumerate(rows, start=1):
        print(f"{number:>4} {ours:>16.1f} {theirs:>16.1f} {ours / theirs:>7.1f}")
    result = {
        "trials": trials,
        "trials_per_s": round(statistics.median(ours for ours, _ in rows), 1),
        "optuna_trials_per_s": round(statistics.median(theirs for _, theirs in rows), 1),
        "ratio": round(statistics.median(ours / theirs for ours, theirs in rows), 2),
    }
    print(json.dumps(result))


def run_ours(stack: Stack, trials: int) -> float:
    """Trials per second from the POST to the moment the socket has told the end."""
    begin = time.perf_counter()
    key = stack.post("/api/v1/experiments/", document(trials))["id"]
    address = f"{stack.url.replace('http', 'ws')}/ws/experiments/{key}/?after=0"
    done: set[int] = set()
    headers = {"Authorization": f"Token {stack.token}"}
    with connect(address, additional_headers=headers, max_size=None) as socket:
        while True:
            message = json.loads(socket.recv(timeout=120))
            if message["type"] == "cand.batch":
                states = zip(message["number"], message["status"], strict=True)
                done |= {number for number, status in states if status == "done"}
            if message["type"] == "exp.state" and message["status"] == "done":
                break
    seconds = time.perf_counter() - begin
    assert len(done) == trials, f"the socket told of {len(done)} of {trials} candidates"
    return trials / seconds


def document(trials: int) -> dict[str, Any]:
    """The experiment."""
    return {
        "name": "orchestration",
        "search_space": "nasbench201",
        "objectives": [
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "macs", "direction": "minimize"},
        ],
        "strategy": {"key": "nsga2", "config": {"population_size": POPULATION}},
        "evaluator": {"key": "tabular"},
        "budget": {"max_trials": trials},
    }


def run_optuna(stack: Stack, trials: int) -> float:
    """Trials per second of `study.optimize` with an RDB storage on the stack's PostgreSQL."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    name = f"optuna_{time.time_ns()}"
    with psycopg.connect(database_url(stack.var), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    address = database_url(stack.var, name).replace("postgresql://", "postgresql+psycopg://")
    space, evaluator = load_space("nasbench201"), load_evaluator("tabular")
    choices = [len(variable.choices) for variable in space.variables]

    def objective(trial: Any) -> tuple[float, float]:
        genes = tuple(trial.suggest_int(f"edge{i}", 0, n - 1) for i, n in enumerate(choices))
        network = space.decode(genes)
        found = evaluator.evaluate(network, seed=0, monitor=SilentMonitor())
        return found.metrics["accuracy"], float(network.macs)

    storage = optuna.storages.RDBStorage(address)
    sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=0)
    study = optuna.create_study(
        storage=storage, sampler=sampler, directions=["maximize", "minimize"]
    )
    begin = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return trials / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
