"""Multi-objective bookkeeping: dominance, crowding, hypervolume, knee; every cost is minimised."""

import math
from bisect import bisect_left, bisect_right

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def non_dominated_mask(costs: ArrayLike) -> NDArray[np.bool_]:
    """Mark the points that no other point beats: no worse in all objectives, better in one.

    Args:
        costs: `n x m`; row = candidate, column = objective, all to be minimised (pass negated
            accuracy). Units may differ per column: only order matters.

    Returns:
        `n` booleans. Equal points do not beat each other; a row that contains NaN is False.

    Raises:
        ValueError: `costs` is not two-dimensional.

    Source: Deb et al., IEEE TEVC 6(2), 2002, section III-A, doi:10.1109/4235.996017

    >>> non_dominated_mask([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])
    array([ True,  True, False])
    """
    points = _matrix(costs)
    mask: NDArray[np.bool_] = np.logical_not(np.isnan(points).any(axis=1))
    if mask.any():
        mask[mask] = moocore.is_nondominated(points[mask], keep_weakly=True)
    return mask


def non_dominated_sort(costs: ArrayLike, violations: ArrayLike | None = None) -> NDArray[np.int64]:
    """Rank points by constrained dominance, 0 = best front.

    Feasible points come first, in fronts of mutually non-dominated points; infeasible points
    follow, ordered by violation alone, so their costs may be NaN.

    Args:
        costs: `n x m`, to be minimised.
        violations: `n`, 0 = feasible; None = all are. NaN counts as infinite, and so does a
            feasible row with a NaN cost.

    Returns:
        `n` ranks without gaps. Equal feasible points share a rank, and so do equal violations.

    Raises:
        ValueError: shapes do not fit.

    Source: Deb et al., IEEE TEVC 6(2), 2002, sections III-A and VI-A, doi:10.1109/4235.996017

    >>> non_dominated_sort([[1, 4], [3, 5], [0, 0], [0, 1]], violations=[0, 0, 1, 0.5])
    array([0, 1, 3, 2])
    """
    points = _matrix(costs)
    over = _violations(points, violations)
    feasible = over == 0
    ranks = np.zeros(len(points), dtype=np.int64)
    if feasible.any():
        ranks[feasible] = moocore.pareto_rank(points[feasible])
    first = ranks[feasible].max(initial=-1) + 1
    ranks[~feasible] = first + np.unique(over[~feasible], return_inverse=True)[1]
    return ranks


def crowding_distance(costs: ArrayLike) -> Floats:
    """How far apart each point's neighbours on its front are; extremes are infinitely far.

    Args:
        costs: `n x m`, the points of one front.

    Returns:
        `n` sums over objectives of the normalised gap between the two neighbours. Of equal points
        the first gets the distance and the others 0; a row that is not finite gets 0.

    Source: Deb et al., IEEE TEVC 6(2), 2002, section III-B, doi:10.1109/4235.996017

    >>> crowding_distance([[1, 5], [2, 3], [4, 2], [5, 1]])
    array([ inf, 1.5 , 1.25,  inf])
    """
    points = _matrix(costs)
    distance = np.zeros(len(points))
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    unique, first = np.unique(points[known], axis=0, return_index=True)
    distance[known[first]] = sum((_gaps(column) for column in unique.T), np.zeros(len(unique)))
    return distance


def hypervolume(costs: ArrayLike, reference: ArrayLike) -> float:
    """Volume dominated by the points and bounded by the reference point.

    Args:
        costs: `n x m`, to be minimised, in any order; dominated points change nothing.
        reference: `m`; a point that is not strictly better in every objective contributes 0.

    Returns:
        The volume in the product of the objectives' units; rows that contain NaN contribute 0.

    Raises:
        ValueError: shapes do not fit or the reference point is not finite.

    >>> hypervolume([[1, 4], [2, 2], [4, 1], [3, 3]], reference=[5, 5])
    11.0
    """
    points, corner = _matrix(costs), _corner(reference)
    if not len(points):
        return 0.0
    if points.shape[1] != len(corner):
        raise ValueError(f"{points.shape[1]} costs per point, but the reference has {len(corner)}.")
    inside = (points < corner).all(axis=1)
    return float(moocore.hypervolume(points[inside], ref=corner)) if inside.any() else 0.0


