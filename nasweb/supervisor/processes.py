"""Keeps children alive: starts them, passes on what they print, restarts those that die."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from nasweb.supervisor.children import Child
from nasweb.supervisor.console import Console
from nasweb.supervisor.tether import tethered

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0  # seconds before a restart; doubles each time
HEALTHY_AFTER = 20.0  # seconds of life after which an end counts as the first again
GRACE = 10.0  # seconds that children get to end in order
LONGEST_LINE, PIPE_SIZE = 8192, 65536  # bytes; a pipe holds no more than one read takes


class Running:
    """A child and, when it is alive, its process."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.restart_at = 0.0
        self.delay = FIRST_DELAY
        self.at_end = False
        self._partial = b""

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C in the terminal reaches the supervisor only."""
        tie, niceness = tethered(signal.SIGKILL), self.child.niceness

        def before_exec() -> None:
            os.nice(niceness)
            tie()

        self.process = subprocess.Popen(
            self.child.argv,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.child.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509 - the supervisor has no threads
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.started_at, self.at_end = time.monotonic(), False

    def lines(self) -> list[str]:
        """Complete lines that were printed since the last call."""
        assert self.process is not None
        assert self.process.stdout is not None
        chunk = self.process.stdout.read(PIPE_SIZE)
        self.at_end = chunk == b""  # None: nothing for now
        *complete, self._partial = (self._partial + (chunk or b"")).split(b"\n")
        if self.at_end or len(self._partial) > LONGEST_LINE:
            complete, self._partial = [*complete, self._partial], b""
        return [line.decode(errors="replace").rstrip() for line in complete if line.strip()]

    def end_group(self, number: signal.Signals) -> None:
        """Signal the child and whatever it started."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


class Processes:
    """All children. Everything happens in the caller's thread, in `turn`."""

    def __init__(self, children: Sequence[Child], console: Console) -> None:
        self._all = [Running(child) for child in children]
        self._console = console
        self._selector = selectors.DefaultSelector()

    def add(self, child: Child) -> None:
        """One more, from the next turn on."""
        self._all.append(Running(child))

    def turn(self, seconds: float) -> None:
        """Start what should run, then pass on output for up to `seconds`, then look who died."""
        for running in self._all:
            if running.process is None and time.monotonic() >= running.restart_at:
                self._start(running)
        self._pass_on(seconds)
        for running in list(self._all):
            if running.process is not None and running.process.poll() is not None:
                self._bury(running)

    def stop(self, impatient: Callable[[], bool]) -> None:
        """Ask all to end; force those that have not after `GRACE` seconds or when `impatient()`."""
        for running in self._all:
            if running.process is not None:
                with suppress(ProcessLookupError):
                    running.process.terminate()
        deadline = time.monotonic() + GRACE
        while self._living() and time.monotonic() < deadline and not impatient():
            self._pass_on(0.1)
        for running in self._living():
            self._console.say(f"{running.child.name} is still busy; ending it by force")
        for running in self._all:
            running.end_group(signal.SIGKILL)
            if running.process is not None:
                running.process.wait()

    def _living(self) -> list[Running]:
        return [one for one in self._all if one.process is not None and one.process.poll() is None]

    def _start(self, running: Running) -> None:
        running.start()
        assert running.process is not None
        assert running.process.stdout is not None
        self._selector.register(running.process.stdout, selectors.EVENT_READ, running)

    def _pass_on(self, seconds: float) -> None:
        if not self._selector.get_map():
            time.sleep(seconds)
        for key, _ in self._selector.select(seconds):
            self._print(key.data)
            if key.data.at_end:
                self._selector.unregister(key.fileobj)

    def _print(self, running: Running) -> None:
        for line in running.lines():
            self._console.line(running.child.name, line)

    def _bury(self, running: Running) -> None:
        process = running.process
        assert process is not None
        assert process.stdout is not None
        self._print(running)
        with suppress(KeyError):
            self._selector.unregister(process.stdout)
        running.end_group(signal.SIGKILL)
        process.stdout.close()
        if running.child.once:
            self._all.remove(running)
        else:
            self._plan_restart(running, process.returncode)

    def _plan_restart(self, running: Running, code: int) -> None:
        if time.monotonic() - running.started_at > HEALTHY_AFTER:
            running.delay = FIRST_DELAY
        name, delay = running.child.name, running.delay
        self._console.say(f"{name} ended ({_reason(code)}); restart in {delay:g} s")
        running.process, running.restart_at = None, time.monotonic() + delay
        running.delay = min(2 * delay, LONGEST_DELAY)


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
