"""Hypervolume of each run against finished candidates or wall time; the baseline is dotted."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.figures import palette
from experiments.figures.chart import Figure, axis, layout

ABSCISSAS = {"trials": "Finished candidates of the run", "seconds": "Wall time of the run, s"}


def figure(series: Sequence[Mapping[str, Any]], x: str = "trials") -> Figure:
    """One step line per run.

    Args:
        series: as `selectors.hypervolume_series` gives them.
        x: a key of ABSCISSAS.

    Raises:
        KeyError: `x` is none of them.
    """
    return {
        "data": [_trace(item, x) for item in series],
        "layout": layout(
            axis(ABSCISSAS[x], rangemode="tozero"),
            axis("Hypervolume (better ↑)", rangemode="tozero", tickformat=".3~f"),
            meta={"x": x},
            uirevision=x,
        ),
    }


def run_name(item: Mapping[str, Any]) -> str:
    """`nsga2, seed 0`; the baseline says so."""
    return f"{item['strategy']}, seed {item['seed']}{' (baseline)' if item['baseline'] else ''}"


def _trace(item: Mapping[str, Any], x: str) -> dict[str, Any]:
    role = "baseline" if item["baseline"] else "front"
    name = run_name(item)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "meta": item["run"],
        "x": list(item[x]),
        "y": list(item["hypervolume"]),
        "line": {
            "shape": "hv",
            "width": 2,
            "color": palette.TRACES[role],
            "dash": "dot" if item["baseline"] else "solid",
        },
        "hovertemplate": f"{name}<br>%{{x}}: %{{y:.4f}}<extra></extra>",
    }
