"""The processes that make up a running NASWeb; docker/compose.yaml starts the very same ones."""

import sys
from dataclasses import dataclass, field

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""One process computes on one core: more workers, not more threads, use more cores."""

WEB_POOL = {"NASWEB_DATABASE_POOL": "10"}
WORKER_NICENESS = 5  # pages stay quick while networks train


@dataclass(frozen=True, slots=True)
class Child:
    """A process that has to be there all the time, unless it runs `once`.

    Attributes:
        command: arguments of the Python interpreter.
        environment: added to ours.
        once: its end is no accident.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    niceness: int = 0
    once: bool = False

    @property
    def argv(self) -> list[str]:
        """What is executed."""
        return [sys.executable, *self.command]


def web(host: str, port: int) -> Child:
    """HTTP and WebSocket."""
    command = (
        *("-m", "uvicorn", "nasweb.asgi:application", "--host", host, "--port", str(port)),
        *("--lifespan", "off", "--no-access-log", "--log-level", "warning"),
        *("--timeout-graceful-shutdown", "3"),
    )
    return Child("web", command, ONE_THREAD | WEB_POOL)


def worker(name: str, queues: str, niceness: int = 0) -> Child:
    """A Celery worker: one process, one task at a time."""
    command = (
        *("-m", "celery", "--quiet", "--skip-checks", "-A", "nasweb", "worker", "--pool", "solo"),
        *("--queues", queues, "--hostname", f"{name}@%h", "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle"),
    )
    return Child(name, command, ONE_THREAD, niceness)


def beat() -> Child:
    """The clock that returns lost work; it keeps no file, because all its entries are short."""
    command = (
        *(
            "-m",
            "celery",
            "--quiet",
            "--skip-checks",
            "-A",
            "nasweb",
            "beat",
            "--loglevel",
            "WARNING",
        ),
        *("--scheduler", "celery.beat:Scheduler"),
    )
    return Child("beat", command, ONE_THREAD)


def demo() -> Child:
    """Puts the demonstration into the queue."""
    return Child("demo", ("manage.py", "demo"), ONE_THREAD, once=True)


def all_children(host: str, port: int, evaluators: int) -> list[Child]:
    """Web, one search worker, `evaluators` training workers, one device worker, beat."""
    return [
        web(host, port),
        worker("search", "search,jobs"),
        *(
            worker(f"evaluate-{number}", "evaluate", WORKER_NICENESS)
            for number in range(1, evaluators + 1)
        ),
        worker("device", "devices"),
        beat(),
    ]
