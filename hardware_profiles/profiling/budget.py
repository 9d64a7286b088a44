"""How much a profiling run may measure, and how its time is shared out."""

from typing import Literal

from pydantic import Field, StrictFloat, StrictInt

from search_engine.config import Config

Purpose = Literal["profile", "check", "recalibrate"]

MOST_NETWORKS = 5000
MOST_SECONDS = 24 * 3600
FEWEST_TEST, FEWEST_FIT = 8, 12
"""Measured however little time there is: below these, figures and fits mean nothing."""

_MOST_TEST = 60
_TEST_SHARE, _MEASURE_SHARE, _FLOOR_SHARE = 0.3, 0.85, 0.05
_REMEASURED = 12


class Budget(Config):
    """When a profiling run stops measuring: whichever comes first."""

    purpose: Purpose = Field(
        "profile",
        description="`profile` fits models; `check` measures a dozen stored networks again, to "
        "notice drift; `recalibrate` also puts the current model on a new line.",
    )
    networks: StrictInt = Field(
        240,
        ge=FEWEST_TEST + FEWEST_FIT,
        le=MOST_NETWORKS,
        description="Networks in all, those kept apart for the test included.",
    )
    seconds: StrictInt | StrictFloat = Field(
        300,
        ge=1,
        le=MOST_SECONDS,
        description="Measuring and fitting together; pauses are not counted.",
    )
    test_networks: StrictInt | None = Field(
        None,
        ge=FEWEST_TEST,
        le=1000,
        description="Kept apart, drawn uniformly; a quarter of all, at most 60, if not given.",
    )

    @property
    def tests(self) -> int:
        """Networks to keep apart."""
        if self.purpose != "profile":
            return _REMEASURED
        wanted = self.test_networks or min(_MOST_TEST, round(self.networks / 4))
        return max(FEWEST_TEST, min(wanted, self.networks - FEWEST_FIT))

    @property
    def fits(self) -> int:
        """Networks to fit on."""
        if self.purpose != "profile":
            return _REMEASURED if self.purpose == "recalibrate" else 0
        return self.networks - self.tests

    @property
    def test_seconds(self) -> float:
        """After this much time no further network is kept apart."""
        return self.seconds * _TEST_SHARE

    @property
    def measure_seconds(self) -> float:
        """After this much time no further network is measured for fitting."""
        return self.seconds * (_MEASURE_SHARE - _FLOOR_SHARE)

    @property
    def floor_seconds(self) -> float:
        """After this much time no test network is measured a second time."""
        return self.seconds * _MEASURE_SHARE

    @property
    def fit_seconds(self) -> float:
        """What fitting may take."""
        return max(10.0, self.seconds * (1 - _MEASURE_SHARE))
