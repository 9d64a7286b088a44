"""A server program that we own: start, wait until it answers, stop, clear what a crash left."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from nasweb.embedded import socket_folder
from nasweb.supervisor.tether import tethered


class ServerError(Exception):
    """A server did not start; the message quotes the end of its log."""


class Server(ABC):
    """Base of the embedded servers. Whoever starts one must be its only owner (see `locks.py`).

    Attributes:
        name: for messages.
        stop_signal: asks for a quick but orderly end.
        sockets: folder of its socket; `folder` unless that path is too long.
        user: system user to run as, None = ours.
    """

    name = ""
    stop_signal = signal.SIGTERM
    user: str | None = None

    def __init__(self, folder: Path, socket_name: str) -> None:
        self.folder = folder
        self.sockets = socket_folder(folder, socket_name)
        self.log = folder.parent / "log" / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Address for clients."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder if there is none."""

    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments."""

    @abstractmethod
    def probe(self) -> bool:
        """Whether it answers now."""

    @abstractmethod
    def pid_file(self) -> Path:
        """Where it notes its process id."""

    def start(self, timeout: float = 60.0) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerError: it ended or stayed silent.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.prepare()
        self.end_orphan()
        with self._open_log() as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                user=self.user,
                group=self.user,
                extra_groups=[] if self.user else None,
                start_new_session=True,
                preexec_fn=tethered(self.stop_signal),  # noqa: PLW1509 - no threads yet
            )
        self._wait_until_ready(time.monotonic() + timeout)

    def is_running(self) -> bool:
        """Whether the process we started still lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout: float = 20.0) -> None:
        """End it in order, or by force after `timeout` seconds."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        if self.sockets != self.folder:
            with suppress(OSError):  # not empty: a client is still there
                self.sockets.rmdir()

    def end_orphan(self) -> None:
        """Stop a server that outlived its owner, and remove a process id that means nothing now.

        A stale number can belong to a stranger after a restart, so the program is looked at too.
        """
        file = self.pid_file()
        try:
            pid = int(file.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            pid = -1
        with suppress(psutil.Error):
            orphan = psutil.Process(pid) if pid > 0 else None
            if orphan and orphan.exe() == self.command()[0]:
                orphan.send_signal(self.stop_signal)
                orphan.wait(20)
        file.unlink(missing_ok=True)

    def check_private(self, folder: Path, owner: int) -> None:
        """A folder that others can enter, or that somebody else made, is not ours to use.

        Raises:
            ServerError: with what to do about it.
        """
        facts = folder.lstat()
        if facts.st_uid != owner:
            raise ServerError(
                f"{folder} belongs to another user (number {facts.st_uid}, not {owner}). "
                "Start NASWeb as the user who made it, or set NASWEB_VAR to another folder."
            )
        if facts.st_mode & 0o077:
            raise ServerError(f"{folder} is open to others. Run: chmod 700 {folder}")

    def _open_log(self) -> IO[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        too_long = self.log.exists() and self.log.stat().st_size > 10 * 2**20
        return self.log.open("wb" if too_long else "ab")

    def _wait_until_ready(self, deadline: float) -> None:
        assert self.process is not None
        while not self.probe():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
                raise ServerError(f"{self.name} did not start. End of {self.log}:\n{tail}")
            time.sleep(0.03)
