"""The embedded servers: private, data survive, a crash of their owner leaves nothing in the way."""

import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress

import psutil
import psycopg
import pytest
import redis

from nasweb.supervisor.postgres import FAST_AND_FORGETFUL, Postgres
from nasweb.supervisor.server import ServerError
from nasweb.supervisor.valkey import Valkey


@pytest.fixture
def cleanup():
    started = []
    yield started.append
    for server in started:
        server.stop()


@pytest.fixture
def postgres(server_folder, cleanup):
    """A started cluster of its own."""
    server = Postgres(server_folder / "postgres", settings=FAST_AND_FORGETFUL)
    cleanup(server)
    server.start()
    return server


@pytest.fixture
def valkey(server_folder, cleanup):
    """A started Valkey of its own."""
    server = Valkey(server_folder / "valkey")
    cleanup(server)
    server.start()
    return server


def _listening_ports(pid):
    return [
        c for c in psutil.Process(pid).net_connections("inet") if c.status == psutil.CONN_LISTEN
    ]


def test_postgres_is_reachable_through_a_private_socket_only(postgres):
    assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700
    assert _listening_ports(postgres.process.pid) == []
    with psycopg.connect(postgres.url) as connection:
        assert connection.info.server_version >= 180000


def test_postgres_keeps_its_data(postgres):
    postgres.create_database("kept")
    postgres.create_database("kept")  # a second time changes nothing
    postgres.stop()
    postgres.start()
    with psycopg.connect(postgres.url) as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
    assert ("kept",) in names


def test_postgres_takes_over_from_an_owner_that_was_killed(postgres, server_folder, cleanup):
    orphan = postgres.process.pid
    second = Postgres(server_folder / "postgres", settings=FAST_AND_FORGETFUL)
    cleanup(second)
    second.start()
    assert not postgres.is_running()
    assert second.process.pid != orphan


def test_postgres_recovers_after_it_was_killed_itself(postgres):
    postgres.create_database("kept")
    family = psutil.Process(postgres.process.pid).children()
    postgres.process.kill()
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    postgres.process.wait()
    psutil.wait_procs(family)
    assert (postgres.folder / "postmaster.pid").exists()
    postgres.start()
    with psycopg.connect(postgres.url.replace("/postgres?", "/kept?")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_stale_process_id_of_a_stranger_is_no_obstacle(server_folder, cleanup):
    server = Valkey(server_folder / "valkey")
    cleanup(server)
    server.prepare()
    server.pid_file().write_text(f"{os.getpid()}\n")  # this test: alive, and not a Valkey
    server.start()
    assert server.is_running()


def test_a_server_that_cannot_start_quotes_its_log(server_folder):
    server = Postgres(server_folder / "postgres", settings=FAST_AND_FORGETFUL | {"nonsense": "1"})
    with pytest.raises(ServerError, match="unrecognized configuration parameter"):
        server.start()
    assert server.process is None


def test_an_interrupted_creation_leaves_no_half_cluster(server_folder, cleanup):
    (server_folder / "postgres.new").mkdir()
    (server_folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = Postgres(server_folder / "postgres", settings=FAST_AND_FORGETFUL)
    cleanup(server)
    server.start()
    assert not (server_folder / "postgres.new").exists()


def test_valkey_is_reachable_through_a_private_socket_only(valkey):
    assert stat.S_IMODE(valkey.folder.stat().st_mode) == 0o700
    assert _listening_ports(valkey.process.pid) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_valkey_keeps_its_data(valkey, how):
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        client.set("kept", "yes")
        client.waitaof(1, 0, 5000)
    valkey.process.send_signal(how)
    valkey.process.wait()
    valkey.start()
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        assert client.get("kept") == "yes"


def test_valkey_refuses_a_folder_that_others_can_enter(server_folder):
    (server_folder / "valkey").mkdir(mode=0o755)
    (server_folder / "valkey").chmod(0o755)
    with pytest.raises(ServerError, match="chmod 700"):
        Valkey(server_folder / "valkey").start()


def test_a_long_path_is_no_obstacle(server_folder, cleanup):
    """A socket's path may have about a hundred characters, a folder's may have more."""
    deep = server_folder / ("long" * 30)
    deep.mkdir()
    servers = Postgres(deep / "postgres", settings=FAST_AND_FORGETFUL), Valkey(deep / "valkey")
    for server in servers:
        cleanup(server)
        server.start()
        assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
        assert not server.sockets.is_relative_to(server_folder)
        server.stop()
        assert not server.sockets.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("kind", [Postgres, Valkey])
def test_data_of_another_user_are_left_alone(server_folder, kind):
    folder = server_folder / "data"
    folder.mkdir(mode=0o700)
    (folder / "PG_VERSION").write_text("18\n")
    os.chown(folder, 4711, 4711)
    with pytest.raises(ServerError, match=r"another user \(number 4711"):
        kind(folder).start()


def test_the_site_runs_on_a_database_server_over_tcp(server_folder, cleanup):
    """The same code as with the embedded socket: only DATABASE_URL differs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Postgres(server_folder / "pg", listen=("127.0.0.1", port), settings=FAST_AND_FORGETFUL)
    cleanup(server)
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE nas LOGIN PASSWORD 'p@ss word'")
        connection.execute("CREATE DATABASE search OWNER nas")
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nasweb.settings",
        "DATABASE_URL": f"postgresql://nas:p%40ss%20word@127.0.0.1:{port}/search",
        "NASWEB_ADMIN_PASSWORD": "over-tcp-1",
    }
    command = [sys.executable, "manage.py", "prepare"]
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=120)
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT username FROM auth_user").fetchall() == [("admin",)]
        devices = connection.execute("SELECT slug FROM hardware_profiles_device").fetchall()
    assert ("local-cpu",) in devices
