"""What trees read of a network beyond sums: paths, depth, and the decisions it was made by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search_engine.costs.predictors.features import UnitCounts, family, unit_features
from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError, SpaceError
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.spaces.features import OneHot, PathEncoding

MAX_PATH_COLUMNS = 400


@dataclass(frozen=True)
class Structure:
    """Reads networks of one kind: those of a space, or any.

    Attributes:
        families: of units that the fitting networks hold.
        space: where genes come from; None = genes are not read.
    """

    families: tuple[str, ...]
    space: SearchSpace | None = None

    @classmethod
    def of(cls, counts: UnitCounts, space: SearchSpace | None) -> "Structure":
        """Fitting to these networks."""
        return cls(tuple(sorted({family(unit) for unit in counts.units})), space)

    def rows(self, counts: UnitCounts, genes: Floats | None) -> Floats:
        """`n x columns`: sums per family, longest and heaviest path, work per step of it, genes.

        Args:
            genes: what `genes_of` gives for the same networks.

        Raises:
            PredictorError: a unit of a family that no fitting network held.
        """
        sums = counts.counts @ unit_features(counts.units, self.families)
        steps, work = counts.longest.T
        totals = sums.reshape(len(sums), -1, 4).sum(axis=1)
        shape = [steps, work, totals[:, 0] - steps, totals[:, 1] - work]
        parts = [sums, np.column_stack(shape)]
        return np.hstack(parts if genes is None else [*parts, genes])

    def genes_of(self, networks: Sequence[NetworkSpec]) -> Floats | None:
        """One-hot genes and, of cells, the paths through them; None without a space.

        Raises:
            PredictorError: a network is not of the space.
        """
        if self.space is None:
            return None
        strange = [n.space for n in networks if n.space != self.space.key]
        if strange:
            raise PredictorError(
                f"This predictor reads genes of {self.space.key}, got a network of "
                f"{strange[0] or 'no space'}. Fit one without a space, or use ridge or kernel."
            )
        genes = np.array([network.genes for network in networks], dtype=np.int64)
        parts = [OneHot(self.space)(genes)]
        try:
            paths = PathEncoding(self.space)
            if len(paths.columns) <= MAX_PATH_COLUMNS:
                parts.append(paths(genes))
        except SpaceError:
            pass  # no cells: nothing but the decisions
        return np.hstack(parts).astype(np.float64)
