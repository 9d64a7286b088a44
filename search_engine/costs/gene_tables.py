"""Predictions for millions of gene tuples: sums over execution units by the pieces of a space."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.protocol import Floats, Predictor, Summed
from search_engine.costs.seams import END, START, Seams
from search_engine.costs.units import units_of
from search_engine.errors import PredictorError
from search_engine.protocols import SearchSpace
from search_engine.spaces.language.compiled import CompiledSpace
from search_engine.spaces.language.pieces import Piece
from search_engine.types import Genes

CHUNK = 65_536
MAX_ENTRIES = 400_000
PROBES = 24
LARGEST_CODE = 2**40
Ints = NDArray[np.int64]


class GeneTables:
    """Predicts from genes what `predictor.predict` gives for the decoded networks, to the bit.

    A space is cut into pieces that read only what the piece before them leaves. What a piece adds
    to the sums depends on its own decisions and on the *seam* before it: the shape that arrives
    and what the runtime could still fuse with or has done with that tensor. Each (piece, seam,
    decisions) is worked out once, when it is first met; the rest is looking up. Where a piece
    makes layers before it superfluous, rows are decoded.

    Everything is decoded for predictors that are no sums over units, for spaces that are not cut
    (one cell with all decisions) and where random draws show a difference; `slow` says why.

    Attributes:
        slow: empty, or the reason for which every network is decoded.
    """

    def __init__(self, space: SearchSpace, predictor: Predictor) -> None:
        self.space = space
        self._predictor = predictor
        self._tables: dict[str, _Table] = {}
        self.slow = self._obstacle()
        if not self.slow:
            self._start()
            self.slow = self._difference()

    def predict(self, genes: object) -> Floats:
        """`n x variables` gene indices, canonical or not, to `n` predictions.

        Raises:
            SpaceError: genes that are not valid or not allowed; says which row.
            PredictorError: the predictor knows nothing of a unit.
        """
        rows = _settled(self.space, genes)
        if self.slow:
            return self._decoded(rows)
        parts = [self._chunk(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    @property
    def entries(self) -> int:
        """How many entries have been worked out and are kept."""
        return sum(len(table.following) for table in self._tables.values())

    def _obstacle(self) -> str:
        if not isinstance(self._predictor, Summed):
            return "The predictor is no sum over execution units."
        if not isinstance(self.space, CompiledSpace):
            return "The space was not compiled from a document."
        for piece in self.space.pieces:
            if _codes(self.space, piece)[1] > LARGEST_CODE:
                return "A piece of the space is shaped by too many decisions to be tabulated."
        return ""

    def _start(self) -> None:
        assert isinstance(self._predictor, Summed)
        assert isinstance(self.space, CompiledSpace)
        self._seams = Seams(self._predictor, self.space.input_shape, self._width())
        self._tables = {}
        self.steps = tuple(
            Step(
                piece, *_codes(self.space, piece), self._tables.setdefault(piece.likeness, _Table())
            )
            for piece in self.space.pieces
        )

    def _width(self) -> int:
        """Columns of the predictor's rows."""
        assert isinstance(self._predictor, Summed)
        rng = np.random.default_rng(0)
        for _ in range(PROBES):
            network = self.space.decode(self.space.sample(rng))
            if units := units_of(network, self._predictor.rules):
                return int(self._predictor.unit_rows(units).shape[1])
        raise PredictorError("The runtime runs no layer of any network of this space.")

    def _difference(self) -> str:
        rng = np.random.default_rng(0)
        rows = np.array([self.space.sample(rng) for _ in range(PROBES)], dtype=np.int64)
        if np.array_equal(self._chunk(rows), self._decoded(rows)):
            return ""
        return "Cutting this space into pieces changes what its networks take."

    def _decoded(self, rows: Ints) -> Floats:
        networks = [self.space.decode(tuple(row)) for row in rows.tolist()]
        return self._predictor.predict(networks) if networks else np.zeros(0)

    def _chunk(self, rows: Ints) -> Floats:
        assert isinstance(self._predictor, Summed)
        if self.entries > MAX_ENTRIES:
            self._start()
        total, seams = self._walk(rows)
        predictions = self._predictor.from_sums(total)
        cut = seams == END
        if cut.any():
            predictions[cut] = self._decoded(rows[cut])
        return predictions

    def sums(self, rows: Ints) -> Floats:
        """`n x k` sums over the units of canonical rows. PredictorError where there are none."""
        total, seams = self._walk(rows)
        if (seams == END).any():
            raise PredictorError("Some choices make layers before them superfluous.")
        return total

    def _walk(self, rows: Ints) -> tuple[Floats, Ints]:
        seams = np.full(len(rows), START, dtype=np.int64)
        total = np.zeros((len(rows), len(self._seams.nothing)))
        for number in range(len(self.steps)):
            added, seams = self.step(number, rows, seams)
            total += added
        distinct, inverse = np.unique(seams, return_inverse=True)
        return total + np.stack([self.ending(seam) for seam in distinct.tolist()])[inverse], seams

    def step(self, number: int, rows: Ints, seams: Ints) -> tuple[Floats, Ints]:
        """What one piece adds for rows that arrive at these seams, and the seams behind it."""
        step = self.steps[number]
        there = _present(step.piece, rows)
        mine, before = rows[there], seams[there]
        added = np.zeros((len(rows), len(self._seams.nothing)))
        after = seams.copy()
        if len(mine):
            keys = before * step.codes + mine[:, step.piece.variables] @ step.factors
            found = self._entries(step.table, step.piece, keys, mine, before)
            values, following = step.table.arrays()
            added[there], after[there] = values[found], following[found]
        return added, after

    def ending(self, seam: int) -> Floats:
        """What is still added where the network ends at a seam."""
        return self._seams.ending(seam)

    def _entries(self, table: "_Table", piece: Piece, keys: Ints, rows: Ints, before: Ints) -> Ints:
        """Place in the table for each row; what is missing is worked out."""
        distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        places = np.empty(len(distinct), dtype=np.int64)
        for number, (key, row) in enumerate(zip(distinct.tolist(), first.tolist(), strict=True)):
            place = table.places.get(key)
            if place is None:
                made = self._made(piece, tuple(rows[row].tolist()), int(before[row]))
                place = table.add(key, *made)
            places[number] = place
        return places[inverse]

    def _made(self, piece: Piece, genes: Genes, seam: int) -> tuple[Floats, int]:
        assert isinstance(self.space, CompiledSpace)
        if seam == END:
            return self._seams.nothing, END
        return self._seams.through(piece.part, genes, self.space.active(genes), seam)


