"""The rows of a table nearest to one that is missing, for messages."""

import re
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

COUNT = 3
_NUMBER = re.compile(r"\d+")


def nearest_genes(
    genes: Sequence[int], keys: NDArray[np.int32], count: int = COUNT
) -> list[list[int]]:
    """Rows of `n x v` keys that differ in the fewest genes, then by the least; first ones win."""
    if not len(keys):
        return []
    steps = np.abs(keys - np.array(genes))
    order = np.lexsort((steps.sum(axis=1), (steps > 0).sum(axis=1)))
    return keys[order[:count]].tolist()


def nearest_texts(key: str, known: Collection[str], count: int = COUNT) -> list[str]:
    """Keys of the same form whose numbers are nearest, by the sum of their relative steps."""
    form, wanted = _form(key), _numbers(key)
    alike = sorted(text for text in known if _form(text) == form)
    if not alike:
        return []
    steps = np.abs(np.log1p([_numbers(text) for text in alike]) - np.log1p(wanted))
    order = np.argsort(steps.sum(axis=1), kind="stable")
    return [alike[place] for place in order[:count]]


def _form(text: str) -> str:
    return _NUMBER.sub("#", text)


def _numbers(text: str) -> list[float]:
    return [float(item) for item in _NUMBER.findall(text)]
