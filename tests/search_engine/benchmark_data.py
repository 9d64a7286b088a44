"""Tests on benchmark files skip, with the reason, where `NASWEB_DATA` does not hold them."""

import pytest


def require(member):
    """Skip the test if this data set or evaluator lacks its file."""
    if reason := member.available():
        pytest.skip(reason)