@dataclass(frozen=True, slots=True)
class Step:
    """A piece with its table.

    Attributes:
        factors: turn the genes of its variables into one number below `codes`.
    """

    piece: Piece
    factors: Ints
    codes: int
    table: "_Table"

    @property
    def needs(self) -> tuple[int, ...]:
        """Variables that decide whether it is there and what it is."""
        return tuple(sorted({*self.piece.variables, *(v for v, _ in self.piece.present)}))


class _Table:
    """Entries of alike pieces: what they add, and the seam behind them."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}
        self.added: list[Floats] = []
        self.following: list[int] = []
        self._arrays: tuple[Floats, Ints] | None = None

    def add(self, key: int, added: Floats, after: int) -> int:
        self.places[key] = len(self.following)
        self.added.append(added)
        self.following.append(after)
        self._arrays = None
        return len(self.following) - 1

    def arrays(self) -> tuple[Floats, Ints]:
        if self._arrays is None:
            self._arrays = np.stack(self.added), np.array(self.following, dtype=np.int64)
        return self._arrays


def _codes(space: SearchSpace, piece: Piece) -> tuple[Ints, int]:
    """Factors that turn the genes of a piece into one number, and how many numbers there are."""
    counts = [space.cardinalities[index] for index in piece.variables]
    factors = [prod(counts[place + 1 :]) for place in range(len(counts))]
    total = prod(counts)
    return np.array(factors if total <= LARGEST_CODE else [], dtype=np.int64), total


def _present(piece: Piece, rows: Ints) -> Any:
    """Which rows have the piece: an index."""
    if not piece.present:
        return slice(None)
    there = np.ones(len(rows), dtype=bool)
    for variable, genes in piece.present:
        there &= np.isin(rows[:, variable], list(genes))
    return np.flatnonzero(there)


def _settled(space: SearchSpace, genes: object) -> Ints:
    if isinstance(space, CompiledSpace):
        return space.canonical_many(genes)
    rows = [space.canonical(tuple(row)) for row in np.asarray(genes).tolist()]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(space.variables))
