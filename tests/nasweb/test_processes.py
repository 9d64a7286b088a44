"""Keeping children alive: output, restarts, back-off, an end that leaves nothing behind."""

import io
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from nasweb.supervisor import processes as module
from nasweb.supervisor.children import Child
from nasweb.supervisor.console import Console
from nasweb.supervisor.processes import Processes

PATIENCE = 20.0  # seconds


def child(name, code, **options):
    return Child(name, ("-c", code), **options)


@pytest.fixture
def run(monkeypatch):
    """Start children; returns processes and what was printed."""
    monkeypatch.setattr(module, "FIRST_DELAY", 0.05)
    monkeypatch.setattr(module, "GRACE", 1.0)
    started = []

    def start(*children):
        out = io.StringIO()
        processes = Processes(children, Console(out))
        started.append(processes)
        return processes, out

    yield start
    for processes in started:
        processes.stop(impatient=lambda: True)


def turn_until(processes, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        processes.turn(0.05)


def test_each_line_carries_the_name_of_its_process(run):
    code = "print('hello'); print('world', end='', flush=True); input()"
    processes, out = run(child("one", code), child("two", "print('other')"))
    turn_until(processes, lambda: "two ended" in out.getvalue())
    assert "one        | hello\n" in out.getvalue()
    assert "two        | other\n" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_child_that_dies_is_restarted_later_each_time(run):
    processes, out = run(child("weak", "import sys; sys.exit(3)"))
    turn_until(processes, lambda: out.getvalue().count("ended") == 3)
    lines = [line for line in out.getvalue().splitlines() if "ended" in line]
    assert [line.split("restart in ")[1] for line in lines] == ["0.05 s", "0.1 s", "0.2 s"]
    assert "exit code 3" in lines[0]


def test_a_killed_child_is_replaced_and_the_signal_is_named(run):
    code = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(60)"
    processes, out = run(child("worker", code))
    turn_until(processes, lambda: "pid" in out.getvalue())
    os.kill(int(out.getvalue().split("pid ")[1]), signal.SIGKILL)
    turn_until(processes, lambda: out.getvalue().count("pid") == 2)
    assert "worker ended (signal SIGKILL)" in out.getvalue()


def test_the_end_takes_grandchildren_and_the_stubborn_along(run):
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    grandchild = f"{stubborn} print('ready', flush=True); import time; time.sleep(60)"
    code = (
        f"{stubborn} import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    )
    before = set(psutil.Process().children(recursive=True))
    processes, out = run(child("stubborn", code))
    turn_until(processes, lambda: "ready" in out.getvalue())
    family = set(psutil.Process().children(recursive=True)) - before
    processes.stop(impatient=lambda: False)
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert len(gone) == 2
    assert alive == []
    assert "ending it by force" in out.getvalue()


def test_children_get_their_environment_and_niceness(run):
    code = "import os; print(os.environ['FLAVOUR'], os.nice(0), flush=True); input()"
    processes, out = run(child("nice", code, environment={"FLAVOUR": "vanilla"}, niceness=5))
    turn_until(processes, lambda: "vanilla" in out.getvalue())
    assert f"vanilla {os.nice(0) + 5}" in out.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux does this")
def test_children_die_with_a_supervisor_that_is_killed(tmp_path):
    note = str(tmp_path / "pid")
    sleeper = f"import os, time; open({note!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = f"""
from nasweb.supervisor.children import Child
from nasweb.supervisor.console import Console
from nasweb.supervisor.processes import Processes
processes = Processes([Child("sleeper", ("-c", {sleeper!r}))], Console())
while True:
    processes.turn(0.1)
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    try:
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        sleeping = psutil.Process(int((tmp_path / "pid").read_text()))
    finally:
        supervisor.kill()
        supervisor.wait()
    _, alive = psutil.wait_procs([sleeping], timeout=5)
    assert alive == []
