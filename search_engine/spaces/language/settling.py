"""Many gene tuples at once: checked, inactive ones set to 0, as `GeneSpace.canonical` does one."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from search_engine.errors import SpaceError

if TYPE_CHECKING:
    from search_engine.spaces.language.genes import GeneSpace

Matrix = NDArray[np.int64]


def settled(space: "GeneSpace", genes: object) -> Matrix:
    """Canonical copies of the rows of an `n x variables` matrix.

    Raises:
        SpaceError: not such a matrix, or a row that is not valid or not allowed: says which.
    """
    counts = np.array(space.cardinalities, dtype=np.int64)
    rows = np.asarray(genes)
    if rows.ndim != 2 or rows.shape[1] != len(counts) or rows.dtype.kind not in "iu":
        raise SpaceError(
            f"Genes of many architectures are integers, one row each of {len(counts)}; "
            f"got {rows.dtype} of shape {rows.shape}."
        )
    rows = rows.astype(np.int64, copy=True)
    wrong = ((rows < 0) | (rows >= counts)).any(axis=1)
    if wrong.any():
        _explain(space, rows, int(np.argmax(wrong)))
    active = _active(space, rows)
    broken = _broken(space, rows, active)
    if broken.any():
        _explain(space, rows, int(np.argmax(broken)))
    rows[~active] = 0
    return rows


def _explain(space: "GeneSpace", rows: Matrix, index: int) -> None:
    try:
        space.canonical(tuple(rows[index].tolist()))
    except SpaceError as error:
        reason = str(error).removeprefix(f"{error.path}: ")
        raise SpaceError(f"Row {index}: {reason}", error.path) from error
    raise AssertionError(f"row {index} is refused among many and allowed alone")


def _active(space: "GeneSpace", rows: Matrix) -> NDArray[np.bool_]:
    active = np.ones(rows.shape, dtype=bool)
    known: dict[tuple[int, frozenset[int]], NDArray[np.bool_]] = {}
    for variable, conditions in space.conditions:
        for condition in conditions:
            if condition not in known:
                known[condition] = _among(rows, *condition)
            active[:, variable] &= known[condition]
    return active


def _broken(space: "GeneSpace", rows: Matrix, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    broken = np.zeros(len(rows), dtype=bool)
    for constraint in space.constraints:
        for nogood in constraint.nogoods:
            holds = np.ones(len(rows), dtype=bool)
            for variable, values in nogood:
                holds &= active[:, variable] & _among(rows, variable, values)
            broken |= holds
    return broken


def _among(rows: Matrix, variable: int, values: frozenset[int]) -> NDArray[np.bool_]:
    column = rows[:, variable]
    table = np.zeros(max(int(column.max(initial=0)), *values, 0) + 1, dtype=bool)
    table[list(values)] = True
    return np.asarray(table[column])
