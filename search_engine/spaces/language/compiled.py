"""`CompiledSpace`: finite conditional variables and the networks they stand for."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from search_engine.errors import SpaceError
from search_engine.network import InputSpec, NetworkSpec, Shape
from search_engine.spaces.language.compile import compile_part, declare
from search_engine.spaces.language.constraints import compile_constraints
from search_engine.spaces.language.document import Document
from search_engine.spaces.language.emission import Emission
from search_engine.spaces.language.genes import GeneSpace
from search_engine.spaces.language.identity import Graph, Identity
from search_engine.spaces.language.pieces import Piece, pieces_of
from search_engine.spaces.language.recipe import compile_recipe, decoded_recipe
from search_engine.spaces.language.scope import Scope, Table
from search_engine.spaces.language.text import checksum
from search_engine.types import Genes

INPUT = "input"
STEPS_OF_A_LAYER = 8


class CompiledSpace(GeneSpace):
    """A document made ready for one input shape and number of classes.

    Two canonical gene tuples are two sets of decisions; they may still stand for equal networks
    (`NetworkSpec.digest`), for example where different edges of a cell end up doing the same.

    Args:
        data: plain data of the document, already within the limits of `text.check_data`.

    Attributes:
        work: what all decoding took so far, in layers.

    Raises:
        SpaceError: the document is not valid; `path` says where.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        input_shape: Shape | None = None,
        classes: int | None = None,
    ) -> None:
        document = Document.parse(dict(data))
        self.document: Mapping[str, Any] = MappingProxyType(dict(data))
        self.key, self.version = document.name, document.version
        self.label = document.label or document.name
        self.checksum = checksum(data)
        self.input_shape = _input_shape(document, input_shape)
        self.classes = _classes(document, classes)
        self.work = 0
        table = Table(document, self.input_shape, self.classes)
        scope = _root_scope(table)
        self._root = compile_part(document.network, scope._replace(path="network"))
        self._recipe = compile_recipe(document.recipe, scope)
        self._inputs = (InputSpec(INPUT, self.input_shape),)
        constraints = compile_constraints(document.constraints, table.by_name)
        nogoods = (nogood for item in constraints for nogood in item.nogoods)
        named = {variable for nogood in nogoods for variable, _ in nogood}
        recipe = {variable for value in self._recipe.values() for variable in value.variables}
        table.check_used({*self._root.variables, *recipe, *named})
        super().__init__(table.declared, constraints)
        self._checks = sum(map(len, self._conditions)) // 4 + len(self._conditions)
        self._identity = Identity(self.checksum, table.cells, self._numbering)

    def decode(self, genes: Genes) -> NetworkSpec:
        """The network of (not necessarily canonical) genes.

        Raises:
            SpaceError: the genes are not valid or not allowed, or the layers do not fit the input.
        """
        out = Emission(*self._settled(genes))
        result, _ = self._root.emit(out, (INPUT, self.input_shape))
        self.work += len(out.nodes) + (out.steps + self._checks) // STEPS_OF_A_LAYER
        if not out.nodes:
            raise SpaceError("These decisions leave no layer at all.", "network")
        return NetworkSpec(
            self._inputs,
            tuple(out.nodes),
            (result,),
            tuple(out.blocks),
            self.key,
            out.genes,
            decoded_recipe(self._recipe, out.genes) if self._recipe else {},
        )

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The network as a row of parts, each reading only what the one before it leaves."""
        return tuple(pieces_of(self._root, self.cardinalities))

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """Its cells, each known by the decisions that it alone is made of."""
        return self._identity.graphs

    def canonical_hash(self, genes: Genes) -> str:
        """Equal for genes that stand for one architecture: cells that are the same graph count as
        one, every other decision as it is. SpaceError when the genes are not allowed."""
        return self._identity.hash(self.canonical(genes))

    def distinct(self) -> int | None:
        """How many canonical hashes there are; None where cells have too many to list them."""
        return self._distinct

    @cached_property
    def _distinct(self) -> int | None:
        return self._identity.distinct()


def _root_scope(table: Table) -> Scope:
    return declare("variables", table.document.variables, Scope(table))


def _input_shape(document: Document, wanted: Shape | None) -> Shape:
    limits = document.input
    shape = tuple(wanted if wanted is not None else limits.shape)
    if len(shape) != 3 or any(type(side) is not int or side < 1 for side in shape):
        raise SpaceError(f"An input is (channels, height, width), got {shape}.", "input.shape")
    if limits.channels and shape[0] not in limits.channels:
        raise SpaceError(
            f"This space reads {' or '.join(map(str, limits.channels))} channels, got {shape[0]}.",
            "input.channels",
        )
    if not limits.min_side <= min(shape[1:]) <= max(shape[1:]) <= limits.max_side:
        raise SpaceError(
            f"This space reads maps of {limits.min_side} to {limits.max_side} pixels a side, "
            f"got {shape[1]}×{shape[2]}.",
            "input.shape",
        )
    return shape


def _classes(document: Document, wanted: int | None) -> int:
    classes = document.classes if wanted is None else wanted
    if type(classes) is not int or not 1 <= classes <= 65_536:
        raise SpaceError(f"A number of classes is 1 to 65,536, got {classes!r:.80}.", "classes")
    return classes
