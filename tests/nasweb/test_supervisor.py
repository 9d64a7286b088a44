"""`manage.py up` with real servers and processes: it answers, recovers, leaves nothing."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from nasweb import embedded

pytestmark = pytest.mark.xdist_group("stack")
ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds; a loaded machine needs many of them
PASSWORD = "stack-password"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)
    return found


class Stack:
    """One `manage.py up` in a folder of its own."""

    def __init__(self, var, port=None):
        self.var, self.port = var, port or free_port()
        self.log = var.parent / f"{var.name}.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        env = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        env |= {
            "DJANGO_SETTINGS_MODULE": "nasweb.settings",
            "NASWEB_VAR": str(self.var),
            "PORT": str(self.port),
            "NASWEB_WORKERS": "1",
            "NASWEB_ADMIN_PASSWORD": PASSWORD,
        }
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], env=env, cwd=ROOT, stdout=out, stderr=out
            )
        return self

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_ready(self):
        wait_until(lambda: self.get("/readyz")[0] == 200, self.output)
        return self

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def family(self):
        """Every process that belongs to it, whoever its parent is now."""
        mine = psutil.Process(self.process.pid)
        return [mine, *mine.children(recursive=True)]

    def child(self, word):
        """The child whose command line contains a word."""
        found = [p for p in self.family()[1:] if word in " ".join(p.cmdline())]
        return found[0] if found else None

    def database(self):
        return psycopg.connect(embedded.database_url(self.var), autocommit=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            family = self.family()
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
            for left in psutil.wait_procs(family, timeout=5)[1]:
                left.kill()


@pytest.fixture(scope="module")
def stack(module_folder):
    started = Stack(module_folder / "var").start()
    try:
        yield started.wait_ready()
    finally:
        started.stop()


def test_the_address_is_printed_and_answers(stack):
    assert f"ready at {stack.url}/" in stack.output()
    assert "admin" in stack.output()
    assert PASSWORD not in stack.output()
    status, page = stack.get("/")
    assert status == 200
    assert "csrfmiddlewaretoken" in page


def test_scripts_and_styles_need_no_build_step(stack):
    _, page = stack.get("/login/")
    files = re.findall(r"(?:src|href)=[\"'](/static/[^\"']+)", page)
    assert files
    for file in files:
        assert stack.get(file)[0] == 200, file


def test_the_admin_can_log_in_by_rest(stack):
    body = json.dumps({"username": "admin", "password": PASSWORD}).encode()
    request = urllib.request.Request(
        f"{stack.url}/api/v1/auth/token/", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        token = json.load(response)["token"]
    request = urllib.request.Request(
        f"{stack.url}/api/v1/devices/", headers={"Authorization": f"Token {token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        slugs = [device["slug"] for device in json.load(response)["results"]]
    assert "local-cpu" in slugs


def test_nothing_listens_but_the_web(stack):
    ports = {
        connection.laddr.port
        for process in stack.family()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert ports == {stack.port}


def test_the_device_worker_follows_the_list_of_devices(stack):
    def served():
        return 'queue="device.another"' in stack.get("/metrics")[1]

    with stack.database() as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'hardware_profiles_device'"
                " AND column_name NOT IN ('id', 'slug', 'name')"
            )
        ]
        copied = ", ".join(f'"{name}"' for name in names)
        connection.execute(
            f"INSERT INTO hardware_profiles_device (slug, name, {copied})"
            f" SELECT 'another', 'Another', {copied} FROM hardware_profiles_device"
            " WHERE slug = 'local-cpu'"
        )
        wait_until(served, stack.output)
        connection.execute("DELETE FROM hardware_profiles_device WHERE slug = 'another'")
    wait_until(lambda: not served(), stack.output)


@pytest.mark.parametrize("word", ["evaluate-1@", "uvicorn", "beat", "valkey-server", "/postgres"])
def test_a_process_that_is_killed_comes_back(stack, word):
    victim = wait_until(lambda: stack.child(word), stack.output)
    victim.kill()
    wait_until(lambda: not victim.is_running(), stack.output)
    wait_until(lambda: stack.child(word), stack.output)
    stack.wait_ready()
    assert re.search(r"ended", stack.output())


def test_a_second_one_on_the_same_folder_is_refused(stack):
    second = Stack(stack.var)
    second.log = stack.var.parent / "second.log"
    assert second.start().process.wait(60) == 1
    assert f"process {stack.process.pid}" in second.output()
    assert "NASWEB_VAR" in second.output()
    assert stack.get("/healthz")[0] == 200


def test_a_port_in_use_is_said_before_anything_starts(stack, tmp_path):
    second = Stack(tmp_path / "var", port=stack.port)
    assert second.start().process.wait(60) == 1
    assert f"port {stack.port}: Address already in use" in second.output()
    assert "Traceback" not in second.output()
    assert not (second.var / "postgres").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel of Linux")
def test_data_survive_kill_9_and_ctrl_c_leaves_nothing_running(stack):
    with stack.database() as connection:
        connection.execute("UPDATE auth_user SET first_name = 'Ada' WHERE username = 'admin'")
    family = stack.family()
    stack.process.kill()
    stack.process.wait()
    assert psutil.wait_procs(family, timeout=30)[1] == []

    stack.start().wait_ready()
    with stack.database() as connection:
        query = "SELECT first_name FROM auth_user WHERE username = 'admin'"
        assert connection.execute(query).fetchone() == ("Ada",)
    family = stack.family()
    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(60) == 0
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert "everything has stopped" in stack.output()
