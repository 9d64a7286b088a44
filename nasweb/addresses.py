"""One database URL and one Redis URL, in the forms that Django and Celery want them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def django_database(url: str, pool: int = 0) -> dict[str, Any]:
    """Django's settings for a PostgreSQL URL such as `postgresql://user:password@host:5432/name`.

    Args:
        pool: connections kept open and shared by the threads of this process; 0 = one per thread.

    Raises:
        ImproperlyConfigured: not a PostgreSQL URL, or one without a database name.
    """
    if url.partition("://")[0] not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgresql://; NASWeb uses PostgreSQL only."
        )
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error
    if not parts.get("dbname"):
        raise ImproperlyConfigured("DATABASE_URL names no database: add /name at its end.")
    options: dict[str, Any] = {"connect_timeout": 10}
    known = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
    }
    for key, value in parts.items():
        if key in known:
            settings[known[key]] = str(value)
        else:
            options[key] = value
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
    else:
        settings["CONN_MAX_AGE"] = None
    return settings | {"OPTIONS": options}


def celery_broker(url: str) -> str:
    """Celery's spelling of a Redis URL: the same for TCP, its own for a Unix socket.

    Raises:
        ImproperlyConfigured: another scheme than redis://, rediss:// or unix://.
    """
    scheme = url.partition("://")[0]
    if scheme in ("redis", "rediss"):
        return url
    if scheme != "unix":
        raise ImproperlyConfigured(
            "REDIS_URL must start with redis://, rediss:// or unix:// (Redis or Valkey)."
        )
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"
