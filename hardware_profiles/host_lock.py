"""A host-wide lock: trainings share it, a measurement has it alone, and trainings give way.

Two files and `flock(2)` make a turnstile. Everyone passes the *gate* before taking the *host*.
A measurement keeps the gate shut until it is finished, so no training can slip in between; a
training looks at the gate at every batch boundary (about two microseconds) and, if it is shut,
lets go of the host until it opens. The kernel frees the locks of a process that dies.

The lock spans the processes that see the same folder: the system's folder for temporary files, or
`NASWEB_LOCK_DIR`. Containers on one host must be given a common one.
"""

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from hardware_profiles.errors import HostBusyError, HostLockError

DEFAULT_TIMEOUT_S = 120.0
_POLL_S = 0.002
_WAKE_S = 0.05  # rarely, because a measurement is going on


def lock_dir() -> Path:
    """The folder both lock files live in."""
    return Path(os.environ.get("NASWEB_LOCK_DIR") or tempfile.gettempdir())


@contextmanager
def exclusive(
    *, timeout_s: float = DEFAULT_TIMEOUT_S, directory: Path | None = None
) -> Iterator[None]:
    """Have the host alone: wait for every training to reach a batch boundary, keep them waiting.

    Args:
        timeout_s: how long to wait in all.
        directory: where the lock files are; default `lock_dir()`.

    Raises:
        HostBusyError: other measurements or a training did not give way in time.
    """
    deadline = time.monotonic() + timeout_s
    gate = host = -1
    try:
        gate = _open("gate", directory)
        host = _open("host", directory)
        _lock_until(gate, deadline, f"Other measurements held the host for {timeout_s:g} s.")
        _lock_until(host, deadline, f"A training did not give way within {timeout_s:g} s.")
        yield
    finally:
        _close(host, gate)


class SharedHold:
    """A training's share of the host. Use as a context manager or by `acquire` and `release`.

    Not for use by several threads at once; give each its own. Never ask for `exclusive()` in the
    thread that holds a share: it would wait for itself until the timeout.

    Args:
        while_waiting: called every 50 ms while a measurement has the host; may raise, and then
            nothing is held.
    """

    def __init__(
        self, directory: Path | None = None, while_waiting: Callable[[], None] = lambda: None
    ) -> None:
        self._directory, self._while_waiting = directory, while_waiting
        self._gate = self._host = -1
        self._held = False

    @property
    def held(self) -> bool:
        """Whether the share is held now."""
        return self._held

    def acquire(self) -> None:
        """Wait until no measurement runs or waits, then hold a share. HostLockError."""
        if self._held:
            return
        try:
            if self._gate < 0:
                self._gate = _open("gate", self._directory)
                self._host = _open("host", self._directory)
            self._share(self._gate)
            self._share(self._host)
            fcntl.flock(self._gate, fcntl.LOCK_UN)
            self._held = True
        except BaseException:  # whoever is told while we wait may raise
            self.release()
            raise

    def release(self) -> None:
        """Let go; harmless when nothing is held."""
        _close(self._host, self._gate)
        self._gate = self._host = -1
        self._held = False

    def give_way(self) -> float:
        """Call at every batch boundary: let a waiting measurement in and wait until it is over.

        Returns:
            Seconds spent waiting, 0.0 when nobody wanted the host.
        """
        if not self._held or (self._gate_is_open() and os.fstat(self._gate).st_nlink):
            return 0.0
        began = time.monotonic()
        self.release()  # opened anew: a cleaner of temporary files may have removed ours
        self.acquire()
        return time.monotonic() - began

    def _share(self, descriptor: int) -> None:
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                self._while_waiting()
                time.sleep(_WAKE_S)

    def _gate_is_open(self) -> bool:
        try:
            fcntl.flock(self._gate, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(self._gate, fcntl.LOCK_UN)
        return True

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


def _lock_until(descriptor: int, deadline: float, message: str) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise HostBusyError(
                    f"{message} Try again, or look for a hung training on this host."
                ) from None
            time.sleep(_POLL_S)


def _open(name: str, directory: Path | None) -> int:
    """Open a lock file without following links, making it if it is not there.

    Reading is enough for `flock`, so a file made by another user serves as well.
    """
    path = (directory or lock_dir()) / f"nasweb-{name}.lock"
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = _open_or_create(path, flags)
    except OSError as error:
        raise HostLockError(
            f"Cannot open {path}: {error.strerror}. Set NASWEB_LOCK_DIR to a folder that every "
            "process of this host may write."
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise HostLockError(f"{path} is not a regular file. Remove it or set NASWEB_LOCK_DIR.")
    return descriptor


def _open_or_create(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:  # another process was faster
        return os.open(path, flags)
