"""Fixtures of the wiring's tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nasweb-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may pass through.

    pytest's `tmp_path` is not: each session that starts makes its root private again.
    """
    yield from _folder()


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    """The same for all tests of a file."""
    yield from _folder()
