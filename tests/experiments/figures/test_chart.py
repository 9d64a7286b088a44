"""What all charts share: nothing is uploaded, ticks are round."""

import pytest

from experiments.figures.chart import CONFIG, nice_ticks, padded


def test_no_chart_can_be_sent_away():
    assert CONFIG["showSendToCloud"] is False
    assert CONFIG["plotlyServerURL"] == ""
    assert CONFIG["displaylogo"] is False


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.31, 0.52, [0.35, 0.4, 0.45, 0.5]), (5, 5, [5])],
)
def test_ticks_are_round_and_inside(low, high, ticks):
    assert nice_ticks(low, high) == pytest.approx(ticks)


def test_a_single_value_gets_room():
    low, high = padded([3.0])
    assert low < 3 < high
    low, high = padded([0.0])
    assert low < 0 < high
