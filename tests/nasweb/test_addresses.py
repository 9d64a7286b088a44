"""DATABASE_URL and REDIS_URL in the forms that Django and Celery want."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

from nasweb import embedded
from nasweb.addresses import celery_broker, django_database


def test_a_database_on_another_host():
    database = django_database("postgresql://nas:p%40ss@db.example:6432/search?sslmode=require")
    assert database["HOST"] == "db.example"
    assert database["PORT"] == "6432"
    assert (database["USER"], database["PASSWORD"], database["NAME"]) == ("nas", "p@ss", "search")
    assert database["OPTIONS"]["sslmode"] == "require"


def test_the_embedded_database_is_a_socket():
    database = django_database(embedded.database_url(Path("/srv/nas")))
    assert database["HOST"] == "/srv/nas/postgres"
    assert database["NAME"] == embedded.DATABASE
    assert "PASSWORD" not in database


def test_a_pool_replaces_lasting_connections():
    url = "postgresql://nas@db/search"
    assert django_database(url)["CONN_MAX_AGE"] is None
    pooled = django_database(url, pool=7)
    assert pooled["OPTIONS"]["pool"]["max_size"] == 7
    assert "CONN_MAX_AGE" not in pooled


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///nas.db", "PostgreSQL only"),
        ("postgresql://host", "names no database"),
        ("postgresql://[::1/search", "cannot be read"),
    ],
)
def test_an_unusable_database_url_says_why(url, reason):
    with pytest.raises(ImproperlyConfigured, match=reason):
        django_database(url)


def test_celery_reaches_a_socket_and_its_database_number():
    with Connection(celery_broker("unix:///srv/nas/valkey.sock?db=3")) as connection:
        channel = object.__new__(connection.transport.Channel)
        channel.connection = connection.transport
        arguments = channel._connparams()
    assert arguments["path"] == "/srv/nas/valkey.sock"
    assert arguments["db"] == 3


def test_celery_takes_network_addresses_as_they_are():
    url = "rediss://:secret@broker.example:6380/2"
    assert celery_broker(url) == url


def test_another_broker_is_refused():
    with pytest.raises(ImproperlyConfigured, match="redis://"):
        celery_broker("amqp://rabbit")


def test_a_long_path_gets_a_short_socket_folder_of_its_own():
    deep = Path("/") / "/".join(["quite-long"] * 12)
    assert embedded.socket_folder(Path("/srv/nas/postgres"), "s") == Path("/srv/nas/postgres")
    first = embedded.valkey_socket(deep / "one")
    assert len(str(first)) < 100
    assert first != embedded.valkey_socket(deep / "two")
    assert first == embedded.valkey_socket(deep / "one")
