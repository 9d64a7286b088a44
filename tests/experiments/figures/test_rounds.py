"""Dots of a measurement: every sample that counts, a bar per round."""

from experiments.figures.rounds import rounds_svg
from tests.experiments.figures.examples import SVG, parsed, texts


def samples(rounds, preempted=None, iterations=2):
    return {"iterations": iterations, "rounds": rounds, "preempted": preempted}


def dots(drawing):
    return list(parsed(drawing).iter(f"{SVG}circle"))


def test_every_sample_is_a_dot_and_preempted_ones_are_left_out():
    rounds = [[2000, 2200, 9000], [2100, 2300, 2400]]
    assert len(dots(rounds_svg(samples(rounds), 1.0))) == 6
    assert len(dots(rounds_svg(samples(rounds, [[2], []]), 1.0))) == 5


def test_medians_are_told_in_words():
    words = parsed(rounds_svg(samples([[2000, 4000, 6000], [1000, 1000, 1000]]), 0.5))
    assert words.find(f"{SVG}desc").text == "Medians of the rounds: 2.00 ms, 500 µs"


def test_outliers_stay_inside_the_picture():
    rounds = [[1000] * 30 + [500_000], [1000] * 30]
    heights = [float(dot.get("cy")) for dot in dots(rounds_svg(samples(rounds), 0.5))]
    assert min(heights) >= 0


def test_nothing_kept_is_said():
    assert "no samples were kept" in texts(rounds_svg(samples([[5], []], [[0], []]), 1.0))


def test_one_round_of_one_sample():
    assert len(dots(rounds_svg(samples([[1000]]), 0.5))) == 1
