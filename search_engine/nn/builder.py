"""`build` makes an `nn.Module` of a `NetworkSpec`: same layers, same order, same names."""

from importlib import import_module
from typing import Any

from torch import Tensor, nn

from search_engine.errors import NetworkError
from search_engine.network import NetworkSpec, Node
from search_engine.ops import OPS

Step = tuple[str, tuple[int, ...], int, tuple[int, ...]]


class Network(nn.Module):
    """Runs the layers of a spec in order and drops each tensor after its last reader.

    Layers are registered under their node ids, so that a state dict fits every network that
    `build` makes of the same spec. Layers that feed nothing run too: they are part of the spec.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        for node in spec.nodes:
            if "." in node.id or hasattr(self, node.id):
                raise NetworkError(f"Node id {node.id!r} cannot name a module; rename the node.")
            self.add_module(node.id, _module(node, spec))
        slots = {name: i for i, name in enumerate(spec.shapes)}
        self._steps = _steps(spec, slots)
        self._empty = (None,) * len(spec.nodes)
        self._results = tuple(slots[name] for name in spec.outputs)

    def forward(self, *inputs: Tensor) -> Any:
        """Inputs (B, *shape) in the spec's order -> output (B, *shape), a tuple when several."""
        tensors: list[Any] = [*inputs, *self._empty]
        layers = self._modules
        for name, sources, target, dead in self._steps:
            tensors[target] = layers[name](*[tensors[i] for i in sources])  # type: ignore[misc]
            for i in dead:
                tensors[i] = None
        results = [tensors[i] for i in self._results]
        return results[0] if len(results) == 1 else tuple(results)


def build(network: NetworkSpec) -> Network:
    """A freshly initialised module of a network: (B, *input shape) -> logits (B, classes).

    Weights come from PyTorch's global generator; seed it with `search_engine.seeding`.

    Raises:
        NetworkError: a node's id cannot name a module.
    """
    return Network(network)


def _module(node: Node, spec: NetworkSpec) -> nn.Module:
    path, _, name = OPS.resolve(node.op).module.partition(":")
    cls = getattr(import_module(path), name)
    module: nn.Module = cls(node.attributes, spec.input_shapes(node))
    return module


def _steps(spec: NetworkSpec, slots: dict[str, int]) -> tuple[Step, ...]:
    """(layer, slots read, slot written, slots that nobody reads afterwards) per node."""
    needed = set(spec.outputs)
    steps: list[Step] = []
    for node in reversed(spec.nodes):
        last_reads = {*node.inputs, node.id} - needed
        needed |= set(node.inputs)
        dead = tuple(sorted(slots[name] for name in last_reads))
        steps.append((node.id, tuple(slots[name] for name in node.inputs), slots[node.id], dead))
    return tuple(reversed(steps))
