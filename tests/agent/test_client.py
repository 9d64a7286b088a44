"""The client's own parts: its file, the addresses it trusts, how long it waits, how it insists."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from nasweb_agent import settings as files
from nasweb_agent.backoff import Backoff
from nasweb_agent.cli import main
from nasweb_agent.errors import AgentError, NotAuthorised, Refused, SettingsError, Unreachable
from nasweb_agent.server import Server, check_address
from nasweb_agent.settings import Settings
from nasweb_agent.worker import Worker

TOKEN = "t" * 40
NOTHING = {"session": None, "tasks": []}


@pytest.fixture
def settings():
    return Settings(server="https://nas.example.org", token=TOKEN, threads=(1, 2))


# The file


def test_the_file_is_for_its_owner_only(settings, tmp_path):
    path = tmp_path / "new" / "agent.json"
    files.save(settings, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.load(path) == settings
    assert TOKEN not in repr(settings)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_others_can_read_is_refused(settings, tmp_path):
    files.save(settings, tmp_path / "agent.json")
    (tmp_path / "agent.json").chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        files.load(tmp_path / "agent.json")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"server": "x", "token": ""}'])
def test_a_damaged_file_says_what_to_do(tmp_path, content):
    path = tmp_path / "agent.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="Register again"):
        files.load(path)


def test_without_a_file_the_command_says_register_first(tmp_path, capsys):
    assert main(["run", "--file", str(tmp_path / "none.json")]) == 1
    assert "Register this machine first" in capsys.readouterr().err


def test_every_precision_with_every_thread_count_is_announced(settings):
    found = [(item["precision"], item["threads"]) for item in settings.runtimes]
    assert found == [("fp32", 1), ("fp32", 2), ("int8", 1), ("int8", 2)]


# Addresses


@pytest.mark.parametrize(
    "url",
    ["https://nas.example.org/", "http://localhost:8000", "http://127.0.0.1", "http://[::1]:1"],
)
def test_encrypted_and_local_addresses_are_fine(url):
    assert check_address(url, plain_http=False) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://nas.example.org", "--plain-http"),
        ("http://127.0.0.1.example.org", "--plain-http"),
        ("http://192.168.1.5:8000", "--plain-http"),
        ("nas.example.org", "no address"),
        ("ftp://nas.example.org", "no address"),
        ("https://me:secret@nas.example.org", "Leave user and password out"),
    ],
)
def test_other_addresses_are_refused(url, words):
    with pytest.raises(AgentError, match=words):
        check_address(url, plain_http=False)


def test_plain_http_can_be_allowed():
    assert check_address("http://192.168.1.5", plain_http=True) == "http://192.168.1.5"


# Patience


def test_delays_double_up_to_a_minute_and_start_anew():
    backoff = Backoff(np.random.default_rng(0))
    delays = [backoff.next_s() for _ in range(12)]
    full = [min(60.0, 0.5 * 2**n) for n in range(12)]
    assert all(half / 2 <= delay <= half for delay, half in zip(delays, full, strict=True))
    backoff.reset()
    assert backoff.next_s() <= 0.5
    assert backoff.next_s(at_least_s=30) == 30


class Script(BaseHTTPRequestHandler):
    """Answers from a list, and notes what was asked."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path.removeprefix("/api/v1/agents/"), body))
        self.server.tokens.add(self.headers["Authorization"])
        status, answer = self.server.answers.pop(0)
        content = json.dumps(answer).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://elsewhere.example.org/")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def scripted():
    """A server that gives the answers it is told to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Script)
    server.answers, server.asked, server.tokens = [], [], set()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.client = Server(f"http://127.0.0.1:{server.server_port}", TOKEN)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_insists_until_the_server_is_back(scripted, settings):
    failing = [(503, {}), (502, {}), (429, {})]
    scripted.answers += [*failing, (200, {}), *failing, (200, NOTHING)]
    worker = Worker(scripted.client, settings, np.random.default_rng(0))
    worker._backoff = Backoff(np.random.default_rng(0), first_s=0.001)
    worker.run(until_empty=True)
    assert [path for path, _ in scripted.asked] == ["hello/"] * 4 + ["claim/"] * 4
    assert scripted.tokens == {f"Agent {TOKEN}"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, NotAuthorised), (404, Refused), (302, Refused), (500, Unreachable)],
)
def test_errors_are_of_three_kinds(scripted, status, kind):
    error = {"attr": "name", "detail": "is wrong", "code": "invalid"}
    scripted.answers.append((status, {"type": "x", "errors": [error]}))
    with pytest.raises(kind) as found:
        scripted.client.post("claim/")
    assert type(found.value) is kind
    assert ("elsewhere.example.org" if status == 302 else "name: is wrong") in str(found.value)


def test_a_revoked_agent_ends(scripted, settings):
    scripted.answers.append((401, {"errors": []}))
    worker = Worker(scripted.client, settings, np.random.default_rng(0))
    with pytest.raises(NotAuthorised):
        worker.run()


def test_a_silent_server_is_unreachable():
    with pytest.raises(Unreachable, match="No answer"):
        Server("http://127.0.0.1:9").post("claim/")
