"""Asks for work, measures it with the server's own code, answers; survives what can fail."""

import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from hardware_profiles import environment
from hardware_profiles.errors import HostBusyError, PreparationError
from hardware_profiles.host_lock import exclusive
from hardware_profiles.measure import LatencyResult, Reference, measure_latency
from hardware_profiles.samples import MeasurePlan
from nasweb_agent.backoff import Backoff
from nasweb_agent.errors import NotAuthorised, NotWanted, Refused, Stopped, Unreachable
from nasweb_agent.onnx_files import OnnxFile, OnnxRunner
from nasweb_agent.server import Server
from nasweb_agent.settings import Settings
from nasweb_agent.version import VERSION

WAIT_S = 20.0
HEARTBEAT_S = 10.0
HOST_PATIENCE_S = 120.0
_HOST_SLICE_S = 2.0
LAST_WORDS_S = 5.0

logger = logging.getLogger("nasweb_agent")


class Worker:
    """One agent at work.

    `stop` may be called from a signal handler; while the worker merely waits, it raises there, so
    that nothing is waited for to the end.

    Args:
        rng: of the jitter of repeated tries.
    """

    def __init__(self, server: Server, settings: Settings, rng: np.random.Generator) -> None:
        self._server, self._settings = server, settings
        self._backoff = Backoff(rng)
        self._stop = threading.Event()
        self._idle = False
        self._held: dict[str, str] = {}
        self._next_beat = 0.0
        self._references: dict[str, bytes] = {}

    def stop(self, *_: object) -> None:
        """End soon: what is being measured goes back into the line."""
        self._stop.set()
        if self._idle:
            raise Stopped("told to end while waiting")

    def run(self, *, until_empty: bool = False) -> None:
        """Work until told to stop.

        Args:
            until_empty: also end when there is nothing to do.

        Raises:
            NotAuthorised: this agent was revoked.
            Refused: the server does not accept this machine.
        """
        try:
            self._insist("hello/", announcement(self._settings))
            logger.info("Ready: %d ways to run", len(self._settings.runtimes))
            while not self._stop.is_set():
                wait_s = 0.0 if until_empty else WAIT_S
                work = self._insist("claim/", {"wait_s": wait_s}, wait_s=wait_s)
                if work["tasks"]:
                    self._do(work["session"], work["tasks"])
                elif until_empty:
                    return
        except Stopped:
            logger.info("Told to end")
        finally:
            self._return_held()

    def _insist(self, path: str, body: dict[str, Any], wait_s: float = 0.0) -> Any:
        """POST until there is an answer. Stopped, NotAuthorised, Refused."""
        while True:
            try:
                with self._waiting():
                    answer = self._server.post(path, body, wait_s=wait_s)
            except Unreachable as error:
                self._pause(error)
            else:
                self._backoff.reset()
                return answer

    def _pause(self, error: Unreachable) -> None:
        seconds = self._backoff.next_s(error.retry_after_s)
        logger.warning("%s Next try in %.1f s.", error, seconds)
        with self._waiting():
            self._stop.wait(seconds)

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Nothing is lost if a signal interrupts this."""
        self._idle = True
        try:
            if self._stop.is_set():
                raise Stopped("told to end")
            yield
        finally:
            self._idle = False

    def _do(self, session: dict[str, Any], tasks: list[dict[str, Any]]) -> None:
        self._held = {task["id"]: task["digest"] for task in tasks}
        self._next_beat = 0.0
        began = time.monotonic()
        try:
            self._beat()
            reference = self._reference(session, tasks[0])
            files = {task["id"]: self._file(task) for task in tasks}
            self._measure(session, {key: files[key] for key in self._held}, reference)
        except NotWanted:
            logger.info("Nobody wants to know any more")
        except HostBusyError as error:
            self._tell_all("busy", str(error))
        except Refused as error:
            if isinstance(error, NotAuthorised):
                raise
            self._tell_all("stopped", str(error))  # such as a file that was removed meanwhile
        seconds = time.monotonic() - began
        logger.info("%s: %d done in %.1f s", session["device"], len(tasks), seconds)

    def _measure(
        self, session: dict[str, Any], files: dict[str, OnnxFile], reference: OnnxFile
    ) -> None:
        """Measure together; if one file spoils the session, each by itself."""
        try:
            results = self._latencies(session, list(files.values()), reference)
        except PreparationError as error:
            if len(files) == 1:
                (key,) = files
                self._answer(key, "failure/", {"reason": "failed", "error": str(error)[:1000]})
                return
            for key, file in files.items():
                if key in self._held:
                    self._measure(session, {key: file}, reference)
            return
        for key, result in zip(files, results, strict=True):
            self._answer(key, "result/", as_json(result))

    def _latencies(
        self, session: dict[str, Any], files: list[OnnxFile], reference: OnnxFile
    ) -> list[LatencyResult]:
        threads, facts = session["threads"], session["reference"]
        alone, single = self._alone, OnnxRunner(threads, 1)
        usual = facts["usual_ms"]
        if usual is None:  # nobody knows yet what the reference takes here
            (first,) = measure_latency(
                [reference], single, MeasurePlan.parse(facts["first_plan"]),
                exclusive=alone, between_rounds=self._between,
            )  # fmt: skip
            usual = first.latency_ms
        return measure_latency(
            files,
            OnnxRunner(threads, session["batch_size"]),
            MeasurePlan.parse(session["plan"]),
            seed=session["seed"],
            reference=Reference(reference, single, usual),
            exclusive=alone,
            between_rounds=self._between,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The host alone, with a sign of life while others have it. HostBusyError."""
        deadline = time.monotonic() + HOST_PATIENCE_S
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(exclusive(timeout_s=_HOST_SLICE_S))
                    break
                except HostBusyError:
                    self._between()
                    if time.monotonic() > deadline:
                        raise
            yield

    def _between(self) -> None:
        """Between two pieces of work: not while the clock runs."""
        if self._stop.is_set():
            raise Stopped("told to end while measuring")
        if time.monotonic() >= self._next_beat:
            self._beat()

    def _beat(self) -> None:
        """Renew the leases; while the server is away, measuring goes on. NotWanted."""
        self._next_beat = time.monotonic() + HEARTBEAT_S
        for key in list(self._held):
            try:
                state = self._server.post(f"tasks/{key}/heartbeat/")
            except Unreachable as error:
                logger.warning("Heartbeat: %s", error)
                return
            except Refused as error:
                if isinstance(error, NotAuthorised):
                    raise
                state = {"status": "cancelled"}
            if state["status"] != "assigned":
                del self._held[key]
        if not self._held:
            raise NotWanted

    def _reference(self, session: dict[str, Any], task: dict[str, Any]) -> OnnxFile:
        facts = session["reference"]
        if facts["sha256"] not in self._references:
            content = self._download(f"tasks/{task['id']}/reference.onnx", facts["sha256"])
            self._references[facts["sha256"]] = content
        content = self._references[facts["sha256"]]
        return OnnxFile(facts["digest"], content, tuple(facts["input_shape"]))

    def _file(self, task: dict[str, Any]) -> OnnxFile:
        content = self._download(f"tasks/{task['id']}/model.onnx", task["sha256"])
        return OnnxFile(task["digest"], content, tuple(task["input_shape"]))

    def _download(self, path: str, sha256: str) -> bytes:
        """A file, tried again until it is complete. Stopped, Refused."""
        while True:
            try:
                with self._waiting():
                    content = self._server.get(path)
                if hashlib.sha256(content).hexdigest() == sha256:
                    self._backoff.reset()
                    return content
                raise Unreachable(f"{path} arrived damaged.")
            except Unreachable as error:
                self._pause(error)

    def _answer(self, key: str, action: str, body: dict[str, Any]) -> None:
        """Deliver; a result that the server refuses becomes a failure with its reason."""
        if key not in self._held:
            return
        try:
            self._insist(f"tasks/{key}/{action}", body)
        except Refused as error:
            if isinstance(error, NotAuthorised):
                raise
            logger.error("The server refused %s of %s: %s", action, key, error)
            if action == "result/" and error.status == 400:
                self._answer(key, "failure/", {"reason": "failed", "error": str(error)[:1000]})
        self._held.pop(key, None)

    def _tell_all(self, reason: str, error: str) -> None:
        for key in list(self._held):
            self._answer(key, "failure/", {"reason": reason, "error": error[:1000]})

    def _return_held(self) -> None:
        """Give back what was not answered; a server that is away finds out by itself."""
        until = time.monotonic() + LAST_WORDS_S
        for key in list(self._held):
            try:
                if time.monotonic() < until:
                    self._server.post(f"tasks/{key}/failure/", {"reason": "stopped"})
            except (Unreachable, Refused) as error:
                logger.warning("Task %s is not given back: %s", key, error)
        self._held = {}


def announcement(settings: Settings) -> dict[str, Any]:
    """What the server is told of this machine."""
    versions = environment.library_versions() | OnnxRunner(1, 1).versions()
    return {
        "runtimes": settings.runtimes,
        "host": environment.describe_host(),
        "versions": versions,
        "version": VERSION,
    }


def as_json(result: LatencyResult) -> dict[str, Any]:
    """A result as the server reads it."""
    return {
        "digest": result.digest,
        "summary": {
            "latency_ms": result.latency_ms,
            "n": result.n,
            "status": result.status,
            "note": result.note[:300],
            "spread": result.spread.model_dump(),
        },
        "samples": result.samples.model_dump(mode="json"),
        "phases": dict(result.phases),
        "environment": dict(result.environment),
    }
