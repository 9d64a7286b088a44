"""Everything a search finds out about one network: costs first, training only if it can pay off."""

import math
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Semaphore
from typing import Protocol

from search_engine.costs import COSTS
from search_engine.errors import EvaluationError, Interrupted, ProblemError
from search_engine.metrics import METRICS
from search_engine.network import NetworkSpec
from search_engine.problem import SearchProblem
from search_engine.protocols import CostModel, Evaluation, Evaluator, SilentMonitor
from search_engine.types import EpochReport, Origin, metric_key


class DeviceCost(CostModel, Protocol):
    """A cost model of one device, such as its latency: measured, looked up or predicted.

    Attributes:
        device: slug, as objectives and constraints name it; empty for the primary device.
    """

    device: str


@dataclass(slots=True)
class Findings:
    """Metrics of one network by key, and where each of them comes from."""

    metrics: dict[str, float] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    evaluation: Evaluation | None = None

    def add(self, key: str, value: float, origin: Origin) -> None:
        """Store a number. EvaluationError when it is not finite."""
        if not math.isfinite(value):
            raise EvaluationError(f"{key} is {value}; every metric must be a finite number.")
        self.metrics[key] = float(value)
        self.origins[key] = origin


class CandidateTest:
    """Obtains the metrics of networks for one problem, cheapest first.

    Args:
        evaluator: for quality metrics; None if the problem asks for none.
        cost_models: device-free costs to record beside those the problem needs.
        device_costs: at least one for every device metric of the problem.

    Raises:
        ProblemError: a metric of the problem has no source.
    """

    def __init__(
        self,
        problem: SearchProblem,
        evaluator: Evaluator | None,
        cost_models: Sequence[CostModel] = (),
        device_costs: Sequence[DeviceCost] = (),
    ) -> None:
        self._problem, self._evaluator = problem, evaluator
        self._costs: list[tuple[str, CostModel]] = [
            (model.metric, model) for model in _with_needed(problem, cost_models)
        ]
        self._device_costs: list[tuple[str, CostModel]] = [
            (metric_key(model.metric, model.device, problem.primary_device), model)
            for model in device_costs
        ]
        self._check_sources()

    def run(self, network: NetworkSpec, seed: int) -> Generator[EpochReport, None, Findings]:
        """Yield training progress as it happens; return what was found.

        As soon as a constraint is violated by what is known, nothing dearer is done: a network
        over a latency limit is not trained.

        Raises:
            EvaluationError, TrainingError, or whatever a cost model or evaluator raises.
        """
        findings = Findings()
        for stage in (self._costs, self._device_costs):
            for key, model in stage:
                findings.add(key, model.predict(network), model.origin)
            if self._problem.violation(findings.metrics) > 0:
                return findings
        if self._evaluator is not None:
            evaluation = yield from evaluate(self._evaluator, network, seed)
            self._record(evaluation, findings)
        return findings

    def _record(self, evaluation: Evaluation, findings: Findings) -> None:
        for key, value in evaluation.metrics.items():
            findings.add(key, value, evaluation.origin)
        findings.evaluation = evaluation
        if missing := [key for key in self._problem.required if key not in findings.metrics]:
            raise EvaluationError(f"The evaluator returned no {' and no '.join(missing)}.")

    def _check_sources(self) -> None:
        known = {key for key, _ in (*self._costs, *self._device_costs)}
        for item in self._problem.items:
            kind, key = METRICS[item.metric].kind, self._problem.key(item)
            if kind == "device" and key not in known:
                raise ProblemError(
                    f"Nothing provides {key}. Pass a cost model for it in device_costs; "
                    f"given are: {', '.join(sorted(known)) or 'none'}."
                )
            if kind == "quality" and self._evaluator is None:
                raise ProblemError(f"Nothing provides {key}. Pass an evaluator.")


def evaluate(
    evaluator: Evaluator, network: NetworkSpec, seed: int
) -> Generator[EpochReport, None, Evaluation]:
    """Score one network, yielding each epoch when it ends.

    A training runs in a thread that stands still while the caller handles an epoch; closing the
    generator ends the training there and then.

    Args:
        seed: of the run; evaluators derive from it and the network what they need.
    """
    if evaluator.immediate:
        return evaluator.evaluate(network, seed=seed, monitor=SilentMonitor())
    relay = _Relay()
    with ThreadPoolExecutor(1, thread_name_prefix="training") as pool:
        future = pool.submit(evaluator.evaluate, network, seed=seed, monitor=relay)
        future.add_done_callback(lambda _: relay.reports.put(None))
        try:
            while (report := relay.reports.get()) is not None:
                yield report
                relay.go_on()
        finally:
            relay.stop()
    return future.result()


class _Relay:
    """Monitor that hands each report to the searching thread and waits until it goes on."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[EpochReport | None] = SimpleQueue()
        self._turns = Semaphore(0)
        self._stopped = False

    def batch(self) -> None:
        if self._stopped:
            raise Interrupted("cancel")

    def epoch(self, report: EpochReport) -> None:
        self.reports.put(report)
        self._turns.acquire()
        self.batch()

    def go_on(self) -> None:
        self._turns.release()

    def stop(self) -> None:
        self._stopped = True
        self._turns.release()


def _with_needed(problem: SearchProblem, given: Sequence[CostModel]) -> list[CostModel]:
    """The models given, and one for every analytic metric of the problem that they leave open."""
    models = {model.metric: model for model in given}
    for item in problem.items:
        if METRICS[item.metric].kind == "analytic" and item.metric not in models:
            models[item.metric] = COSTS.resolve(item.metric)()
    return list(models.values())
