"""Where the tensors of a network lie in memory, and in which order its layers need least of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from search_engine.costs.descriptor import BYTES
from search_engine.costs.peak_memory import peak_bytes, storages
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec, Node
from search_engine.ops import OPS

EXACT_LAYERS = 20
MAX_STATES = 200_000


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory for one tensor and those that take it over.

    Attributes:
        first, last: steps between which it is live, both included; -1 is before the first layer.
        offset: bytes from the start of the arena.
    """

    name: str
    size: int
    first: int
    last: int
    offset: int = 0

    @property
    def end(self) -> int:
        """Offset of the byte after it."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """A static plan for one inference.

    Attributes:
        order: ids of the layers in the order in which they run.
        peak_bytes: largest sum of live buffers.
        arena_bytes: what the plan takes in one piece; at least the peak.
        weight_bytes: parameters and buffers at the same width.
        exact: whether no order needs less, in-place layers apart.
    """

    order: tuple[str, ...]
    peak_bytes: int
    arena_bytes: int
    weight_bytes: int
    buffers: tuple[Buffer, ...]
    exact: bool

    @property
    def fragmentation(self) -> float:
        """Arena over peak, at least 1."""
        return self.arena_bytes / self.peak_bytes

    def fits(self, ram_bytes: int, flash_bytes: int | None = None) -> bool:
        """Whether maps fit into memory and weights into flash (or beside the maps)."""
        if flash_bytes is None:
            return self.arena_bytes + self.weight_bytes <= ram_bytes
        return self.arena_bytes <= ram_bytes and self.weight_bytes <= flash_bytes


def plan_memory(
    network: NetworkSpec, *, dtype: str = "fp32", reorder: bool = False, batch_size: int = 1
) -> MemoryPlan:
    """Place all tensors of a network in one arena.

    Offsets by first fit, largest buffer first, as the planners of micro-controller runtimes do.
    With `reorder`, layers run in the order that needs least: by dynamic programming over sets of
    layers that have run for up to 20 layers (exact), else by always taking the layer that frees
    most; the network's own order is kept where it is no worse.

    Raises:
        PredictorError: a data type that is not known.
    """
    if dtype not in BYTES:
        raise PredictorError(f"No data type {dtype!r:.40}. Known: {', '.join(BYTES)}.")
    width = BYTES[dtype] * batch_size
    exact = reorder and len(network.nodes) <= EXACT_LAYERS
    if reorder:
        network = min(
            (network, *_reordered(network, exact=exact)),
            key=lambda candidate: peak_bytes(candidate, width=width),
        )
    buffers = placed(live_buffers(network, width))
    weights = sum(
        OPS.resolve(node.op).params(node.attributes, shapes)
        + OPS.resolve(node.op).buffers(node.attributes, shapes)
        for node, shapes in network.walk()
    )
    return MemoryPlan(
        tuple(node.id for node in network.nodes),
        peak_bytes(network, width=width),
        max((buffer.end for buffer in buffers), default=0),
        weights * BYTES[dtype],
        tuple(buffers),
        exact,
    )


def live_buffers(network: NetworkSpec, width: int) -> list[Buffer]:
    """Every buffer with its size and the steps between which it is live."""
    storage = storages(network)
    births: dict[str, int] = {item.name: -1 for item in network.inputs}
    deaths: dict[str, int] = dict.fromkeys(births, -1)
    sizes = {item.name: width * prod(item.shape) for item in network.inputs}
    for step, node in enumerate(network.nodes):
        for name in (*node.inputs, node.id):
            births.setdefault(storage[name], step)
            deaths[storage[name]] = step
        sizes.setdefault(storage[node.id], width * prod(node.shape))
    for name in network.outputs:
        deaths[storage[name]] = len(network.nodes)
    found = [Buffer(name, sizes[name], births[name], deaths[name]) for name in births]
    return found + _workspaces(network, width)


def _workspaces(network: NetworkSpec, width: int) -> list[Buffer]:
    """What composite layers hold inside while they run."""
    inside = []
    for step, node in enumerate(network.nodes):
        rule, shapes = OPS.resolve(node.op), network.input_shapes(node)
        values = rule.workspace(node.attributes, shapes, node.shape)
        if values:
            inside.append(Buffer(f"{node.id}:inside", width * values, step, step))
    return inside


def placed(buffers: Sequence[Buffer]) -> list[Buffer]:
    """Offsets by first fit, largest first: no two that are live together overlap."""
    done: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda item: (-item.size, item.first, item.name)):
        together = sorted(
            (o for o in done if o.first <= buffer.last and buffer.first <= o.last),
            key=lambda item: item.offset,
        )
        offset = 0
        for other in together:
            if other.offset - offset >= buffer.size:
                break
            offset = max(offset, other.end)
        done.append(replace(buffer, offset=offset))
    return done


def schedule_peak(network: NetworkSpec, order: Sequence[str]) -> int:
    """Peak in values when layers run in this order, none of them in place."""
    by_id = network.by_id
    nodes = tuple(by_id[name] for name in order)
    return peak_bytes(replace(network, nodes=nodes), width=1, in_place=False)


def exact_order(network: NetworkSpec) -> tuple[str, ...] | None:
    """The order with the least peak by dynamic programming over sets of layers that have run
    (down-sets of the graph); None where there are too many of them. No layer runs in place."""
    graph = _Graph(network)
    best: dict[int, tuple[int, int, int]] = {0: (graph.start, -1, 0)}  # set -> peak, last, before
    front = [0]
    for _ in network.nodes:
        following: dict[int, tuple[int, int, int]] = {}
        for done in front:
            for node in graph.ready(done):
                peak = max(best[done][0], graph.running(done, node))
                after = done | 1 << node
                if after not in following or peak < following[after][0]:
                    following[after] = (peak, node, done)
        if len(best) + len(following) > MAX_STATES:
            return None
        best.update(following)
        front = list(following)
    order, done = [], front[0]
    while done:
        _, node, before = best[done]
        order.append(network.nodes[node].id)
        done = before
    return tuple(reversed(order))


def greedy_order(network: NetworkSpec) -> tuple[str, ...]:
    """Always the layer after which least is live (largest release first)."""
    graph, done, order = _Graph(network), 0, list[str]()
    for _ in network.nodes:
        node = min(graph.ready(done), key=lambda n: (graph.live(done | 1 << n), n))
        order.append(network.nodes[node].id)
        done |= 1 << node
    return tuple(order)


def _reordered(network: NetworkSpec, *, exact: bool) -> list[NetworkSpec]:
    orders = [greedy_order(network), exact_order(network) if exact else None]
    by_id: Mapping[str, Node] = network.by_id
    return [
        replace(network, nodes=tuple(by_id[name] for name in order)) for order in orders if order
    ]


class _Graph:
    """Sets of layers as bits: what may run next, and how many values are live."""

    def __init__(self, network: NetworkSpec) -> None:
        self._network = network
        place = {node.id: number for number, node in enumerate(network.nodes)}
        storage = storages(network, in_place=False)
        self._before = [
            sum(1 << place[name] for name in {*node.inputs} if name in place)
            for node in network.nodes
        ]
        self._sizes: dict[str, int] = {}
        self._makers: dict[str, int] = {}
        self._readers: dict[str, int] = {}
        for name, shape in network.shapes.items():
            self._sizes.setdefault(storage[name], prod(shape))
        for number, node in enumerate(network.nodes):
            if storage[node.id] == node.id:
                self._makers[node.id] = 1 << number
            for name in (*node.inputs, node.id):
                self._readers[storage[name]] = self._readers.get(storage[name], 0) | 1 << number
        self._kept = {storage[name] for name in network.outputs}
        self._storage = storage
        self.start = sum(self._sizes[storage[item.name]] for item in network.inputs)

    def ready(self, done: int) -> list[int]:
        """Layers whose inputs are there."""
        return [
            number
            for number, before in enumerate(self._before)
            if not done >> number & 1 and before & done == before
        ]

    def live(self, done: int) -> int:
        """Values that are live between two layers."""
        return sum(
            size
            for name, size in self._sizes.items()
            if (name not in self._makers or self._makers[name] & done)
            and (name in self._kept or self._readers.get(name, 0) & ~done)
        )

    def running(self, done: int, number: int) -> int:
        """Values that are live while a layer runs."""
        node = self._network.nodes[number]
        fresh = self._sizes[node.id] if self._storage[node.id] == node.id else 0
        inside = OPS.resolve(node.op).workspace(
            node.attributes, self._network.input_shapes(node), node.shape
        )
        return self.live(done) + fresh + inside
