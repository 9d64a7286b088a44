"""`graph`: a graph convolutional network over execution units, in the manner of BRP-NAS."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field

from search_engine.config import Config
from search_engine.costs.predictors.graph_nodes import UnitGraph, graph_of
from search_engine.costs.predictors.protocol import Evidence, Floats
from search_engine.costs.predictors.ridge import checked_values
from search_engine.costs.predictors.summed import rules_from_json, rules_to_json
from search_engine.costs.units import RuntimeRules
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.types import Origin

FEWEST = 50


class GraphConfig(Config):
    """Settings of `graph`."""

    layers: int = Field(4, ge=1, le=8, description="Graph convolutions.")
    width: int = Field(96, ge=8, le=600, description="Units of each; the paper has 600.")
    epochs: int = Field(200, ge=1, le=1000, description="At most so many passes.")
    patience: int = Field(30, ge=1, le=1000, description="Passes without progress until it ends.")
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Of AdamW; falls on plateaus.")
    seed: int = Field(0, ge=0, description="Of weights, batches and the validation tenth.")


class Graph:
    """Four graph convolutions with a global node that is linked to all; its state gives the value.

    Nodes are the units that the runtime executes (dead layers and identities are gone); equal
    blocks in a row stand as one with their number. Learns the standardised logarithm with a
    smooth L1 loss and stops early on a tenth of the networks. It needs hundreds of networks;
    what it has over `ridge` is that it sees which units may run side by side.

    Source: Dudziak et al., BRP-NAS, NeurIPS 2020, arXiv 2007.08668, section 3 and appendix.
    """

    config_class: ClassVar[type[Config]] = GraphConfig
    origin: ClassVar[Origin] = "predicted"

    def __init__(self, config: GraphConfig | None = None) -> None:
        self.config = config or GraphConfig.parse({})
        self._rules = RuntimeRules()
        self._families: tuple[str, ...] = ()
        self._scale: Floats = np.zeros((2, 0))
        self._target = (0.0, 1.0)
        self._limits = (0.0, 0.0)
        self._weights: dict[str, Any] = {}

    @classmethod
    def applicable(cls, evidence: Evidence) -> str:
        """Empty if it can be fitted on this, else the reason."""
        if len(evidence.values) < FEWEST:
            return f"needs {FEWEST} measured networks, there are {len(evidence.values)}"
        return ""

    @property
    def rules(self) -> RuntimeRules:
        """How the runtime it was fitted for executes networks."""
        return self._rules

    def fit(self, evidence: Evidence) -> Self:
        """Learn. PredictorError with too few networks or values that are not positive."""
        self._rules = evidence.rules
        return self.learn([graph_of(n, self._rules) for n in evidence.networks], evidence.values)

    def learn(self, graphs: Sequence[UnitGraph], values: Floats) -> Self:
        """Fit on graphs of networks, cut by its rules."""
        from search_engine.costs.predictors.graph_net import train  # noqa: PLC0415 - loads torch

        logs = np.log(checked_values(values, FEWEST))
        self._families = tuple(sorted({name for graph in graphs for name in graph.families()}))
        self._scale = _scale(graphs)
        self._target = float(logs.mean()), float(logs.std()) or 1.0
        self._limits = float(logs.min()) - 1, float(logs.max()) + 1
        inputs = [self._read(graph) for graph in graphs]
        self._weights = train(inputs, (logs - self._target[0]) / self._target[1], self.config)
        return self

    def predict(self, networks: Sequence[NetworkSpec]) -> Floats:
        """`n` values. PredictorError: not fitted, or a unit of an unknown family."""
        return self.answer([graph_of(network, self._rules) for network in networks])

    def answer(self, graphs: Sequence[UnitGraph]) -> Floats:
        """`n` predictions for graphs cut by its rules."""
        from search_engine.costs.predictors.graph_net import run  # noqa: PLC0415 - loads torch

        if not self._weights:
            raise PredictorError("Graph is not fitted; call fit first.")
        if not graphs:
            return np.zeros(0)
        found = run(self._weights, [self._read(graph) for graph in graphs], self.config)
        logs = found * self._target[1] + self._target[0]
        result: Floats = np.exp(np.clip(logs, *self._limits))
        return result

    def state_dict(self) -> dict[str, Any]:
        """JSON-able; weights are base64 of little-endian float32."""
        if not self._weights:
            raise PredictorError("Graph is not fitted; call fit first.")
        return {
            "config": self.config.model_dump(),
            "rules": rules_to_json(self._rules),
            "families": list(self._families),
            "scale": self._scale.tolist(),
            "target": list(self._target),
            "limits": list(self._limits),
            "weights": self._weights,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Become what was saved. PredictorError if it is no state of this predictor."""
        try:
            self.config = GraphConfig.parse(dict(state["config"]))
            self._rules = rules_from_json(state["rules"])
            self._families = tuple(map(str, state["families"]))
            self._scale = np.asarray(state["scale"], float)
            middle, spread = map(float, state["target"])
            low, high = map(float, state["limits"])
            self._weights = {str(name): dict(part) for name, part in state["weights"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PredictorError(f"No state of a graph predictor: {error!r}.") from error
        self._target, self._limits = (middle, spread), (low, high)
        return self

    def _read(self, graph: UnitGraph) -> tuple[Floats, np.ndarray[Any, np.dtype[np.int64]]]:
        """Rows of the units with that of the global node last, and edges with those into it."""
        count = len(graph.units)
        places = {name: i for i, name in enumerate(self._families)}
        strange = [name for name in graph.families() if name not in places]
        if strange:
            raise PredictorError(
                f"No fitted network holds a unit of family {strange[0]!r}; known are "
                f"{', '.join(self._families)}. Measure networks with this layer and fit again."
            )
        kinds = np.zeros((count + 1, len(places) + 1))
        kinds[np.arange(count), [places[name] for name in graph.families()]] = 1
        kinds[count, -1] = 1
        sizes = np.vstack([(graph.sizes() - self._scale[0, :4]) / self._scale[1, :4], np.zeros(4)])
        totals = np.zeros((count + 1, 5))
        totals[count] = (_totals(graph) - self._scale[2]) / self._scale[3]
        to_global = np.column_stack([np.arange(count), np.full(count, count)])
        edges = np.vstack([graph.edges, to_global]).astype(np.int64)
        return np.hstack([kinds, sizes, totals]), edges


def _totals(graph: UnitGraph) -> Floats:
    """Logarithms of the whole network's units, MACs, values moved and parameters, and its depth."""
    sizes = np.expm1(graph.sizes())
    repeated = graph.repeats[:, None]
    work = (sizes[:, :3] * repeated).sum(axis=0)
    depth = np.zeros(len(graph.units) + 1)
    arriving: dict[int, list[int]] = {}
    for maker, reader in graph.edges.tolist():
        arriving.setdefault(reader, []).append(maker)
    for place, times in enumerate(graph.repeats):
        depth[place] = max((depth[m] for m in arriving.get(place, ())), default=0.0) + times
    totals: Floats = np.log1p(np.array([graph.repeats.sum(), *work, depth.max()]))
    return totals


def _scale(graphs: Sequence[UnitGraph]) -> Floats:
    """Means and deviations of sizes (4, padded) and of totals (5)."""
    sizes = np.vstack([graph.sizes() for graph in graphs])
    totals = np.stack([_totals(graph) for graph in graphs])
    pad = [np.append(sizes.mean(axis=0), 0), np.append(np.maximum(sizes.std(axis=0), 1e-6), 1)]
    return np.stack([*pad, totals.mean(axis=0), np.maximum(totals.std(axis=0), 1e-6)])
