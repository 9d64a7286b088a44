"""Leases: who works on a row, renewed by a heartbeat, free again when the worker dies."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from experiments.models import Lease

LEASE_SECONDS = 15.0
HEARTBEAT_SECONDS = 3.0
MAX_ATTEMPTS = 3


def worker_name() -> str:
    """This process, as written into `lease_owner`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def lease_values() -> dict[str, object]:
    """Columns that say "mine until": for the update that claims a row."""
    return {
        "lease_owner": worker_name(),
        "lease_expires": timezone.now() + timedelta(seconds=LEASE_SECONDS),
    }


FREE: dict[str, object] = {"lease_owner": "", "lease_expires": None}
"""Columns of a row that nobody works on."""


@contextmanager
def keep_alive(model: type[Lease], keys: list[object]) -> Iterator[threading.Event]:
    """Renew leases of claimed rows in a thread while the block runs.

    Yields an event that is set as soon as one of the leases turns out to be lost.
    """
    done, lost = threading.Event(), threading.Event()

    def beat() -> None:
        try:
            while not done.wait(HEARTBEAT_SECONDS):
                mine = model._default_manager.filter(pk__in=keys, lease_owner=worker_name())
                if mine.update(**lease_values()) < len(keys):
                    lost.set()
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="lease-heartbeat", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()
