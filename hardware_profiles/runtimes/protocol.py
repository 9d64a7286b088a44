"""What a runtime offers to the measurement."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import Field

from search_engine.config import Config
from search_engine.network import NetworkSpec


class RuntimeConfig(Config):
    """What every runtime needs to know."""

    threads: int = Field(1, ge=1, le=256, description="Threads one inference may use.")
    batch_size: int = Field(1, ge=1, le=1024, description="Samples per inference.")


def nothing_to_wait_for() -> None:
    """The `sync` of runtimes that return when they are done."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network that is ready to run.

    Attributes:
        run: one inference of the whole batch on a fixed input; may return before it is done.
        sync: returns once everything that was started by `run` is done.
    """

    run: Callable[[], object]
    sync: Callable[[], None] = nothing_to_wait_for


class Runtime(Protocol):
    """Executes networks on this host. Made as `Class(config)`.

    Attributes:
        config_class: the schema of its settings, a `RuntimeConfig`.
        on_calling_thread: all work happens on the thread that calls `run`, so the thread's CPU
            time tells whether something else took the processor away meanwhile.
    """

    config_class: ClassVar[type[RuntimeConfig]]

    @property
    def on_calling_thread(self) -> bool: ...

    def prepare(self, network: NetworkSpec, seed: int) -> Prepared:
        """Build the network with seeded random weights; latency does not depend on their values.

        Raises:
            PreparationError: the runtime cannot run it; the message says why.
        """

    def session(self) -> AbstractContextManager[None]:
        """Global state (threads, gradients) that runs need; restored at the end."""

    def versions(self) -> Mapping[str, str]:
        """Libraries whose version the latency depends on."""
