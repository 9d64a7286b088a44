"""Time by the clock of the accelerator: events around runs that the host only queues."""

from collections.abc import Callable
from typing import Any, Protocol


class Event(Protocol):
    """A mark in a queue of work, such as `torch.cuda.Event(enable_timing=True)`."""

    def record(self) -> Any: ...

    def synchronize(self) -> Any: ...

    def elapsed_time(self, end: Any) -> float:
        """Milliseconds from this mark to another that was passed."""


def event_timer(run: Callable[[], object], make_event: Callable[[], Event]) -> Callable[[int], int]:
    """Makes `Prepared.timed`: nanoseconds that so many runs take on the device.

    A clock on the host would stop as soon as the runs are queued, long before they are done.
    """

    def timed(iterations: int) -> int:
        start, end = make_event(), make_event()
        start.record()
        for _ in range(iterations):
            run()
        end.record()
        end.synchronize()
        return round(start.elapsed_time(end) * 1e6)

    return timed
