"""Numbers carry units and origins; missing ones are dashes."""

import math

import pytest

from experiments.figures import numbers


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("accuracy", 0.97437, "97.44 %"),
        ("latency_ms", 21.84, "21.8 ms"),
        ("latency_ms@pi", 0.4321, "432 µs"),
        ("params", 3_410_000, "3.41 M"),
        ("macs", 312_000_000, "312 M MACs"),
        ("peak_memory_mib", 18.21, "18.2 MiB"),
        ("peak_memory_mib", 0.5, "512 KiB"),
        ("accuracy", None, "–"),
        ("accuracy", math.nan, "–"),
        ("latency_ms", math.inf, "–"),
    ],
)
def test_values_have_units(key, value, text):
    assert numbers.metric(key, value) == text


def test_origins_are_marked():
    assert numbers.number("latency_ms", {"value": 2.0, "origin": "measured"}) == "2.00 ms ●"
    assert numbers.number("latency_ms", {"value": 2.0, "origin": "predicted"}) == "~ 2.00 ms"
    assert numbers.number("accuracy", {"value": 0.9, "origin": "looked_up"}) == "90.00 % ▤"
    assert numbers.number("params", {"value": 1000, "origin": "analytic"}) == "1.00 k"
    assert numbers.number("params", None) == "–"
    assert numbers.number("params", {"value": None, "origin": "measured"}) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.21, "3.2 s"), (46, "46 s"), (600, "10 min"), (4320, "1 h 12 min"), (7200, "2 h"),
        (97_200, "1 d 3 h"), (None, "–"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds, text):
    assert numbers.duration(seconds) == text


def test_small_numbers_and_files():
    assert numbers.exponent(2.4e-6) == "2.4e-6"
    assert numbers.exponent(0) == "0"
    assert numbers.file_size(3_900_000) == "3.9 MB"
    assert numbers.file_size(812) == "812 B"


def test_labels_name_the_device():
    assert numbers.metric_label("latency_ms@pi") == "Latency on pi"
    assert numbers.is_better_high("accuracy")
    assert not numbers.is_better_high("latency_ms@pi")
