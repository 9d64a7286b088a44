"""Largest sum of live tensors during one forward pass."""

from math import prod

from search_engine.network import NetworkSpec, Node
from search_engine.ops import OPS
from search_engine.types import Origin

BYTES = 4  # fp32
MIB = 2**20


class PeakMemory:
    """Peak activation memory of one sample in the spec's own execution order, fp32.

    While a layer runs, its inputs and its output are live, with everything a later layer still
    reads, and what a composite layer holds inside (queries, keys and values of an attention, the
    running state of a reversible stack). Elementwise layers write over an input of the same size
    that nobody reads afterwards; an identity makes no tensor. Weights and the scratch memory of
    kernels are not part of it, nor is what training keeps for the backward pass.

    A tensor is live from the layer that makes it to the last layer that reads it (liveness
    analysis, as in the memory planners of inference runtimes).
    """

    metric = "peak_memory_mib"
    origin: Origin = "analytic"

    def predict(self, network: NetworkSpec) -> float:
        """MiB"""
        return peak_bytes(network) / MIB


def peak_bytes(network: NetworkSpec, *, width: int = BYTES, in_place: bool = True) -> int:
    """The peak in bytes.

    Args:
        width: bytes per value.
        in_place: whether elementwise layers write over inputs that nobody reads afterwards.
    """
    storage, death = storages(network, in_place=in_place), {}
    size = {storage[name]: width * prod(network.shapes[name]) for name in network.shapes}
    for step, node in enumerate(network.nodes):
        death.update({storage[name]: step for name in (*node.inputs, node.id)})
    death.update({storage[name]: len(network.nodes) for name in network.outputs})
    live = {storage[item.name] for item in network.inputs}
    peak = sum(size[item] for item in live)
    for step, node in enumerate(network.nodes):
        live.add(storage[node.id])
        inside = OPS.resolve(node.op).workspace(
            node.attributes, network.input_shapes(node), node.shape
        )
        peak = max(peak, sum(size[item] for item in live) + width * inside)
        live = {item for item in live if death.get(item, -1) > step}
    return peak


def storages(network: NetworkSpec, *, in_place: bool = True) -> dict[str, str]:
    """Name of the buffer that holds each tensor: its own, or one it takes over from an input."""
    storage = {name: name for name in network.shapes}
    last: dict[str, int] = {name: len(network.nodes) for name in network.outputs}
    for step in reversed(range(len(network.nodes))):
        for name in network.nodes[step].inputs:
            last.setdefault(name, step)
    # A buffer may be shared by aliases: it dies with the last of them.
    until: dict[str, int] = {}
    for name in (item.name for item in network.inputs):
        until[name] = last.get(name, -1)
    for step, node in enumerate(network.nodes):
        taken = _taken_over(network, node, step, storage, until, in_place=in_place)
        if taken is not None:
            storage[node.id] = taken
        own = storage[node.id]
        until[own] = max(until.get(own, step), last.get(node.id, step))
    return storage


def _taken_over(
    network: NetworkSpec,
    node: Node,
    step: int,
    storage: dict[str, str],
    until: dict[str, int],
    *,
    in_place: bool,
) -> str | None:
    rule = OPS.resolve(node.op)
    if rule.alias:
        return storage[node.inputs[0]]
    if not (rule.in_place and in_place):
        return None
    for name in node.inputs:
        dying = until[storage[name]] <= step
        if dying and network.shapes[name] == node.shape:
            return storage[name]
    return None
