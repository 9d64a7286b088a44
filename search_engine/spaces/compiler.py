"""Search-space documents to compiled spaces: the only door to the language."""

from collections.abc import Mapping
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from search_engine.errors import SpaceError
from search_engine.network import Shape
from search_engine.protocols import SearchSpace
from search_engine.spaces import SPACES
from search_engine.spaces.language.compiled import CompiledSpace
from search_engine.spaces.language.document import Document
from search_engine.spaces.language.text import check_data, parse_document
from search_engine.types import Genes

__all__ = ["compile_space", "document_schema", "parse_document", "validate_document"]

PROBES, PROBED_LAYERS = 300, 30_000
MAX_PARAMS, MAX_TENSOR = 10**9, 2**28  # 4 GB of weights, 1 GiB for one tensor of one sample


def compile_space(
    key_or_document: str | Mapping[str, Any],
    *,
    input_shape: Shape | None = None,
    classes: int | None = None,
) -> SearchSpace:
    """A space ready to search: a built-in by key, or a document as plain data.

    Args:
        input_shape, classes: of the task; default are the document's own.

    Raises:
        UnknownKeyError: no built-in space of this key.
        SpaceError: the document, or the input for it, is not valid; `path` says where.
    """
    shape = None if input_shape is None else tuple(input_shape)
    if isinstance(key_or_document, str):
        return _built_in(key_or_document, shape, classes)
    return _compile(key_or_document, shape, classes)


def validate_document(document: Mapping[str, Any]) -> None:
    """Check a document completely, with its default input.

    Raises:
        SpaceError: the first mistake; `path` says where.
    """
    _compile(document, None, None)


def document_schema() -> dict[str, Any]:
    """JSON Schema of documents, for editors."""
    return Document.model_json_schema()


@lru_cache(maxsize=32)
def _built_in(key: str, input_shape: Shape | None, classes: int | None) -> CompiledSpace:
    document: Any = SPACES.resolve(key)
    return _compile(document, input_shape, classes)


def _compile(
    document: Mapping[str, Any], input_shape: Shape | None, classes: int | None
) -> CompiledSpace:
    space = CompiledSpace(check_data(document), input_shape=input_shape, classes=classes)
    _probe(space)
    return space


def _probe(space: CompiledSpace) -> None:
    """Decode extremes, each choice once and random architectures, so that layers that do not
    fit are found now and not in the middle of a search.

    Raises:
        SpaceError: a network cannot be, or is too large for any training here.
    """
    layers = 0
    for genes in _probes(space):
        network = space.decode(genes)
        largest = max(prod(shape) for shape in network.shapes.values())
        if network.params > MAX_PARAMS or largest > MAX_TENSOR:
            raise SpaceError(
                f"Networks may have {MAX_PARAMS:,} parameters and {MAX_TENSOR:,} values in a "
                f"tensor; genes {list(genes)} give {network.params:,} and {largest:,}.",
                "network",
            )
        layers += len(network.nodes)
        if layers > PROBED_LAYERS:
            break


def _probes(space: CompiledSpace) -> list[Genes]:
    last = tuple(count - 1 for count in space.cardinalities)
    probes = [last, tuple(0 for _ in last)]
    rng = np.random.default_rng(0)
    probes += [space.sample(rng) for _ in range(20)]
    for index, count in enumerate(space.cardinalities):
        probes += [(*last[:index], gene, *last[index + 1 :]) for gene in range(count - 1)]
    return probes[:PROBES]
