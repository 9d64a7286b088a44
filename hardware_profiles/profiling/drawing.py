"""Which networks of a space a profiling run measures: kept apart, spread out, doubtful."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache

from numpy.random import Generator

from hardware_profiles.profile_models import Profile
from search_engine.loading import load_space
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

_TRIES = 30


def space_of(profile: Profile) -> SearchSpace:
    """The space as it was when the run began, compiled for its images and classes."""
    shape = tuple(profile.input_shape)
    return _compiled(profile.space_document, shape, profile.classes)


@lru_cache(maxsize=8)
def _compiled(text: str, shape: tuple[int, int, int], classes: int) -> SearchSpace:
    return load_space(json.loads(text), input_shape=shape, classes=classes)


def uniform(
    space: SearchSpace, count: int, rng: Generator, taken: Iterable[str] = ()
) -> list[Genes]:
    """Different architectures drawn uniformly; fewer where the space has no more.

    Args:
        taken: hashes of architectures to leave out.
    """
    seen, found = set(taken), list[Genes]()
    for genes in _draws(space, count * _TRIES, rng):
        digest = space.decode(genes).digest
        if digest not in seen:
            seen.add(digest)
            found.append(genes)
        if len(found) == count:
            break
    return found


def _draws(space: SearchSpace, most: int, rng: Generator) -> Iterator[Genes]:
    while most > 0:
        for row in space.sample_many(rng, min(most, 256)).tolist():
            yield tuple(row)
        most -= 256
