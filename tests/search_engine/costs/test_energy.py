"""Energy from tables: P1, P2, P4, and the figures of two layers."""

import json

import numpy as np
import pytest

from search_engine.costs.energy import (
    MAC_PJ,
    OPERATIONS,
    AnalyticEnergy,
    EnergyConfig,
    l_mul_saving,
    mean_power,
    sram_pj_per_byte,
)
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.errors import ConfigError, PredictorError
from tests.search_engine.costs.test_roofline import draws, layer


def parts(network, **settings):
    (unit,) = units_of(network, RuntimeRules())
    return AnalyticEnergy.of(EnergyConfig(**settings)).parts(unit)


def test_p1_values_of_the_table():
    assert MAC_PJ["fp32"] == pytest.approx(4.6)
    assert MAC_PJ["fp16"] == pytest.approx(1.5)
    assert MAC_PJ["int8"] == pytest.approx(0.3)
    assert OPERATIONS["int32"].mac == pytest.approx(3.2)
    assert [sram_pj_per_byte(kib) for kib in (8, 32, 1024)] == pytest.approx([1.25, 2.5, 12.5])
    assert sram_pj_per_byte(8) < sram_pj_per_byte(100) < sram_pj_per_byte(1024)


def test_p2_savings_of_additions_in_place_of_products():
    assert l_mul_saving()["elementwise"] == pytest.approx(0.97, abs=0.005)
    assert l_mul_saving()["dot_product"] == pytest.approx(0.78, abs=0.005)


def test_p4_energy_falls_with_the_width_of_the_data_type():
    for network in draws(3):
        found = [
            AnalyticEnergy.of(EnergyConfig(dtype=dtype)).predict([network])[0]
            for dtype in ("fp32", "fp16", "int8")
        ]
        assert found == sorted(found, reverse=True)
        assert found[2] > 0


def test_golden_numbers_of_a_dense_and_a_depthwise_layer():
    dense, depthwise = parts(layer()), parts(layer(64))
    assert dense["arithmetic"] == pytest.approx(0.532, abs=5e-4)
    assert dense["dram"] == pytest.approx(0.280, abs=6e-4)
    assert depthwise["arithmetic"] == pytest.approx(0.0083, abs=5e-5)
    assert depthwise["dram"] == pytest.approx(0.257, abs=5e-4)
    assert depthwise["dram"] / sum(depthwise.values()) == pytest.approx(0.97, abs=0.005)


def test_maps_that_fit_on_the_chip_stay_there_and_cost_less():
    small, large = parts(layer(64), onchip_kib=64), parts(layer(64), onchip_kib=4096)
    assert small["onchip"] == 0
    assert large["dram"] == pytest.approx(64 * 9 * 4 * 160e-9)  # the weights
    assert sum(large.values()) < sum(small.values())


def test_energy_of_networks_is_that_of_their_units():
    network = draws(1)[0]
    model = AnalyticEnergy.of()
    units = [sum(model.parts(unit).values()) for unit in units_of(network, RuntimeRules())]
    assert model.predict([network])[0] == pytest.approx(np.sum(units))


def test_its_state_keeps_the_assumptions():
    network = draws(1)[0]
    model = AnalyticEnergy.of(EnergyConfig(dtype="int8", batch_size=4, onchip_kib=64))
    again = AnalyticEnergy().load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert again.predict([network]) == model.predict([network])
    assert again.predict([network]) != AnalyticEnergy.of().predict([network])
    with pytest.raises(PredictorError, match="No state of AnalyticEnergy"):
        AnalyticEnergy().load_state_dict({**model.state_dict(), "config": {"dtype": "int2"}})


def test_c3_energy_over_time_is_power():
    assert mean_power(70.0, 10.0) == 7.0
    with pytest.raises(PredictorError, match="positive number of ms"):
        mean_power(1.0, 0.0)


def test_unknown_data_types_are_refused():
    with pytest.raises(ConfigError, match="int2"):
        EnergyConfig.parse({"dtype": "int2"})
