"""What a measurement needs of the thing it times; the light client on another machine shares it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Item(Protocol):
    """Something that can be timed: a network, or a model file that was made of one."""

    @property
    def digest(self) -> str:
        """Text that is equal for equal items."""


ItemT = TypeVar("ItemT", bound=Item)
ItemT_contra = TypeVar("ItemT_contra", bound=Item, contravariant=True)


def nothing_to_wait_for() -> None:
    """The `sync` of runtimes that return when they are done."""


def nothing_to_complain_of() -> str:
    """The `complaint` of runtimes that cannot go wrong during timing."""
    return ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item that is ready to run.

    Attributes:
        run: one inference of the whole batch on a fixed input; may return before it is done.
        sync: returns once everything that was started by `run` is done.
        timed: runs that many times back to back and gives the nanoseconds by the clock of the
            device itself, such as CUDA events; None where the host's clock tells the truth.
        phases: milliseconds of the steps of building, by name; they are stored beside `build_ms`.
        complaint: asked after timing: why it does not count, or nothing.
        facts: what else a reader of the number must know, JSON only.
    """

    run: Callable[[], object]
    sync: Callable[[], None] = nothing_to_wait_for
    timed: Callable[[int], int] | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    complaint: Callable[[], str] = nothing_to_complain_of
    facts: Mapping[str, object] = field(default_factory=dict)


class Runner(Protocol[ItemT_contra]):
    """Executes items on this host.

    Attributes:
        on_calling_thread: all work happens on the thread that calls `run`, so the thread's CPU
            time tells whether something else took the processor away meanwhile.
    """

    @property
    def on_calling_thread(self) -> bool: ...

    def prepare(self, item: ItemT_contra, seed: int) -> Prepared:
        """Make an item ready, with inputs (and weights, if it has none) of a seed.

        Raises:
            PreparationError: it cannot be run here; the message says why.
        """

    def session(self) -> AbstractContextManager[None]:
        """Global state (threads, gradients) that runs need; restored at the end."""

    def versions(self) -> Mapping[str, str]:
        """Libraries whose version the latency depends on."""