def normalized_hypervolume(costs: ArrayLike, reference: ArrayLike, ideal: ArrayLike) -> float:
    """Share of the box between the ideal and the reference point that the points dominate.

    Args:
        costs: `n x m`, to be minimised.
        reference: `m`, the worst corner of the box.
        ideal: `m`, the best corner; points beyond it are moved to its faces.

    Returns:
        A number in [0, 1], comparable between problems with different units.

    Raises:
        ValueError: the ideal point is not strictly better than the reference in every objective.
    """
    low, high = _corner(ideal), _corner(reference)
    if low.shape != high.shape or not (low < high).all():
        raise ValueError(f"Ideal point {low} must be below the reference point {high} everywhere.")
    points = _matrix(costs)
    if not len(points):
        return 0.0
    return hypervolume((np.maximum(points, low) - low) / (high - low), np.ones(len(low)))


def reference_point(costs: ArrayLike) -> Floats:
    """Reference point for hypervolumes from a first batch of points: worst + 0.1 (worst - best).

    The margin is additive so that it works for negated metrics. Fix the point before a search
    and keep it: hypervolumes for different reference points cannot be compared.

    Args:
        costs: `n x m`; rows with a value that is not finite are left out.

    Returns:
        `m` values. Where all points agree, the margin is a tenth of the value, or 0.1 at zero.

    Raises:
        ValueError: no row is finite.
    """
    points = _matrix(costs)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise ValueError("A reference point needs at least one row of finite costs, got none.")
    worst = points.max(axis=0)
    spread = worst - points.min(axis=0)
    flat = np.where(worst == 0, 1.0, np.abs(worst))
    return np.asarray(worst + 0.1 * np.where(spread > 0, spread, flat), dtype=np.float64)


def knee(costs: ArrayLike) -> int:
    """Index of the best compromise: the point of the front farthest below the line (plane)
    through its extremes, after the front is scaled to [0, 1] in every objective.

    Args:
        costs: `n x m`; dominated points and rows that contain NaN are passed over.

    Returns:
        A row of `costs`, the first of equals.

    Raises:
        ValueError: there is no row without NaN.

    >>> knee([[0, 10], [1, 2], [10, 0], [11, 11]])
    1
    """
    points = _matrix(costs)
    front = np.flatnonzero(non_dominated_mask(points))
    if not len(front):
        raise ValueError("A knee needs at least one point without NaN, got none.")
    low, high = points[front].min(axis=0), points[front].max(axis=0)
    scaled = (points[front] - low) / np.where(high > low, high - low, 1.0)
    return int(front[scaled.sum(axis=1).argmin()])


