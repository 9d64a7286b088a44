"""Small lines in tables."""

import re
from xml.etree import ElementTree as ET

import pytest

from experiments.pages.sparkline import HEIGHT, WIDTH, sparkline


def coordinates(values: list[float]) -> list[tuple[float, float]]:
    root = ET.fromstring(sparkline(values, "label"))
    pairs = root.find("polyline").get("points").split()
    return [tuple(map(float, pair.split(","))) for pair in pairs]


def test_larger_values_lie_higher():
    (_, first), (_, second), (_, third) = coordinates([0.1, 0.5, 0.3])
    assert second < third < first


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [0.0, 1e9], list(range(100))])
def test_the_line_stays_inside(values):
    for x, y in coordinates(values):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_its_label_is_text():
    drawing = sparkline([1.0], '"<b>')
    assert re.search(r'aria-label="&quot;&lt;b&gt;"', drawing)
