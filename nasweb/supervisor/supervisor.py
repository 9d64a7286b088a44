"""The one process behind `manage.py up`: owns servers and children, ends them all."""

import http.client
import os
import signal
import time
from contextlib import ExitStack
from types import FrameType

from django.conf import settings
from django.db import connections

from nasweb import embedded
from nasweb.env import Environment
from nasweb.supervisor import first_steps
from nasweb.supervisor.children import all_children, demo
from nasweb.supervisor.console import Console
from nasweb.supervisor.locks import check_port, lock_folder
from nasweb.supervisor.postgres import Postgres
from nasweb.supervisor.processes import Processes
from nasweb.supervisor.server import Server, ServerError
from nasweb.supervisor.valkey import Valkey

TURN, REVIVAL_PAUSE = 0.2, 3.0  # seconds
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - and where to ask then
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs until a signal arrives. See `docs/operations.md` for what it starts and why."""

    def __init__(self, env: Environment, console: Console, *, with_demo: bool = False) -> None:
        self._env, self._console, self._with_demo = env, console, with_demo
        self._servers: list[Server] = []
        self._signals = 0
        self._announced = False
        self._next_revival = 0.0

    def run(self) -> None:
        """Start everything, keep it running, stop everything.

        Raises:
            Busy: the folder or the port is taken; nothing was started.
            ServerError: an embedded server did not start; what had started was stopped.
        """
        with ExitStack() as stack:
            stack.enter_context(lock_folder(self._env.var))
            check_port(self._env.host, self._env.port)
            for number in STOP_SIGNALS:
                if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                    signal.signal(number, self._on_signal)
            stack.callback(self._stop_servers)
            self._start_servers()
            password = first_steps.prepare_database()
            first_steps.collect_static_files()
            connections.close_all()
            if not self._signals:
                self._supervise(password)

    def _supervise(self, password: str | None) -> None:
        evaluators = self._env.workers or os.cpu_count() or 1
        children = all_children(self._env.host, self._env.port, evaluators)
        self._console.say(f"starting {', '.join(child.name for child in children)}")
        processes = Processes(children, self._console)
        try:
            while not self._signals:
                processes.turn(TURN)
                self._revive_servers()
                if not self._announced and self._web_answers():
                    self._announce(password)
                    if self._with_demo:
                        processes.add(demo())
        finally:
            self._console.say("stopping (once more to force)")
            signals = self._signals
            processes.stop(impatient=lambda: self._signals > signals)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _start_servers(self) -> None:
        var = self._env.var
        if not self._env.database_url:
            postgres = Postgres(embedded.postgres_folder(var))
            self._start(postgres)
            postgres.create_database(embedded.DATABASE)
        if not self._env.redis_url:
            self._start(Valkey(embedded.valkey_folder(var)))

    def _start(self, server: Server) -> None:
        begin = time.monotonic()
        self._servers.append(server)
        server.start()
        seconds = time.monotonic() - begin
        self._console.say(f"{server.name} answers after {seconds:.1f} s; log in {server.log}")

    def _revive_servers(self) -> None:
        for server in self._servers:
            if not server.is_running() and time.monotonic() >= self._next_revival:
                self._console.say(f"{server.name} ended by itself; starting it again")
                self._next_revival = time.monotonic() + REVIVAL_PAUSE
                try:
                    server.start()
                except ServerError as error:
                    self._console.say(str(error))

    def _stop_servers(self) -> None:
        for server in reversed(self._servers):
            server.stop()
        self._console.say("everything has stopped")

    def _web_answers(self) -> bool:
        host = EVERYWHERE.get(self._env.host, self._env.host)
        try:
            connection = http.client.HTTPConnection(host, self._env.port, timeout=1)
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False

    def _announce(self, password: str | None) -> None:
        self._announced = True
        host = "localhost" if self._env.host in EVERYWHERE else self._env.host
        shown = f"[{host}]" if ":" in host else host
        lines = [f"NASWeb is ready at http://{shown}:{self._env.port}/"]
        if password:
            lines.append(f"Log in as {first_steps.ADMIN} with the password {password}")
            lines.append("(shown only this once; `manage.py changepassword admin` sets another)")
        else:
            lines.append(f"Log in as {first_steps.ADMIN}, password as chosen at the first start")
        lines.append(f"Data: {settings.NASWEB_VAR}    Ctrl-C stops everything")
        self._console.banner(lines)
