"""Settings: unknown keys and bad values become one clear sentence each; instances are frozen."""

import pytest
from pydantic import Field, ValidationError

from search_engine.config import Config
from search_engine.errors import ConfigError


class Inner(Config):
    rate: float = Field(0.1, gt=0, description="A rate.")


class Settings(Config):
    size: int = Field(8, ge=2, le=100, description="A size.")
    name: str = "x"
    inner: Inner = Inner()


class Required(Config):
    epochs: int


def test_defaults_apply():
    assert Settings.parse({}) == Settings(size=8, name="x", inner=Inner(rate=0.1))


def test_every_offending_field_gets_a_message_under_its_path_with_the_value():
    with pytest.raises(ConfigError) as caught:
        Settings.parse({"size": 1, "inner": {"rate": -3.5}})
    messages = caught.value.messages
    assert set(messages) == {"size", "inner.rate"}
    assert "greater than or equal to 2" in messages["size"][0]
    assert "got 1" in messages["size"][0]
    assert "got -3.5" in messages["inner.rate"][0]
    assert "size: " in str(caught.value)


def test_unknown_setting_names_the_allowed_ones():
    with pytest.raises(ConfigError, match=r"sise: Unknown setting. Allowed: inner, name, size\."):
        Settings.parse({"sise": 3})


def test_missing_setting_is_named():
    with pytest.raises(ConfigError, match="epochs: This setting is required"):
        Required.parse({})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_must_be_finite(value):
    with pytest.raises(ConfigError, match="finite"):
        Settings.parse({"inner": {"rate": value}})


def test_long_values_are_cut_in_messages():
    with pytest.raises(ConfigError) as caught:
        Settings.parse({"size": "9" * 5_000 + "x"})
    assert len(str(caught.value)) < 300


def test_instances_cannot_be_changed():
    with pytest.raises(ValidationError):
        Settings().size = 9


def test_input_that_is_no_mapping_is_an_error():
    with pytest.raises(ConfigError):
        Settings.parse([1, 2])