class HypervolumeTracker:
    """Hypervolume of a growing set of points, never decreasing.

    With two objectives a point costs a binary search in the sorted front; with more, the volume
    is computed again whenever a point enters the front.

    Args:
        reference: `m` finite values, fixed for the life of the tracker.

    >>> tracker = HypervolumeTracker([5, 5])
    >>> [tracker.add(point) for point in ([3, 3], [1, 4], [4, 1], [2, 2])]
    [4.0, 6.0, 8.0, 11.0]
    """

    def __init__(self, reference: ArrayLike) -> None:
        self._reference = _corner(reference)
        self._first: list[float] = []  # of the front's points, ascending; the second descends
        self._second: list[float] = []
        self._front = np.empty((0, len(self._reference)))
        self._value = 0.0

    @property
    def value(self) -> float:
        """The current hypervolume."""
        return self._value

    def add(self, point: ArrayLike) -> float:
        """Add one point of `m` costs and return the new hypervolume; NaN changes nothing.

        Raises:
            ValueError: the point does not have `m` costs.
        """
        costs = np.asarray(point, dtype=np.float64)
        if costs.shape != self._reference.shape:
            raise ValueError(f"Expected {len(self._reference)} costs, got shape {costs.shape}.")
        if (costs < self._reference).all():
            if len(costs) == 2:
                self._value += self._insert(float(costs[0]), float(costs[1]))
            else:
                self._recompute(costs)
        return self._value

    def _insert(self, x: float, y: float) -> float:
        """Put a point into the two-objective front and return the area it adds."""
        start = bisect_right(self._first, x)
        ceiling = self._second[start - 1] if start else float(self._reference[1])
        if ceiling <= y:
            return 0.0  # the left neighbour is at least as good in both
        left, stop, area = x, bisect_left(self._first, x), 0.0
        start = stop
        while stop < len(self._first) and self._second[stop] >= y:
            area += max(0.0, self._first[stop] - left) * (ceiling - y)
            left, ceiling = max(left, self._first[stop]), self._second[stop]
            stop += 1
        right = self._first[stop] if stop < len(self._first) else float(self._reference[0])
        self._first[start:stop], self._second[start:stop] = [x], [y]
        return area + (right - left) * (ceiling - y)

    def _recompute(self, costs: Floats) -> None:
        if (self._front <= costs).all(axis=1).any():
            return
        kept = self._front[~(costs <= self._front).all(axis=1)]
        self._front = np.vstack((kept, costs))
        self._value = max(self._value, hypervolume(self._front, self._reference))


class ParetoFront:
    """The non-dominated points of a growing set: tells whether a new point belongs to it.

    >>> front = ParetoFront(2)
    >>> [front.add(point) for point in ([2, 2], [3, 3], [2, 2], [1, 4])]
    [True, False, True, True]
    """

    def __init__(self, objectives: int) -> None:
        self.points = np.empty((0, objectives))

    def add(self, point: ArrayLike) -> bool:
        """Add `m` costs; True if no earlier point beats it. A point with NaN is not added."""
        costs = np.asarray(point, dtype=np.float64)
        no_worse = (self.points <= costs).all(axis=1)
        if np.isnan(costs).any() or (no_worse & (self.points < costs).any(axis=1)).any():
            return False
        if not no_worse.any():  # an equal point on the front has cleared the way already
            kept = self.points[~(costs <= self.points).all(axis=1)]
            self.points = np.vstack((kept, costs))
        return True


def _matrix(costs: ArrayLike) -> Floats:
    points = np.asarray(costs, dtype=np.float64)
    if points.shape == (0,):
        return points.reshape(0, 0)
    if points.ndim != 2:
        raise ValueError(f"Costs must be an n x m array, got shape {points.shape}.")
    return points


def _corner(point: ArrayLike) -> Floats:
    corner = np.asarray(point, dtype=np.float64)
    if corner.ndim != 1 or not len(corner) or not np.isfinite(corner).all():
        raise ValueError(f"A reference point needs one finite value per objective, got {point!r}.")
    return corner


def _violations(points: Floats, violations: ArrayLike | None) -> Floats:
    given = np.zeros(len(points)) if violations is None else np.asarray(violations, np.float64)
    if given.shape != (len(points),):
        raise ValueError(f"{len(points)} points need as many violations, got shape {given.shape}.")
    over = np.where(np.isnan(given), math.inf, np.maximum(given, 0.0))
    over[(over == 0) & np.isnan(points).any(axis=1)] = math.inf
    return over


def _gaps(column: Floats) -> Floats:
    """Normalised distance between both neighbours of each value; infinite at the extremes, and
    0 throughout a column in which more than two points agree."""
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    gaps = np.full(len(column), math.inf)
    if len(column) > 2:
        spread = ordered[-1] - ordered[0]
        gaps[order[1:-1]] = (ordered[2:] - ordered[:-2]) / spread if spread > 0 else 0.0
        gaps[order[[0, -1]]] = math.inf if spread > 0 else 0.0
    return gaps
