"""Boosted regression trees as plain arrays: grown by scikit-learn, stored and run without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError

Ints = NDArray[np.int64]
_CHUNK = 4096


@dataclass(frozen=True)
class Trees:
    """A sum of trees; nodes of all trees stand in one row of arrays.

    Attributes:
        start: what is predicted before the first tree.
        roots: first node of each tree.
        feature: column a node asks for; -1 in a leaf.
        threshold: left is less or equal.
        left, right: nodes; a leaf points at itself.
        value: of a leaf, learning rate included.
        depth: decisions on the longest way to a leaf.
    """

    start: float
    roots: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    value: Floats
    depth: int

    @classmethod
    def grown(
        cls, rows: Floats, target: Floats, trees: int, *, depth: int, learning_rate: float
    ) -> Self:
        """Boost squared error; half of the rows and a third of the columns per tree, seeded."""
        start = float(target.mean())
        if trees == 0 or np.ptp(target) == 0:
            none = np.zeros(0, np.int64)
            return cls(start, none, none, np.zeros(0), none, none, np.zeros(0), 0)
        from sklearn.ensemble import GradientBoostingRegressor  # noqa: PLC0415 - a second to load

        model = GradientBoostingRegressor(
            n_estimators=trees,
            learning_rate=learning_rate,
            max_depth=depth,
            min_samples_leaf=3,
            subsample=0.5,
            max_features=0.33,
            random_state=0,
        ).fit(rows.astype(np.float32), target)
        parts = [tree.tree_ for tree in model.estimators_[:, 0]]
        sizes = np.array([part.node_count for part in parts])
        roots = np.cumsum(sizes) - sizes
        feature = np.concatenate([part.feature for part in parts]).astype(np.int64)
        itself = np.arange(len(feature))
        leaf = feature < 0
        pairs = zip(parts, roots, strict=True)
        both = [(p.children_left + r, p.children_right + r) for p, r in pairs]
        left, right = (np.concatenate(side) for side in zip(*both, strict=True))
        value = np.concatenate([part.value[:, 0, 0] for part in parts]) * learning_rate
        return cls(
            start,
            roots,
            np.where(leaf, -1, feature),
            np.concatenate([part.threshold for part in parts]),
            np.where(leaf, itself, left),
            np.where(leaf, itself, right),
            np.where(leaf, value, 0.0),
            max(part.max_depth for part in parts),
        )

    def predict(self, rows: Floats) -> Floats:
        """`n` sums over all trees."""
        parts = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
        found = [self.start + self._leaves(part).sum(axis=1) for part in parts]
        return np.concatenate(found) if found else np.zeros(0)

    def staged(self, rows: Floats) -> Floats:
        """`trees + 1 x n`: after none, one, two ... trees."""
        zero = np.zeros((len(rows), 1))
        return self.start + np.cumsum(np.hstack([zero, self._leaves(rows)]), axis=1).T

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives equal trees back."""
        names = ("roots", "feature", "threshold", "left", "right", "value")
        arrays = {name: getattr(self, name).tolist() for name in names}
        return {"start": self.start, "depth": self.depth, **arrays}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild. PredictorError if nodes point outside or lead on without end."""
        whole = {name: np.asarray(data[name], np.int64) for name in _WHOLE}
        real = {name: np.asarray(data[name], float) for name in ("threshold", "value")}
        depth, count = int(data["depth"]), len(real["value"])
        sizes = {len(values) for name, values in {**whole, **real}.items() if name != "roots"}
        inside = all(
            ((whole[name] >= 0) & (whole[name] < count)).all()
            for name in ("roots", "left", "right")
        )
        if len(sizes) != 1 or not inside or not 0 <= depth <= 64:
            raise PredictorError("These are no trees: their nodes point outside of their arrays.")
        return cls(
            float(data["start"]),
            whole["roots"],
            whole["feature"],
            real["threshold"],
            whole["left"],
            whole["right"],
            real["value"],
            depth,
        )

    def _leaves(self, rows: Floats) -> Floats:
        """`n x trees` values of the leaves reached."""
        rows = rows.astype(np.float32)
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots))).copy()
        each = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[each, self.feature[at]] <= self.threshold[at]
            at = np.where(goes_left, self.left[at], self.right[at])
        found: Floats = self.value[at]
        return found


_WHOLE = ("roots", "feature", "left", "right")
