"""Units on the pages of a device are those that its runtime runs with its type of numbers."""

import pytest

from experiments.pages.device_kernels import rules_of
from hardware_profiles.models import Device
from hardware_profiles.runtimes import rules_for
from search_engine.costs.units import RuntimeRules


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_rules_are_those_of_the_precision(precision):
    device = Device(runtime="onnxruntime", precision=precision)
    assert rules_of(device) == rules_for("onnxruntime", precision)
    assert (rules_of(device).fusions == frozenset()) == (precision == "int8")


def test_a_device_without_a_runtime_runs_layer_by_layer():
    assert rules_of(Device(runtime="")) == RuntimeRules()
