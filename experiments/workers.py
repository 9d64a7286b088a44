"""Which workers are alive: each renews a short-lived note in Redis that says what it serves."""

import json
import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import redis
from django.conf import settings

PREFIX = "nasweb:worker:"
PERIOD = 3.0  # seconds between two notes
LIFETIME = 15  # seconds until a note of a silent worker is gone


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """One living worker process.

    Attributes:
        role: search | evaluate | device.
        seen_at: seconds since the epoch, by the worker's clock.
        task: what it is doing now, empty if it waits.
    """

    role: str
    queues: tuple[str, ...]
    host: str
    pid: int
    seen_at: float
    task: str = ""


class _Pulse(threading.Thread):
    """Renews this process's note until the process ends."""

    def __init__(self, role: str, queues: Sequence[str]) -> None:
        super().__init__(name="worker-pulse", daemon=True)
        self.role, self.queues, self.task = role, tuple(queues), ""
        self.host, self.pid = socket.gethostname(), os.getpid()
        self.stopped = threading.Event()
        self._client = client()

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.host}:{self.pid}"

    def note(self) -> None:
        info = WorkerInfo(self.role, self.queues, self.host, self.pid, time.time(), self.task)
        self._client.set(self.key, json.dumps(asdict(info)), ex=LIFETIME)

    def run(self) -> None:
        while not self.stopped.is_set():
            with suppress(redis.RedisError):  # while the broker is away we count as missing
                self.note()
            self.stopped.wait(PERIOD)

    def withdraw(self) -> None:
        self.stopped.set()
        self.join(timeout=2 * PERIOD)
        with suppress(redis.RedisError):  # then it expires by itself
            self._client.delete(self.key)


_pulses: list[_Pulse] = []  # this process's own, once it is a worker


def client() -> redis.Redis:
    """A client of the broker's server that never waits long."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, decode_responses=True, protocol=2
    )


def register(role: str, queues: Sequence[str]) -> None:
    """Announce this process as a living worker; call again when its queues change."""
    if _pulses:
        _pulses[0].role, _pulses[0].queues = role, tuple(queues)
    else:
        _pulses.append(_Pulse(role, queues))
        _pulses[0].start()


def set_current(task: str) -> None:
    """Say what this worker does now (shown within `PERIOD`); empty when it waits again."""
    for pulse in _pulses:
        pulse.task = task


def resign() -> None:
    """Withdraw this process's note: it is about to end."""
    while _pulses:
        _pulses.pop().withdraw()


def alive() -> list[WorkerInfo]:
    """Workers that were heard of within `LIFETIME`, by role, host and pid.

    Raises:
        redis.RedisError: the broker does not answer.
    """
    with client() as connection:
        keys = list(connection.scan_iter(match=f"{PREFIX}*", count=500))
        notes = connection.mget(keys) if keys else []
    workers = []
    for note in filter(None, notes):
        data = json.loads(note)
        workers.append(WorkerInfo(**{**data, "queues": tuple(data["queues"])}))
    return sorted(workers, key=lambda worker: (worker.role, worker.host, worker.pid))
