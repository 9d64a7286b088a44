"""A random forest as plain numbers: fitted by scikit-learn, stored as lists, read by NumPy."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError

TREES, LEAF = 40, 2  # trees, and samples in a leaf at least: a forest is stored as text
_FIELDS = ("feature", "threshold", "left", "right", "value")


class Forest:
    """Mean of regression trees (Breiman, Machine Learning 45, 2001). A leaf has no feature (-2)."""

    def __init__(self, trees: list[dict[str, NDArray[Any]]]) -> None:
        self._trees = trees

    @classmethod
    def fit(cls, features: Floats, targets: Floats, seed: int) -> Self:
        """Learn from `m x d` features and `m` targets."""
        from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 - listing stays quick

        model = RandomForestRegressor(
            TREES, min_samples_leaf=LEAF, max_features=0.7, random_state=seed, n_jobs=1
        )
        model.fit(features, targets)
        return cls([_arrays(estimator.tree_) for estimator in model.estimators_])

    def predict(self, features: Floats) -> Floats:
        """`m` values."""
        read = features.astype(np.float32)  # as the trees were grown
        mean: Floats = np.mean([_answers(tree, read) for tree in self._trees], axis=0)
        return mean

    def to_json(self) -> list[dict[str, list[float]]]:
        """Plain data; `from_json` answers the same."""
        return [{name: tree[name].tolist() for name in _FIELDS} for tree in self._trees]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Rebuild. PredictorError if it is no forest."""
        try:
            trees = [_checked(tree) for tree in data]
        except (KeyError, TypeError, ValueError) as error:
            raise PredictorError(f"Not a stored forest: lacks or mistypes {error}.") from error
        return cls(trees)


def _arrays(tree: Any) -> dict[str, NDArray[Any]]:
    return {
        "feature": tree.feature.copy(),
        "threshold": tree.threshold.copy(),
        "left": tree.children_left.copy(),
        "right": tree.children_right.copy(),
        "value": tree.value[:, 0, 0].copy(),
    }


def _checked(tree: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    whole, real = np.int64, np.float64
    types = {"feature": whole, "threshold": real, "left": whole, "right": whole, "value": real}
    arrays = {name: np.asarray(tree[name], dtype=kind) for name, kind in types.items()}
    size, inner = len(arrays["value"]), arrays["feature"] >= 0
    order = np.arange(size)[inner]
    if any(len(array) != size for array in arrays.values()):
        raise ValueError("trees whose lists have one length")
    for side in ("left", "right"):  # children stand after their parent, so every walk ends
        if (arrays[side][inner] <= order).any() or (arrays[side][inner] >= size).any():
            raise ValueError("children that stand after their parent")
    return arrays


def _answers(tree: Mapping[str, NDArray[Any]], features: NDArray[np.float32]) -> Floats:
    """Walk all rows down one tree, a level at a time."""
    at = np.zeros(len(features), dtype=np.int64)
    while len(rows := np.flatnonzero(tree["feature"][at] >= 0)):
        here = at[rows]
        low = features[rows, tree["feature"][here]] <= tree["threshold"][here]
        at[rows] = np.where(low, tree["left"][here], tree["right"][here])
    found: Floats = tree["value"][at]
    return found
