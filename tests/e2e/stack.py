"""A running NASWeb: `manage.py up` on a free port with a data folder of its own."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

ROOT = Path(__file__).resolve().parents[2]
FINAL = ("done", "stopped", "failed", "cancelled")


class Stack:
    """Starts the product as `make run` does and talks to it as a script would."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.port, self.password = _free_port(), secrets.token_urlsafe(12)
        self.url = f"http://127.0.0.1:{self.port}"
        self.var = var / "data"
        self.log = var / "up.log"
        self._token = ""
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        self._environment = {
            **kept,
            "DJANGO_SETTINGS_MODULE": "nasweb.settings",
            "NASWEB_VAR": str(self.var),
            "NASWEB_ADMIN_PASSWORD": self.password,
            "NASWEB_WORKERS": "2",
            "PORT": str(self.port),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until every part answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        self.wait_for(self.is_ready, 120, "the stack to be ready")

    def is_ready(self) -> bool:
        """`/readyz` says yes."""
        if self.process.poll() is not None:
            raise AssertionError(f"`manage.py up` ended:\n{self.log.read_text()[-4000:]}")
        try:
            return urlopen(f"{self.url}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def stop(self) -> None:
        """Ctrl-C, then insist that nothing is left."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()
        assert not alive, f"still running after Ctrl-C: {alive}"

    def workers(self, role: str) -> list[psutil.Process]:
        """Living worker processes of one role: search, evaluate or device."""
        found = self.get("/api/v1/experiments/?limit=1")  # the stack answers at all
        assert "results" in found
        mark = {"search": "search,jobs", "evaluate": "evaluate", "device": "devices"}[role]
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if _consumes(child, mark)]

    def get(self, path: str) -> Any:
        """Parsed JSON of a page of the API."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        """Parsed JSON of an answer to a POST."""
        return self.call("POST", path, body if body is not None else {})

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """An API call with a token; fails loudly on an error status."""
        headers = {"Content-Type": "application/json", "Authorization": f"Token {self.token}"}
        data = json.dumps(body).encode() if body is not None else None
        request = Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from error

    @property
    def token(self) -> str:
        """A token of the first admin."""
        if not self._token:
            body = json.dumps({"username": "admin", "password": self.password}).encode()
            request = Request(
                f"{self.url}/api/v1/auth/token/",
                data=body,
                method="POST",
                headers={"Content-Type": "application/json"},
            )
            with urlopen(request, timeout=30) as answer:
                self._token = json.loads(answer.read())["token"]
        return self._token

    def download(self, path: str) -> bytes:
        """Content of a file."""
        request = Request(self.url + path, headers={"Authorization": f"Token {self.token}"})
        with urlopen(request, timeout=60) as answer:
            return answer.read()

    def experiment(self, key: str) -> Any:
        """Detail of an experiment."""
        return self.get(f"/api/v1/experiments/{key}/")

    def wait_until_finished(self, key: str, seconds: float) -> Any:
        """Wait for an experiment to end; returns its detail."""
        self.wait_for(
            lambda: self.experiment(key)["status"] in FINAL, seconds, "the experiment to end"
        )
        return self.experiment(key)

    def wait_for(self, condition: Callable[[], Any], seconds: float, what: str) -> Any:
        """Wait for something to become true; shows the stack's log when it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if result := condition():
                return result
            time.sleep(0.2)
        tail = self.log.read_text()[-6000:]
        raise AssertionError(f"Waited {seconds:g} s for {what}. Log:\n{tail}")


def _consumes(process: psutil.Process, mark: str) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return "celery" in " ".join(command) and mark in command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
