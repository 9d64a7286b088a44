"""Which workers are alive: each renews a short-lived note in Redis that says what it serves."""

import json
import os
import socket
import threading
import time
from collections.abc import Sequence
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
            try:
                self.note()
            except redis.RedisError:
                pass  # the broker is away: this worker counts as missing until it is back
            self.stopped.wait(PERIOD)


_pulse: _Pulse | None = None


def client() -> redis.Redis:
    """A client of the broker's server that never waits long."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, decode_responses=True, protocol=2
    )


def register(role: str, queues: Sequence[str]) -> None:
    """Announce this process as a living worker from now on; call again when its queues change."""
    global _pulse
    if _pulse is None:
        _pulse = _Pulse(role, queues)
        _pulse.start()
    else:
        _pulse.role, _pulse.queues = role, tuple(queues)


def set_current(task: str) -> None:
    """Say what this worker does now (shown within `PERIOD`); empty when it waits again."""
    if _pulse is not None:
        _pulse.task = task


def resign() -> None:
    """Withdraw this process's note: it is about to end."""
    global _pulse
    if _pulse is None:
        return
    _pulse.stopped.set()
    _pulse.join(timeout=2 * PERIOD)
    try:
        _pulse._client.delete(_pulse.key)
    except redis.RedisError:
        pass  # it expires by itself
    _pulse = None


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
