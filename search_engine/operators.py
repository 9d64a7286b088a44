"""Moves on genes that work in every search space; none of them decodes a network."""

from collections.abc import Iterator

from numpy.random import Generator

from search_engine.errors import SpaceError
from search_engine.protocols import SearchSpace
from search_engine.types import Genes


def mutate_one_gene(genes: Genes, space: SearchSpace, rng: Generator) -> Genes:
    """Change exactly one active gene to another value, both drawn uniformly.

    Genes that become active by the change are drawn uniformly, genes that become inactive are 0.

    Args:
        genes: canonical.

    Returns:
        Canonical genes that differ from `genes`.

    Raises:
        SpaceError: no active variable has a second choice.
    """
    active = space.active(genes)
    free = [i for i, count in enumerate(space.cardinalities) if active[i] and count > 1]
    if not free:
        raise SpaceError("Nothing can be mutated: no active variable has a second choice.")
    child = _with_random_inactive(genes, active, space, rng)
    place = free[rng.integers(len(free))]
    child[place] = _other_value(genes[place], space.cardinalities[place], rng)
    return space.canonical(tuple(child))


def random_reset(genes: Genes, space: SearchSpace, rng: Generator, expected: float = 1.0) -> Genes:
    """Change every active gene to another value with the same probability, independently.

    Args:
        genes: canonical.
        expected: number of changes to expect, so that the probability per gene is
            `expected` / number of active genes that have a second choice, at most 1.

    Returns:
        Canonical genes, possibly unchanged.
    """
    active, counts = space.active(genes), space.cardinalities
    free = [i for i, count in enumerate(counts) if active[i] and count > 1]
    rate = expected / max(1, len(free))
    hits = [i for i, draw in zip(free, rng.random(len(free)), strict=True) if draw < rate]
    if not hits:
        return genes
    child = _with_random_inactive(genes, active, space, rng)
    for place in hits:
        child[place] = _other_value(genes[place], counts[place], rng)
    return space.canonical(tuple(child))


def uniform_crossover(a: Genes, b: Genes, space: SearchSpace, rng: Generator) -> Genes:
    """Take every gene from one of two parents, each with probability one half.

    A gene that matters in one parent only is taken from that parent; one that matters in neither
    but becomes active in the child is drawn uniformly.

    Args:
        a, b: canonical.

    Returns:
        Canonical genes, possibly equal to a parent.
    """
    in_a, in_b = space.active(a), space.active(b)
    child: list[int] = []
    for i, coin in enumerate(rng.random(len(a)).tolist()):
        if in_a[i] or in_b[i]:
            from_a = in_a[i] and (coin < 0.5 or not in_b[i])
            child.append(a[i] if from_a else b[i])
        else:
            child.append(int(coin * space.cardinalities[i]))
    return space.canonical(tuple(child))


def neighbours(genes: Genes, space: SearchSpace) -> Iterator[Genes]:
    """All genes one step away: one active gene changed to another value, in a fixed order.

    Genes that become active by the step take their first choice.

    Args:
        genes: canonical.
    """
    for place, (active, count) in enumerate(
        zip(space.active(genes), space.cardinalities, strict=True)
    ):
        for value in range(count if active else 0):
            if value != genes[place]:
                yield space.canonical((*genes[:place], value, *genes[place + 1 :]))


def all_genes(space: SearchSpace) -> Iterator[Genes]:
    """Every canonical tuple of the space, in lexicographic order."""
    counts = space.cardinalities
    genes = (0,) * len(counts)
    while True:
        yield genes
        active = space.active(genes)
        place = len(genes) - 1
        while place >= 0 and not (active[place] and genes[place] + 1 < counts[place]):
            place -= 1
        if place < 0:
            return
        genes = (*genes[:place], genes[place] + 1, *(0,) * (len(genes) - place - 1))


def _other_value(value: int, count: int, rng: Generator) -> int:
    draw = int(rng.integers(count - 1))
    return draw + (draw >= value)


def _with_random_inactive(
    genes: Genes, active: tuple[bool, ...], space: SearchSpace, rng: Generator
) -> list[int]:
    """Fill inactive places, so that whatever a change activates is already drawn uniformly."""
    if all(active):
        return list(genes)
    coins = rng.random(len(genes)).tolist()
    places = zip(genes, active, coins, space.cardinalities, strict=True)
    return [gene if on else int(coin * count) for gene, on, coin, count in places]
