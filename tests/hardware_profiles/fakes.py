"""A clock that tests move by hand and a runtime that takes exactly as long as it is told."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager

from hardware_profiles.runtimes.protocol import Prepared, RuntimeConfig
from hardware_profiles.timing import Clock
from search_engine.network import InputSpec, NetworkSpec

Delay = Callable[[int], int]
"""Nanoseconds that a run takes which begins at the given time."""


def network(size: int) -> NetworkSpec:
    """A network without layers; another size is another architecture."""
    return NetworkSpec((InputSpec("input", (size,)),), (), ("input",))


class HandClock:
    """Time stands still unless something takes some."""

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self.stolen = 0

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now, cpu=lambda: self.now - self.stolen)

    def work(self, nanoseconds: int) -> None:
        self.now += nanoseconds

    def lose_processor(self, nanoseconds: int) -> None:
        self.now += nanoseconds
        self.stolen += nanoseconds


class TimedRuntime:
    """Runs each network for as long as its delay says.

    Args:
        background: runs return at once and `sync` waits for the work.
    """

    config_class = RuntimeConfig
    on_calling_thread = True

    def __init__(
        self, hand: HandClock, delays: Mapping[NetworkSpec, Delay], *, background: bool = False
    ) -> None:
        self._hand, self._delays, self._background = hand, delays, background
        self.prepared: list[str] = []
        self._pending = 0

    def prepare(self, network: NetworkSpec, seed: int) -> Prepared:
        self.prepared.append(network.digest)
        self._hand.work(7_000_000)
        return Prepared(lambda: self._run(self._delays[network]), self._sync)

    def _run(self, delay: Delay) -> None:
        if self._background:
            self._pending += delay(self._hand.now)
        else:
            self._hand.work(delay(self._hand.now))

    def _sync(self) -> None:
        self._hand.work(self._pending)
        self._pending = 0

    @contextmanager
    def session(self):
        yield

    def versions(self) -> Mapping[str, str]:
        return {"timed": "1"}
