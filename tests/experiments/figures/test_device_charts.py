"""Charts of devices: every point is where its numbers say, and no words lie on each other."""

import math

import pytest

from experiments.figures.device_accuracy import accuracy_svg, describe
from experiments.figures.device_axes import LogAxis, tick_text
from experiments.figures.device_pair import pair_svg
from experiments.figures.device_roofline import Roofs, Work, roofline_svg
from experiments.figures.device_roofline import describe as describe_work
from tests.experiments.figures.drawings import collisions
from tests.experiments.figures.examples import SVG, parsed, texts

MEASURED = [1.0, 2.0, 4.0, 8.0]
UPRIGHT = {"predicted, ms", "error", "speed, GFLOP/s (better ↑)"}
"""Titles that are turned: where `collisions` looks for them, they are not."""
WORK = (
    Work("conv 3×3", 20.0, 40.0, 0.1, "conv"),
    Work("depthwise 3×3", 0.5, 4.0, 0.1, "depthwise"),
    Work("network ab", 5.0, 10.0, 2.0),
)


def points(drawing, tag):
    found = [p for p in parsed(drawing).iter(f"{SVG}{tag}") if p.get("data-point") is not None]
    return {p.get("data-point"): p for p in found}


def test_a_log_axis_puts_equal_ratios_equally_far_apart():
    axis = LogAxis(1, 100, 0, 200)
    assert [axis.place(value) for value in (1, 10, 100)] == [0, 100, 200]
    assert axis.ticks() == [1, 2, 5, 10, 20, 50, 100]


@pytest.mark.parametrize(("low", "high"), [(1.01, 1.09), (0.3, 0.9), (1, 9), (0.001, 5000)])
def test_an_axis_has_some_ticks_whatever_it_spans(low, high):
    ticks = LogAxis(low, high, 0, 300).ticks()
    assert 2 <= len(ticks) <= 7
    assert all(low <= tick <= high for tick in ticks)
    assert len({tick_text(tick) for tick in ticks}) == len(ticks)


def test_predictions_within_ten_percent_are_circles_and_others_triangles():
    drawing = accuracy_svg(MEASURED, [1.05, 1.85, 5.0, 8.0], "title")
    assert set(points(drawing, "circle")) == {"0", "1", "3"}
    assert set(points(drawing, "polygon")) == {"2"}


def test_a_perfect_prediction_lies_on_the_diagonal_of_a_square_plot():
    drawing = accuracy_svg(MEASURED, MEASURED, "title")
    circles = [p for p in parsed(drawing).iter(f"{SVG}circle") if p.get("class") == "point"]
    plotted = circles[: len(MEASURED)]  # the residuals follow
    sums = {round(float(p.get("cx")) + float(p.get("cy"))) for p in plotted}
    assert len(sums) == 1


@pytest.mark.parametrize("factor", [1.02, 1.3, 4.0])
def test_no_words_of_the_accuracy_chart_collide(factor):
    drawing = accuracy_svg(MEASURED, [value * factor for value in MEASURED], "title")
    assert [pair for pair in collisions(drawing) if not UPRIGHT & set(pair)] == []


def test_the_summary_counts_who_is_within_and_names_the_worst():
    words = describe(MEASURED, [1.05, 1.0, 4.0, 8.0])
    assert "3 of 4" in words
    assert "−50.0 %" in words


def test_the_roofline_bends_where_compute_meets_bandwidth():
    roofs = Roofs(100.0, 10.0)
    assert [roofs.limit(x) for x in (1.0, 10.0, 50.0)] == [10.0, 100.0, 100.0]
    assert Roofs(100.0, None).limit(1.0) is None
    drawing = roofline_svg(WORK, roofs)
    assert set(points(drawing, "rect")) == {"0", "1"}
    assert set(points(drawing, "circle")) == {"2"}
    assert {"100 GFLOP/s peak", "10.0 GB/s"} <= set(texts(drawing))


def test_a_roofline_without_stated_limits_draws_none():
    drawing = roofline_svg(WORK, Roofs())
    assert not any("peak" in text or "GB/s" in text for text in texts(drawing))
    assert "40.0 GFLOP/s: conv" in describe_work(WORK, Roofs())


def test_a_roofline_without_measurements_shows_both_roofs():
    drawing = roofline_svg((), Roofs(235.8, 25.6))
    assert [pair for pair in collisions(drawing) if not UPRIGHT & set(pair)] == []
    slope = next(p for p in parsed(drawing).iter(f"{SVG}path") if p.get("stroke-width") == "1.8")
    start, end = slope.get("d")[1:].split("L")
    (x1, y1), (x2, y2) = (map(float, at.split()) for at in (start, end))
    assert x2 - x1 > 200
    assert y1 - y2 > 200


def test_devices_are_compared_on_either_side_of_the_median_ratio():
    second = [2.0, 3.0, 8.0, 15.0]  # ratios 2, 1.5, 2, 1.875
    drawing = pair_svg(MEASURED, second, ("A", "B"))
    assert set(points(drawing, "circle")) == {"0", "2"}
    assert set(points(drawing, "path")) == {"1", "3"}


def test_predicted_numbers_are_hollow_and_marked_on_the_axis():
    drawing = pair_svg(MEASURED, MEASURED, ("A", "B"), origins=("measured", "predicted"))
    assert all("nas-surface" in p.get("style") for p in points(drawing, "circle").values())
    assert any(text.startswith("~ latency on B") for text in texts(drawing))


def test_points_lie_at_their_numbers():
    drawing = pair_svg([1.0, 10.0, 100.0], [1.0, 10.0, 100.0], ("A", "B"))
    xs = [float(p.get("cx")) for _, p in sorted(points(drawing, "circle").items())]
    assert math.isclose(xs[1] - xs[0], xs[2] - xs[1], abs_tol=0.2)
