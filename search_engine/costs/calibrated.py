"""A fitted predictor whose device became faster or slower: a line through its predictions."""

from collections.abc import Sequence

import numpy as np

from search_engine.costs.predictors.protocol import Floats, Predictor, Summed
from search_engine.costs.units import RuntimeRules, Unit
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec
from search_engine.types import Origin

_FEWEST = 4
_LEAST = 1e-3  # of the base's prediction: a line with an offset may cross zero


class Calibrated:
    """`slope * base + offset`, kept positive. A `Summed` base stays one: see `calibrated`.

    Args:
        base: fitted.
        slope: above 0, so that the order of networks stays.
        offset: in the unit of the base's predictions.
    """

    def __init__(self, base: Predictor, slope: float, offset: float) -> None:
        if not (np.isfinite([slope, offset]).all() and slope > 0):
            raise PredictorError(f"A calibration needs a slope above 0, got {slope:g}, {offset:g}.")
        self.base, self.slope, self.offset = base, float(slope), float(offset)

    @property
    def origin(self) -> Origin:
        """As the base's."""
        return self.base.origin

    def predict(self, networks: Sequence[NetworkSpec]) -> Floats:
        """The base's predictions on the line."""
        return self._on_line(self.base.predict(networks))

    def _on_line(self, values: Floats) -> Floats:
        return np.maximum(self.slope * values + self.offset, _LEAST * values)


class CalibratedSums(Calibrated):
    """The same for a base that is a function of sums, which tables over a space answer fast."""

    @property
    def rules(self) -> RuntimeRules:
        """As the base's."""
        return self._summed.rules

    def unit_rows(self, units: Sequence[Unit]) -> Floats:
        """As the base's."""
        return self._summed.unit_rows(units)

    def from_sums(self, sums: Floats) -> Floats:
        """The base's predictions on the line."""
        return self._on_line(self._summed.from_sums(sums))

    @property
    def _summed(self) -> Summed:
        assert isinstance(self.base, Summed)
        return self.base


def calibrated(base: Predictor, slope: float, offset: float) -> Calibrated:
    """Put a predictor on a line. PredictorError: the line falls, or is no line."""
    kind = CalibratedSums if isinstance(base, Summed) else Calibrated
    return kind(base, slope, offset)


def line_through(predicted: Floats, measured: Floats) -> tuple[float, float]:
    """Slope and offset that bring predictions closest to measurements, in relative error.

    Weighted least squares with weights 1/measured². Where a line would fall, or too few networks
    say where it lies, only a factor is fitted: the median ratio.

    Args:
        predicted, measured: `n` positive values each, same order and unit.
    """
    factor = float(np.median(measured / predicted))
    if len(measured) < _FEWEST:
        return factor, 0.0
    matrix = np.stack([predicted / measured, 1 / measured], axis=1)
    (slope, offset), *_ = np.linalg.lstsq(matrix, np.ones(len(measured)), rcond=None)
    smallest = float(slope * predicted.min() + offset)
    return (float(slope), float(offset)) if slope > 0 < smallest else (factor, 0.0)
