"""Reading the environment: types, defaults, and errors that name the variable."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from nasweb.env import read_environment


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "PORT", "NASWEB_VAR"):
        monkeypatch.delenv(name, raising=False)


def test_defaults_are_a_local_installation():
    env = read_environment()
    assert (env.host, env.port, env.debug, env.https) == ("127.0.0.1", 8000, False, False)
    assert env.var.name == "var"
    assert env.database_url is env.redis_url is None


def test_empty_variables_count_as_unset(monkeypatch):
    for name in ("PORT", "NASWEB_VAR", "NASWEB_ADMIN_PASSWORD", "DATABASE_URL"):
        monkeypatch.setenv(name, "")
    env = read_environment()
    assert env.port == 8000
    assert env.admin_password is None
    assert env.database_url is None


def test_lists_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("NASWEB_ALLOWED_HOSTS", "nas.example, nas2.example,")
    assert read_environment().allowed_hosts == ["nas.example", "nas2.example"]


def test_relative_folders_start_where_the_command_was_typed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NASWEB_VAR", "here")
    assert read_environment().var == tmp_path / "here"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("PORT", "70000"), ("NASWEB_WORKERS", "0"), ("NASWEB_DEBUG", "perhaps")],
)
def test_a_wrong_value_is_named_and_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name}: .*{value}"):
        read_environment()


def test_all_wrong_values_are_named_at_once(monkeypatch):
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("NASWEB_WORKERS", "y")
    with pytest.raises(ImproperlyConfigured, match=r"NASWEB_WORKERS.*PORT|PORT.*NASWEB_WORKERS"):
        read_environment()


def test_a_secret_that_is_too_short_is_not_repeated(monkeypatch):
    monkeypatch.setenv("NASWEB_SECRET_KEY", "hunter2")
    with pytest.raises(ImproperlyConfigured, match="NASWEB_SECRET_KEY") as caught:
        read_environment()
    assert "hunter2" not in str(caught.value)
