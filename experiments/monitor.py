"""How a training in a worker listens: pause, stop, cancel, shutdown, and a host that measures."""

import threading
import time
from typing import Self

from django.db import connection

from experiments.errors import LeaseLost
from experiments.leases import AWAY, patiently
from experiments.models import Run, Trial
from experiments.services import recording
from hardware_profiles.host_lock import SharedHold
from search_engine.errors import Interrupted
from search_engine.types import EpochReport

CHECK_SECONDS = 0.05

shutdown = threading.Event()
"""Set when this worker was told to end; work in progress goes back into the line."""

_REASONS = {
    Run.Status.PAUSED: "pause",
    Run.Status.STOPPED: "stop",
    Run.Status.CANCELLED: "cancel",
    Run.Status.FAILED: "cancel",
}


def stop_at_shutdown() -> None:
    """Raise Interrupted if this worker was told to end."""
    if shutdown.is_set():
        raise Interrupted("shutdown")


class TrialMonitor:
    """The monitor of one trial; holds the host's shared lock while it is open.

    The run's state is read at batch boundaries, at most every 50 ms, so a request takes effect
    within one batch. While the database is away the training goes on.
    """

    def __init__(self, trial: Trial, lost: threading.Event) -> None:
        self._trial, self._lost = trial, lost
        self._hold = SharedHold(while_waiting=self._stop_if_told)
        self._next_check = 0.0

    def __enter__(self) -> Self:
        self._hold.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self._hold.release()

    def batch(self) -> None:
        """Give way to a measurement, then go on or raise Interrupted (LeaseLost)."""
        self._hold.give_way()
        self._stop_if_told()
        if time.monotonic() >= self._next_check:
            self._check_run()
            self._next_check = time.monotonic() + CHECK_SECONDS

    def epoch(self, report: EpochReport) -> None:
        """Store the epoch and tell the pages."""
        patiently(lambda: recording.record_epoch(self._trial, report))

    def _stop_if_told(self) -> None:
        if self._lost.is_set():
            raise LeaseLost(f"Trial {self._trial} was taken from this worker.")
        stop_at_shutdown()

    def _check_run(self) -> None:
        found = Run.objects.filter(pk=self._trial.run_id).values_list("status", flat=True)
        try:
            status = found.first()
        except AWAY:
            connection.close()
            return
        if status is None:
            raise Interrupted("cancel")
        if status in _REASONS:
            raise Interrupted(_REASONS[Run.Status(status)])
