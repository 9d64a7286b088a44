"""Architectures of a search space: one by one, drawn, and how their costs are distributed."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.db.models import Count

from experiments.engine import analytic_metrics
from experiments.figures.strip import strip_svg
from hardware_profiles.models import Measurement
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

DRAW_SECONDS = 0.5
BINS = 24
MIN_MEASURED, MAX_MEASURED = 5, 1000


def architecture(space: SearchSpace, genes: Genes) -> dict[str, Any]:
    """One architecture: canonical genes, hash, choices, network and what follows from it.

    Raises:
        SpaceError: the genes do not belong to the space.
    """
    canonical = space.canonical(genes)
    network = space.decode(canonical)
    return {
        "genes": list(canonical),
        "hash": network.digest,
        "choices": space.choices(canonical),
        "network": network.to_json(),
        "costs": analytic_metrics(network),
    }


def example(space: SearchSpace, genes: Genes) -> dict[str, Any]:
    """One architecture as a page previews it: drawn as a strip instead of listed as layers."""
    network = space.decode(genes)
    return {
        "genes": list(genes),
        "hash": network.digest,
        "choices": space.choices(genes),
        "costs": analytic_metrics(network),
        "strip_svg": strip_svg(network),
    }


def draw(space: SearchSpace, n: int, seed: int) -> list[dict[str, Any]]:
    """`n` architectures, uniform and independent (so one may come twice in a small space)."""
    rng = np.random.default_rng(seed)
    return [architecture(space, space.sample(rng)) for _ in range(n)]


def distinct_genes(space: SearchSpace, n: int) -> list[Genes]:
    """Up to `n` random genes, each once."""
    rng, found = np.random.default_rng(0), dict[Genes, None]()
    for _ in range(4 * n):
        found[space.sample(rng)] = None
    return list(found)[:n]


def distribution(space: SearchSpace, n: int, seed: int) -> dict[str, Any]:
    """Parameters and MACs of up to `n` random architectures, as histograms.

    Large networks take their time, so drawing ends after half a second; `n` says how many there
    are. The same seed draws the same ones, in the same order.
    """
    networks = list(_until(space, n, seed))
    return {
        "n": len(networks),
        "seed": seed,
        "params": histogram([network.params for network in networks], ""),
        "macs": histogram([network.macs for network in networks], ""),
    }


def _until(space: SearchSpace, n: int, seed: int) -> Iterator[NetworkSpec]:
    rng, until = np.random.default_rng(seed), time.monotonic() + DRAW_SECONDS
    for drawn in range(n):
        if drawn and time.monotonic() > until:
            return
        yield space.decode(space.sample(rng))


def histogram(values: Sequence[float], unit: str, origin: str = "analytic") -> dict[str, Any]:
    """Bins of equal width (of equal ratio if values span more than a factor of 30).

    Args:
        values: not negative, at least one.
    """
    low, middle, high = (float(q) for q in np.percentile(values, [0, 50, 100]))
    log = low > 0 and high / low > 30
    pad = max(0.5, 1e-6 * high) if high - low <= 1e-9 * high else 0.0
    spaced = np.geomspace if log else np.linspace
    edges = spaced(low - pad, high + pad, BINS + 1)
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)  # rounding loses the extremes
    counts, _ = np.histogram(values, edges)
    return {
        "min": low,
        "median": middle,
        "max": high,
        "unit": unit,
        "origin": origin,
        "scale": "log" if log else "linear",
        "edges": [float(f"{edge:.6g}") for edge in edges],
        "counts": counts.tolist(),
    }


def measured_latencies(key: str) -> list[dict[str, Any]]:
    """Latencies measured on networks of a space, by device; none where there are fewer than 5.

    What was measured is what searches found worth measuring, no random draw.
    """
    rows = Measurement.objects.filter(
        space=key, metric="latency_ms", status="ok", quarantined=False
    )
    counts = rows.order_by().values("device__slug").annotate(n=Count("pk"))
    found = []
    for slug in sorted(row["device__slug"] for row in counts if row["n"] >= MIN_MEASURED):
        newest = rows.filter(device__slug=slug).order_by("-created_at")
        values = list(newest.values_list("value", flat=True)[:MAX_MEASURED])
        found.append({"device": slug, "n": len(values), **histogram(values, "ms", "measured")})
    return found
