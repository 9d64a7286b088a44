"""Rows of published tables for tests; tests skip where `NASWEB_DATA` does not hold them."""

import os
from pathlib import Path

import numpy as np
import pytest

from search_engine import load_space


def nb201(columns, count, *, seed=0):
    """Networks of connected NAS-Bench-201 cells and their values on devices."""
    folder = Path(os.environ.get("NASWEB_DATA", "")) / "nb201"
    if not (folder / "nb201_hw.npz").is_file():
        pytest.skip("NASWEB_DATA does not hold nb201/nb201_hw.npz")
    bench, hardware = np.load(folder / "nb201_bench.npz"), np.load(folder / "nb201_hw.npz")
    values = {name: hardware[name].astype(float) for name in columns}
    usable = np.all([np.isfinite(v) for v in values.values()], axis=0) & bench["connected"]
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(usable))[:count]
    space = load_space("nasbench201")
    networks = [space.decode(tuple(genes)) for genes in bench["ops"][rows].tolist()]
    return space, networks, {name: v[rows] for name, v in values.items()}


def drawn(key, count, *, seed=0):
    """A space and networks drawn from it."""
    space = load_space(key)
    genes = space.sample_many(np.random.default_rng(seed), count).tolist()
    return space, [space.decode(tuple(row)) for row in genes]
