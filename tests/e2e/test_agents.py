"""Two agents on one host, each with its own thread count, against the real product."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from hardware_profiles.host_lock import exclusive
from nasweb import embedded
from tests.e2e.stack import ROOT, Stack

pytestmark = pytest.mark.e2e

GENES = ([0] * 31, [1] + [0] * 30)


class Agent:
    """One installed client: a file with its token, and a process."""

    def __init__(self, stack: Stack, folder, threads: int) -> None:
        self.name = f"bench {secrets.token_hex(4)} x{threads}"
        self.file, self.threads = folder / f"{threads}.json", threads
        self.log = (folder / f"{threads}.log").open("ab")
        self._stack = stack
        code = stack.post("/api/v1/agents/codes/")["code"]
        self._command(
            *("register", "--server", stack.url, "--code", code, "--name", self.name),
            *("--threads", str(threads), "--precisions", "fp32"),
        ).check_returncode()
        self.process = None

    def _command(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "nasweb_agent", *arguments, "--file", self.file]
        return subprocess.run(command, env=environment(), capture_output=True, timeout=60)

    def start(self) -> None:
        command = [sys.executable, "-m", "nasweb_agent", "run", "--file", self.file]
        self.process = subprocess.Popen(
            command, env=environment(), stdout=self.log, stderr=self.log
        )

    @property
    def device(self) -> str:
        rows = self._stack.get("/api/v1/devices/?limit=1000")["results"]
        return next(row["slug"] for row in rows if row["name"].startswith(self.name))

    def ask(self, genes) -> str:
        """Ask for a measurement; the job's id."""
        body = {"search_space": "mbconv-tiny", "genes": genes}
        return self._stack.post(f"/api/v1/devices/{self.device}/measure/", body)["job"]


def environment():
    path = os.pathsep.join([str(ROOT), str(ROOT / "agent" / "src")])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def agents(stack, tmp_path):
    if (os.cpu_count() or 1) < 2:
        pytest.skip("Two thread counts need two cores.")
    found = [Agent(stack, tmp_path, threads) for threads in (1, 2)]
    for agent in found:
        agent.start()
    yield found
    for agent in found:
        if agent.process.poll() is None:
            agent.process.kill()
        agent.process.wait()
        agent.log.close()
        sys.stdout.write(Path(agent.log.name).read_text()[-3000:])  # shown when the test fails


def attempts(stack, job):
    """How often an agent began with a job's task, while it holds it."""
    with psycopg.connect(embedded.database_url(stack.var), autocommit=True) as database:
        found = database.execute(
            "select attempts from hardware_profiles_agenttask"
            " where reference = %s and status = 'assigned' and attempts > 0", [job]
        )  # fmt: skip
        return (found.fetchone() or (0,))[0]


def job_of(stack, key):
    return stack.get(f"/api/v1/jobs/{key}/")


def finished(stack, key):
    stack.wait_for(lambda: job_of(stack, key)["status"] in ("done", "failed"), 60, "an agent")
    return job_of(stack, key)


def test_agents_measure_through_a_kill_and_a_restart_of_the_server(stack, agents):
    one, two = agents
    jobs = [agent.ask(GENES[0]) for agent in agents]
    for agent, key in zip(agents, jobs, strict=True):
        job = finished(stack, key)
        assert job["status"] == "done", job["error"]
        assert job["result"]["origin"] == "measured"
        assert job["result"]["environment"]["agent"]["name"] == agent.name
        assert job["result"]["device"].endswith(f"-{agent.threads}t")

    with exclusive(timeout_s=60):  # nobody measures now, so the kill comes in the middle
        lost = one.ask(GENES[0])  # its file is there: making one waits for the host as well
        stack.wait_for(lambda: attempts(stack, lost), 60, "the agent to begin")
        one.process.kill()
        one.process.wait()
    assert finished(stack, two.ask(GENES[1]))["status"] == "done", "the other agent goes on"
    assert job_of(stack, lost)["status"] == "waiting"

    (web,) = (
        child
        for child in psutil.Process(stack.process.pid).children()
        if "nasweb.asgi:application" in child.cmdline()
    )
    web.kill()
    web.wait(10)
    one.start()  # while there is no server
    stack.wait_for(stack.is_ready, 60, "the new web process")
    found = finished(stack, lost)
    assert found["status"] == "done", found["error"]

    for agent in agents:
        agent.process.send_signal(signal.SIGTERM)
    assert [agent.process.wait(30) for agent in agents] == [0, 0]
