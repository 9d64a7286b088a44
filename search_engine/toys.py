"""Toy space, accuracy and latency with a front that can be computed: for tests and examples."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from search_engine.errors import EvaluationError, SpaceError
from search_engine.network import NetworkDraft, NetworkSpec, Shape
from search_engine.operators import all_genes
from search_engine.pareto import non_dominated_mask
from search_engine.problem import SearchProblem
from search_engine.protocols import Evaluation, Monitor
from search_engine.types import Constraint, Genes, Objective, Origin, Trial, Variable


class ToySpace:
    """Chains of 1x1 convolutions on a 3x4x4 input; each layer picks a width.

    Args:
        layers: how many, at least 1.
        widths: channels to choose from; a repeated one gives different genes of equal networks.
        elastic: a first variable, `depth`, picks how many of the layers there are; the widths of
            the others are inactive.
    """

    key = "toy"
    version = 1
    checksum = ""
    input_shape: Shape = (3, 4, 4)
    classes = 4

    def __init__(
        self, layers: int = 6, widths: tuple[int, ...] = (4, 6, 9), *, elastic: bool = False
    ) -> None:
        self.label = f"Toy space of {layers} layers"
        self.document: Mapping[str, Any] = {"layers": layers, "widths": list(widths)}
        self.variables = tuple(_toy_variables(layers, widths, elastic))
        self._layers, self._widths, self._elastic = layers, widths, elastic
        self._decode = lru_cache(maxsize=4096)(self._build)

    @property
    def size(self) -> int:
        return sum(self._sizes)

    @cached_property
    def _sizes(self) -> list[int]:
        """Number of canonical tuples of each depth."""
        depths = range(1, self._layers + 1) if self._elastic else (self._layers,)
        return [len(self._widths) ** depth for depth in depths]

    @cached_property
    def cardinalities(self) -> tuple[int, ...]:
        return tuple(len(variable.choices) for variable in self.variables)

    def active(self, genes: Genes) -> tuple[bool, ...]:
        if not self._elastic:
            return (True,) * self._layers
        return (True, *(layer <= genes[0] for layer in range(self._layers)))

    def canonical(self, genes: Genes) -> Genes:
        counts = self.cardinalities
        if len(genes) != len(counts) or any(
            not 0 <= gene < count for gene, count in zip(genes, counts, strict=True)
        ):
            raise SpaceError(f"Genes {genes} do not fit variables with {counts} choices.")
        active = self.active(genes)
        return tuple(gene if on else 0 for gene, on in zip(genes, active, strict=True))

    def sample(self, rng: Generator) -> Genes:
        index, depth = int(rng.integers(self.size)), 0
        while index >= self._sizes[depth]:
            index -= self._sizes[depth]
            depth += 1
        base = len(self._widths)
        digits = tuple(index // base**place % base for place in range(self._layers))
        return self.canonical((depth, *digits) if self._elastic else digits)

    def decode(self, genes: Genes) -> NetworkSpec:
        return self._decode(self.canonical(genes))

    def choices(self, genes: Genes) -> dict[str, Any]:
        genes = self.canonical(genes)
        rows = zip(self.variables, genes, self.active(genes), strict=True)
        return {variable.name: variable.choices[gene] for variable, gene, on in rows if on}

    def encode(self, choices: Mapping[str, Any]) -> Genes:
        genes = []
        for variable in self.variables:
            value = choices.get(variable.name, variable.choices[0])
            if value not in variable.choices:
                raise SpaceError(f"{value!r} is not one of {variable.choices}.", variable.name)
            genes.append(variable.choices.index(value))
        return self.canonical(tuple(genes))

    def _build(self, genes: Genes) -> NetworkSpec:
        draft = NetworkDraft(self.input_shape)
        last = draft.input
        for name, width in self.choices(genes).items():
            if name != "depth":
                last = draft.add("conv", last, out_channels=width, kernel=1)
        head = draft.add("head", last, outputs=self.classes)
        return draft.finish(head, space=self.key, genes=genes)


def _toy_variables(layers: int, widths: tuple[int, ...], elastic: bool) -> Iterator[Variable]:
    depths = tuple(range(1, layers + 1))
    if elastic:
        yield Variable("depth", depths)
    for layer in range(layers):
        rule = (("depth", depths[layer:]),) if elastic else ()
        yield Variable(f"width{layer}", widths, rule)


class ToyEvaluator:
    """A made-up accuracy: wide layers help, the later the more, and jumps in width cost.

    Args:
        breaks: networks for which the evaluation fails.
    """

    immediate: ClassVar[bool] = True

    def __init__(self, breaks: Callable[[NetworkSpec], bool] = lambda _: False) -> None:
        self._breaks = breaks

    @classmethod
    def available(cls) -> str:
        return ""

    def evaluate(
        self, network: NetworkSpec, *, seed: int, monitor: Monitor, checkpoint: object = None
    ) -> Evaluation:
        monitor.batch()
        if self._breaks(network):
            raise EvaluationError("This toy network was made to break.")
        return Evaluation({"accuracy": toy_accuracy(network)}, "looked_up")


def toy_accuracy(network: NetworkSpec) -> float:
    """Accuracy in (0, 1) of a network from a `ToySpace`."""
    widths = [math.log2(n.attributes["out_channels"]) for n in network.nodes if n.op == "conv"]
    gain = sum((1 + 0.1 * place) * width for place, width in enumerate(widths))
    jumps = sum(abs(a - b) for a, b in pairwise(widths))
    return 1 / (1 + math.exp(2.0 - 0.15 * gain + 0.2 * jumps))


class ToyLatency:
    """A made-up latency that grows with every layer and its width, in ms."""

    metric = "latency_ms"
    origin: Origin = "predicted"

    def __init__(self, device: str = "") -> None:
        self.device = device

    def predict(self, network: NetworkSpec) -> float:
        return 0.1 * len(network.nodes) + 1e-3 * sum(node.shape[0] for node in network.nodes)


def toy_problem(
    *constraints: Constraint,
    layers: int = 6,
    widths: tuple[int, ...] = (4, 6, 9),
    elastic: bool = False,
) -> SearchProblem:
    """Accuracy against parameters on a toy space; 3^6 = 729 networks unless told otherwise."""
    space = ToySpace(layers, widths, elastic=elastic)
    return SearchProblem(space, (Objective("accuracy"), Objective("params")), constraints)


def toy_trial(problem: SearchProblem, number: int, genes: Genes) -> Trial:
    """What a search on a toy problem would find out about these genes."""
    network = problem.space.decode(genes)
    metrics = {"accuracy": toy_accuracy(network), "params": float(network.params)}
    return Trial(number, genes, metrics)


def toy_front(problem: SearchProblem) -> NDArray[np.float64]:
    """Costs of the true front of a toy problem, sorted, without repeats; every network is tried."""
    trials = [toy_trial(problem, 0, genes) for genes in all_genes(problem.space)]
    costs = np.array([problem.costs(trial) for trial in trials if problem.feasible(trial)])
    return np.unique(costs[non_dominated_mask(costs)], axis=0)
