"""Leases: who works on a row, renewed by a heartbeat, free again when the worker dies."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

from experiments.models import Lease

LEASE_SECONDS = 15.0
HEARTBEAT_SECONDS = 3.0
MAX_ATTEMPTS = 3
OUTAGE_SECONDS = 60.0

AWAY = (OperationalError, InterfaceError)
"""What Django raises while the database does not answer."""

logger = logging.getLogger(__name__)


def worker_name() -> str:
    """This process, as written into `lease_owner`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def lease_values() -> dict[str, object]:
    """Columns that say "mine until", by the database's clock: for the update that claims a row."""
    return {
        "lease_owner": worker_name(),
        "lease_expires": Now() + timedelta(seconds=LEASE_SECONDS),
    }


FREE: dict[str, object] = {"lease_owner": "", "lease_expires": None}
"""Columns of a row that nobody works on."""


@contextmanager
def keep_alive(model: type[Lease], keys: list[object]) -> Iterator[threading.Event]:
    """Renew leases of claimed rows in a thread while the block runs.

    Yields an event that is set as soon as one of the leases turns out to be lost. While the
    database is away nobody can take them, so that alone is no loss.
    """
    done, lost = threading.Event(), threading.Event()

    def beat() -> None:
        try:
            while not done.wait(HEARTBEAT_SECONDS):
                mine = model._default_manager.filter(pk__in=keys, lease_owner=worker_name())
                try:
                    if mine.update(**lease_values()) < len(keys):
                        lost.set()
                except AWAY as error:
                    logger.warning("Lease not renewed: %s", error)
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="lease-heartbeat", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()


T = TypeVar("T")


def patiently(action: Callable[[], T]) -> T:
    """Do something with the database; while that is away, again for up to a minute.

    For work that would be a pity to lose, and that may be done twice: an answer that was lost on
    its way looks like an outage as well. Not within a transaction.
    """
    until = time.monotonic() + OUTAGE_SECONDS
    while True:
        try:
            return action()
        except AWAY as error:
            if time.monotonic() > until:
                raise
            logger.warning("Waiting for the database: %s", error)
            connection.close()
            time.sleep(1)
