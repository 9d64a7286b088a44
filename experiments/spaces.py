"""Search spaces by key, and their architectures as the API and the pages show them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from experiments.engine import analytic_metrics
from search_engine.loading import load_dataset, load_space
from search_engine.protocols import SearchSpace
from search_engine.spaces import SPACES
from search_engine.spaces.compiler import compile_space, parse_document
from search_engine.types import Genes


def space_for(key: str, dataset: str | None = None) -> SearchSpace:
    """A built-in space, for a data set's images and classes if one is named; compiled once.

    Raises:
        UnknownKeyError: no such space or data set.
        SpaceError: the space cannot take these images.
    """
    if dataset is None:
        return load_space(key)
    data = load_dataset(dataset)
    channels, height, width = data.input_shape
    return load_space(key, input_shape=(channels, height, width), classes=data.classes)


def space_row(key: str) -> dict[str, Any]:
    """What a list of spaces shows. Size is text, because it can exceed 2^53."""
    entry, space = SPACES.entry(key), space_for(key)
    return {
        "slug": key,
        "key": key,
        "name": entry.label,
        "label": entry.label,
        "summary": entry.summary,
        "source": entry.source,
        "needs": list(entry.needs),
        "version": space.version,
        "checksum": space.checksum,
        "size": str(space.size),
        "n_variables": len(space.variables),
        "input_shape": list(space.input_shape),
        "classes": space.classes,
    }


def space_detail(key: str) -> dict[str, Any]:
    """A space with its variables and its document."""
    space = space_for(key)
    return space_row(key) | {"variables": _variables(space), "document": space.document}


def _variables(space: SearchSpace) -> list[dict[str, Any]]:
    return [
        {
            "name": variable.name,
            "choices": list(variable.choices),
            "active_if": {name: list(values) for name, values in variable.active_if},
        }
        for variable in space.variables
    ]


def checked_document(document: str | Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a space that somebody wrote, as plain data or as YAML text.

    Raises:
        SpaceError: its first mistake; `path` says where.
    """
    data = parse_document(document) if isinstance(document, str) else document
    space = compile_space(data)
    return {
        "valid": True,
        "size": str(space.size),
        "checksum": space.checksum,
        "variables": _variables(space),
    }


def architecture(space: SearchSpace, genes: Genes) -> dict[str, Any]:
    """One architecture: canonical genes, hash, choices, network and what follows from it.

    Raises:
        SpaceError: the genes do not belong to the space.
    """
    canonical = space.canonical(genes)
    network = space.decode(canonical)
    return {
        "genes": list(canonical),
        "hash": network.digest,
        "choices": space.choices(canonical),
        "network": network.to_json(),
        "costs": analytic_metrics(network),
    }


def draw(space: SearchSpace, n: int, seed: int) -> list[dict[str, Any]]:
    """`n` architectures, uniform and independent (so one may come twice in a small space)."""
    rng = np.random.default_rng(seed)
    return [architecture(space, space.sample(rng)) for _ in range(n)]
