"""Judges the numbers of a table: rows that cannot be right, and tables that look wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from hardware_profiles.tables.blocks import BlockKey
from hardware_profiles.tables.content import (
    NEGATIVE,
    NOT_FINITE,
    OUTLIER,
    ZERO,
    Floats,
    TableContent,
)
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

FREE_CHOICES = frozenset({"skip", "none", "zero", "identity", "skip_connect"})
OUTLIER_SPREADS, OUTLIER_SHARE = 8.0, 0.5
MIN_OUTLIER_ROWS, MAX_COLUMNS, TRIMS = 200, 400, 5
MIN_SERIES, HARDLY, MACS_RATIO, SUSPECT_SERIES = 32, 0.08, 1.4, 0.1
MACS_SAMPLE = 200


def judged(content: TableContent, space: SearchSpace | None = None) -> TableContent:
    """The same table with flags and notes.

    Args:
        space: of the keys, for schemes that have one.
    """
    flags = _row_flags(content, space)
    notes = [*content.notes, *_notes(content, flags, space)]
    return replace(content, flags=flags, notes=tuple(dict.fromkeys(notes)))


def _row_flags(content: TableContent, space: SearchSpace | None) -> NDArray[np.uint8]:
    values = content.values
    flags = np.where(np.isfinite(values), 0, NOT_FINITE).astype(np.uint8)
    if content.relative:
        return flags
    flags[values < 0] |= NEGATIVE
    zero = values == 0
    if content.scheme == "choices" and space is not None:
        zero &= ~_free(content, space)
    flags[zero] |= ZERO
    if content.scheme == "genes":
        flags[outliers(content.keys, values, flags == 0)] |= OUTLIER
    return flags


def _free(content: TableContent, space: SearchSpace) -> NDArray[np.bool_]:
    """Choices that stand for no layer: they may cost nothing."""
    variables = space.variables
    return np.array([str(variables[v].choices[c]) in FREE_CHOICES for v, c in content.keys])


def outliers(genes: NDArray[Any], values: Floats, usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows far above the sum that their choices come to in the rest of the table.

    Only above: a disturbed timing is never too fast, but a runtime that drops dead branches is
    really faster than the sum. Small tables and tables of very many choices are not judged.

    Args:
        genes: `n x v`.
        values: `n`.
        usable: `n`; the others are neither used nor marked.
    """
    columns = _one_hot(genes)
    found = np.zeros(len(values), bool)
    if usable.sum() < max(MIN_OUTLIER_ROWS, 2 * columns.shape[1]) or columns.shape[1] > MAX_COLUMNS:
        return found
    numbers = np.where(usable, values, 0.0)
    whole = columns[usable]
    gram = whole.T @ whole + 1e-6 * np.eye(columns.shape[1])
    kept = usable.copy()
    for _ in range(TRIMS):
        cut = columns[usable & ~kept]
        weights = np.linalg.solve(gram - cut.T @ cut, columns.T @ (numbers * kept))
        above = numbers - columns @ weights
        spread = 1.4826 * np.median(np.abs(above[kept] - np.median(above[kept])))
        trimmed = usable & (np.abs(above) < 6 * spread + 1e-9 * np.median(numbers[kept]))
        if trimmed.sum() < usable.sum() / 2 or np.array_equal(trimmed, kept):
            break
        kept = trimmed
    expected = np.maximum(numbers - above, 0)
    return usable & (above > OUTLIER_SPREADS * spread) & (above > OUTLIER_SHARE * expected)


def _one_hot(genes: NDArray[Any]) -> Floats:
    columns = [np.ones(len(genes))]
    for variable in genes.T:
        columns += [(variable == choice) for choice in np.unique(variable)[1:]]
    return np.column_stack(columns).astype(np.float64)


def _notes(
    content: TableContent, flags: NDArray[np.uint8], space: SearchSpace | None
) -> Iterable[str]:
    values = content.values[flags == 0]
    if len(values) >= 20 and not content.relative and np.array_equal(values, np.round(values)):
        low = float(np.percentile(values, 5))
        yield (
            f"All values are whole {content.unit}: rounding alone is up to "
            f"±{50 / max(low, 0.5):.0f} % of the small ones."
        )
    if text := _unsynchronised(content, flags == 0, space):
        yield text


def _unsynchronised(
    content: TableContent, usable: NDArray[np.bool_], space: SearchSpace | None
) -> str:
    """Why the numbers look like launch times instead of run times, or nothing."""
    if content.metric != "latency_ms" or content.relative:
        return ""
    series = list(_series(content, usable, space))
    flat = sum(hardly_grows(macs, values) for macs, values in series)
    if not series or flat < max(1, SUSPECT_SERIES * len(series)):
        return ""
    what = "The latencies" if content.scheme == "genes" else f"{flat} of {len(series)} series"
    return (
        f"{what} hardly grow with the work (MACs): either starting layers costs more than "
        "computing them, or the timer did not wait for the device (a GPU without "
        "synchronisation). Do not trust their size before you know which."
    )


def hardly_grows(macs: Floats, values: Floats) -> bool:
    """The largest fifth takes within 8 % of the middle fifth although it computes far more."""
    if len(values) < MIN_SERIES:
        return False
    order = np.argsort(macs, kind="stable")
    fifth = len(order) // 5
    top, middle = order[-fifth:], order[2 * fifth : 3 * fifth]
    if np.median(macs[top]) < MACS_RATIO * np.median(macs[middle]):
        return False
    growth = float(np.median(values[top]) / np.median(values[middle]))
    return abs(growth - 1) < HARDLY


def _series(
    content: TableContent, usable: NDArray[np.bool_], space: SearchSpace | None
) -> Iterable[tuple[Floats, Floats]]:
    """Rows that differ in their amount of work only, as MACs and values."""
    if content.scheme == "genes" and space is not None:
        drawn = default_rng(0).permutation(len(content))[:MACS_SAMPLE]
        chosen = drawn[usable[drawn]]
        macs = [_macs(space, tuple(content.keys[index].tolist())) for index in chosen]
        yield np.array(macs, float), content.values[chosen]
    elif content.scheme == "blocks":
        yield from _block_series(content.key_texts, content.values, usable)


@lru_cache(maxsize=4 * MACS_SAMPLE)
def _macs(space: SearchSpace, genes: Genes) -> int:
    """The columns of one file are about the same architectures."""
    return space.decode(genes).macs


def _block_series(
    texts: Sequence[str], values: Floats, usable: NDArray[np.bool_]
) -> Iterable[tuple[Floats, Floats]]:
    groups: dict[BlockKey, list[tuple[int, float]]] = {}
    for index in np.flatnonzero(usable).tolist():
        key = BlockKey.parse(texts[index])
        groups.setdefault(replace(key, mid=0), []).append((key.macs, float(values[index])))
    for rows in groups.values():
        pairs = np.array(rows, float)
        yield pairs[:, 0], pairs[:, 1]
