"""Tests on benchmark files skip, with the reason, where `NASWEB_DATA` does not hold them."""

import os
from pathlib import Path

import pytest


def require(member):
    """Skip the test if this data set or evaluator lacks its file."""
    if reason := member.available():
        pytest.skip(reason)


def shared_file(name):
    """A file below `NASWEB_DATA`; skips the test where it is not there."""
    folder = os.environ.get("NASWEB_DATA", "")
    path = Path(folder, name)
    if not folder or not path.exists():
        pytest.skip(f"NASWEB_DATA has no {name}")
    return path
