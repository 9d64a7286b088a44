"""Starts one PostgreSQL and one Valkey per test session, before Django reads its settings.

Loaded by `-p tests.servers` (pyproject.toml). Under pytest-xdist the controller owns the servers
and its workers inherit the addresses; when the session ends, or dies, the servers end with it.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from nasweb.supervisor.postgres import FAST_AND_FORGETFUL, Postgres
from nasweb.supervisor.valkey import Valkey

BENCHMARK_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DATABASES = 64  # Redis databases: one per xdist worker


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start what DATABASE_URL and REDIS_URL do not name already; say where benchmark data lies."""
    if BENCHMARK_DATA.is_dir():
        os.environ.setdefault("NASWEB_DATA", str(BENCHMARK_DATA))
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        number = 1 + int(worker.removeprefix("gw")) % (DATABASES - 1)
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("db=0", f"db={number}")
        return
    var = Path(tempfile.mkdtemp(prefix="nasweb-test-"))
    early_config.add_cleanup(lambda: shutil.rmtree(var, ignore_errors=True))
    os.environ["NASWEB_VAR"] = str(var)
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(var / "postgres", settings=FAST_AND_FORGETFUL)
        early_config.add_cleanup(postgres.stop)
        postgres.start()
        os.environ["DATABASE_URL"] = postgres.url
    if not os.environ.get("REDIS_URL"):
        valkey = Valkey(var / "valkey", databases=DATABASES)
        early_config.add_cleanup(valkey.stop)
        valkey.start()
        os.environ["REDIS_URL"] = valkey.url
