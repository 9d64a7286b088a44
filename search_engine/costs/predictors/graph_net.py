"""The network behind `graph`: convolutions over many graphs at once, its training, its weights."""

import base64
import binascii
import copy
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError
from search_engine.seeding import seed_torch

if TYPE_CHECKING:
    from search_engine.costs.predictors.graph import GraphConfig

Graph = tuple[Floats, np.ndarray[Any, np.dtype[np.int64]]]
Batch = tuple[Tensor, Tensor, Tensor]
_BATCH, _RUN_BATCH, _VALIDATION = 32, 512, 0.1


class GraphNet(nn.Module):
    """H' = ReLU(LayerNorm(mean over makers and itself of H, times W)); the global node answers."""

    def __init__(self, inputs: int, config: "GraphConfig") -> None:
        super().__init__()
        widths = [inputs, *[config.width] * config.layers]
        pairs = list(pairwise(widths))
        self.own = nn.ModuleList(nn.Linear(a, b) for a, b in pairs)
        self.read = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairs)
        self.norms = nn.ModuleList(nn.LayerNorm(b) for _, b in pairs)
        self.answer = nn.Linear(config.width, 1)

    def forward(self, batch: Batch) -> Tensor:  # rows (N, F), edges (2, E), global nodes (B,)
        rows, edges, ends = batch
        degree = torch.ones(len(rows)).index_add_(0, edges[1], torch.ones(edges.shape[1]))
        for own, read, norm in zip(self.own, self.read, self.norms, strict=True):
            heard = read(rows)
            told = torch.zeros_like(heard).index_add_(0, edges[1], heard[edges[0]])
            rows = functional.relu(norm(own(rows) + told / degree[:, None]))
        answers: Tensor = self.answer(rows[ends])[:, 0]
        return answers


def train(graphs: Sequence[Graph], target: Floats, config: "GraphConfig") -> dict[str, Any]:
    """Weights that did best on the validation tenth, as plain data."""
    rng = np.random.default_rng(config.seed)
    order = rng.permutation(len(graphs))
    held = max(5, round(_VALIDATION * len(graphs)))
    wanted = torch.tensor(target, dtype=torch.float32)
    check = _batch([graphs[i] for i in order[:held]])
    with seed_torch(config.seed):
        net = GraphNet(graphs[0][0].shape[1], config)
        optimiser = torch.optim.AdamW(net.parameters(), config.learning_rate, weight_decay=5e-4)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=8)
        best, since, kept = float("inf"), 0, copy.deepcopy(net.state_dict())
        for _ in range(config.epochs):
            net.train()
            mixed = rng.permutation(order[held:])
            for start in range(0, len(mixed), _BATCH):
                some = mixed[start : start + _BATCH]
                loss = _loss(net(_batch([graphs[i] for i in some])), wanted[some])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            net.eval()
            with torch.no_grad():
                error = float(_loss(net(check), wanted[order[:held]]))
            plateau.step(error)
            since += 1
            if error < best:
                best, since, kept = error, 0, copy.deepcopy(net.state_dict())
            if since >= config.patience:
                break
    return {name: _packed(value.numpy()) for name, value in kept.items()}


def run(
    weights: Mapping[str, Mapping[str, Any]], graphs: Sequence[Graph], config: "GraphConfig"
) -> Floats:
    """`n` answers. PredictorError if the weights do not fit the graphs or are damaged."""
    net = GraphNet(graphs[0][0].shape[1], config).eval()
    try:
        net.load_state_dict({k: torch.from_numpy(_unpacked(v)) for k, v in weights.items()})
    except (RuntimeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise PredictorError(f"These weights do not fit the network: {error!s:.300}") from error
    parts = [graphs[i : i + _RUN_BATCH] for i in range(0, len(graphs), _RUN_BATCH)]
    with torch.no_grad():
        found = [net(_batch(part)).numpy() for part in parts]
    return np.concatenate(found).astype(np.float64)


def _loss(answers: Tensor, wanted: Tensor) -> Tensor:
    return functional.smooth_l1_loss(answers, wanted, beta=0.05)


def _batch(graphs: Sequence[Graph]) -> Batch:
    """Many graphs as one."""
    sizes = np.array([len(rows) for rows, _ in graphs])
    starts = np.cumsum(sizes) - sizes
    edges = np.vstack([edges + start for (_, edges), start in zip(graphs, starts, strict=True)])
    rows = np.vstack([rows for rows, _ in graphs]).astype(np.float32)
    ends = torch.from_numpy(starts + sizes - 1)
    return torch.from_numpy(rows), torch.from_numpy(np.ascontiguousarray(edges.T)), ends


def _packed(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    data = base64.b64encode(array.astype("<f4").tobytes()).decode()
    return {"shape": list(array.shape), "data": data}


def _unpacked(packed: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    data = np.frombuffer(base64.b64decode(packed["data"], validate=True), "<f4")
    return data.reshape(packed["shape"]).astype(np.float32)
