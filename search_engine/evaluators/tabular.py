"""Benchmark table: accuracies of all NAS-Bench-201 cells, trained by its authors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from search_engine.config import Config
from search_engine.datasets.location import DataFile
from search_engine.errors import EvaluationError
from search_engine.network import NetworkSpec, Shape
from search_engine.protocols import Dataset, Evaluation, Monitor

SPACE = "nasbench201"
OPS_PER_EDGE, EDGES = 5, 6
FILE = DataFile(
    "nb201/nb201_bench.npz",
    611_816,
    "e2b690933bb7e900005c69b9b02683c4f77b863e4ebaa22be0c1e6940275307c",
)
Column = Literal[
    "val12_c10",
    "val200_c10",
    "test12_c10",
    "test200_c10",
    "test200_1seed_c10",
    "test200_c10_halftrain",
    "val12_c100",
    "test12_c100",
    "test200_c100",
    "test200_1seed_c100",
]


class TabularConfig(Config):
    """Which training of the cells is looked up."""

    column: Column = Field(
        "val12_c10",
        description=(
            "Split and epochs of the accuracy (c10: CIFAR-10, c100: CIFAR-100). The default is "
            "what a search may honestly see: validation images and a short training. Columns of "
            "the test split are for judging a finished search, not for steering it."
        ),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Percentages by cell code: the six op indices as digits in base 5, first edge lowest."""

    percent: NDArray[np.float64]

    def accuracy(self, genes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fractions for genes of shape (n, 6); NaN where the benchmark has no value."""
        codes: NDArray[np.int64] = genes @ OPS_PER_EDGE ** np.arange(EDGES)
        return self.percent[codes] / 100


class Tabular:
    """Looks up the accuracy of NAS-Bench-201 cells; free, so strategies can be compared exactly.

    Genes of the space `nasbench201` are the table's op indices, in its edge order (0-1), (0-2),
    (1-2), (0-3), (1-3), (2-3).

    Source: Dong and Yang, NAS-Bench-201, ICLR 2020, arXiv 2001.00326.
    """

    config_class = TabularConfig
    immediate: ClassVar[bool] = True
    input_shape: Shape = (3, 32, 32)

    def __init__(self, config: TabularConfig, dataset: Dataset | None = None) -> None:
        self._column = config.column
        self.classes = 100 if "c100" in config.column else 10

    @cached_property
    def _table(self) -> Table:
        return _read(FILE.verified(), self._column)

    @classmethod
    def available(cls) -> str:
        """Empty if the table can be read, else what is missing and what to do; quick."""
        return FILE.missing()

    def check(self, network: NetworkSpec) -> None:
        """EvaluationError if the table does not hold this network."""
        known = len(network.genes) == EDGES and all(0 <= g < OPS_PER_EDGE for g in network.genes)
        if network.space != SPACE or not known:
            raise EvaluationError(
                f"The table holds cells of the search space {SPACE!r} only, this network is of "
                f"{network.space or 'no space'!r} with genes {list(network.genes)}; "
                f"choose {SPACE!r} or another evaluator."
            )
        task = ([item.shape for item in network.inputs], network.shapes[network.outputs[0]])
        if task != ([self.input_shape], (self.classes,)):
            raise EvaluationError(
                f"Column {self._column!r} is about {self.classes} classes of 3x32x32 images, the "
                f"network maps {task[0]} to {task[1]}; compile the space for that input."
            )

    def evaluate(
        self, network: NetworkSpec, *, seed: int, monitor: Monitor, checkpoint: object = None
    ) -> Evaluation:
        """Look one network up; `seed`, `monitor` and `checkpoint` play no part.

        Raises:
            EvaluationError: not a cell of the table, or it has no value.
            DatasetError: the table is missing or damaged.
        """
        result = self.evaluate_many([network])[0]
        if isinstance(result, EvaluationError):
            raise result
        return result

    def evaluate_many(self, networks: Sequence[NetworkSpec]) -> list[Evaluation | EvaluationError]:
        """Look many up at once; the place of a network that cannot be scored holds its error.

        Raises:
            DatasetError: the table is missing or damaged.
        """
        genes = np.zeros((len(networks), EDGES), np.int64)
        errors: dict[int, EvaluationError] = {}
        for place, network in enumerate(networks):
            try:
                self.check(network)
                genes[place] = network.genes
            except EvaluationError as error:
                errors[place] = error
        accuracies = self._table.accuracy(genes).tolist()
        return [
            errors.get(place) or self._result(network, accuracies[place])
            for place, network in enumerate(networks)
        ]

    def _result(self, network: NetworkSpec, accuracy: float) -> Evaluation | EvaluationError:
        if np.isnan(accuracy):
            return EvaluationError(
                f"Column {self._column!r} has no value for cell {list(network.genes)}."
            )
        details: dict[str, Any] = {"table": SPACE, "column": self._column}
        return Evaluation(metrics={"accuracy": accuracy}, origin="looked_up", details=details)


@lru_cache(maxsize=16)
def _read(path: Path, column: str) -> Table:
    with np.load(path) as archive:
        ops, percent = archive["ops"].astype(np.int64), archive[column].astype(np.float64)
    by_code = np.full(OPS_PER_EDGE**EDGES, np.nan)
    by_code[ops @ OPS_PER_EDGE ** np.arange(EDGES)] = percent
    return Table(by_code)
