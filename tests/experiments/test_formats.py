"""Numbers as people read them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from experiments.figures import numbers
from experiments.formats import age_text, metric_text, number_text


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("accuracy", 0.98654, "98.65 %"),
        ("accuracy", 1.0, "100.00 %"),
        ("latency_ms", 21.84, "21.8 ms"),
        ("latency_ms", 0.4213, "421 µs"),
        ("latency_ms@pi", 1234.0, "1234 ms"),
        ("energy_mj", 14.23, "14.2 mJ"),
        ("energy_mj@pi", 0.347, "0.347 mJ"),
        ("params", 3_410_000, "3.41 M parameters"),
        ("macs", 312_000_000, "312 M MACs"),
        ("macs", 0, "0 MACs"),
        ("peak_memory_mib", 0.5, "512 KiB"),
        ("weight_size_mib", 18.24, "18.2 MiB"),
        ("accuracy", None, "–"),
        ("accuracy", float("nan"), "–"),
    ],
)
def test_metrics_have_units_and_three_digits(key, value, text):
    assert metric_text(key, value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "just now"),
        (46, "46 s ago"),
        (800, "13 min ago"),
        (7300, "2 h ago"),
        (300_000, "3 d ago"),
        (-5, "just now"),
    ],
)
def test_ages(seconds, text):
    assert age_text(timezone.now() - timedelta(seconds=seconds)) == text


def test_a_number_carries_the_mark_of_its_origin():
    shown = number_text("latency_ms", {"value": 2.0, "unit": "ms", "origin": "predicted"})
    assert shown == {"text": "2.00 ms", "mark": "~", "origin": "predicted by a model"}


def test_a_missing_number_is_a_dash():
    assert number_text("latency_ms", None)["text"] == "–"


def test_a_number_from_a_description_is_not_shown_as_exact():
    latency = {"value": 2.0, "unit": "ms", "origin": "analytic"}
    assert number_text("latency_ms@board", latency) == {
        "text": "2.00 ms",
        "mark": "~",
        "origin": "computed from the device's description, not measured",
    }
    assert numbers.number("latency_ms", latency) == "~ 2.00 ms"
    assert numbers.number("energy_mj", latency | {"origin": "looked_up"}) == "2.00 mJ ▤"
    assert number_text("macs", {"value": 2e6, "unit": "", "origin": "analytic"})["mark"] == ""
