"""Training curves: validation loss solid, training loss dotted, on a logarithmic axis."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.figures import numbers, palette
from experiments.figures.chart import Figure, axis, layout

COLOURS = ("front", "limit", "second", "baseline")
MAX_CURVES = 8
LOG = {
    "type": "log",
    "tickmode": "array",
    "tickvals": [digit * 10.0**power for power in range(-5, 3) for digit in (1, 2, 5)],
    "tickformat": "~g",
}

Curve = Sequence[Mapping[str, Any]]


def figure(curves: Mapping[str, Curve], best: str = "") -> Figure:
    """Losses of several candidates by number; at most eight, the best one grey in the back."""
    shown = list(curves.items())[:MAX_CURVES]
    live = [name for name, _ in shown if name != best]
    traces = []
    for name, curve in shown:
        colour = COLOURS[live.index(name) % len(COLOURS)] if name in live else "infeasible"
        traces += _losses(name, curve, palette.TRACES[colour])
    return {
        "data": traces,
        "layout": layout(
            axis("Epoch", dtick=_epoch_tick(curves.values())),
            axis("Loss", **LOG),
            hovermode="x",
        ),
    }


def training_figure(curve: Curve) -> Figure:
    """Losses and validation accuracy of one candidate, over each other."""
    losses = _losses("", curve, palette.TRACES["limit"])
    accuracy = [_percent(row.get("val_accuracy")) for row in curve]
    epochs = [row["epoch"] for row in curve]
    top = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "validation accuracy",
        "meta": "accuracy",
        "x": epochs,
        "y": accuracy,
        "yaxis": "y2",
        "line": {"color": palette.TRACES["front"], "width": 2},
        "marker": {"size": 6},
        "hovertemplate": "epoch %{x}: accuracy %{y:.2f} %<extra></extra>",
    }
    return {
        "data": [*losses, top],
        "layout": layout(
            axis("Epoch", dtick=_epoch_tick([curve])),
            axis("Loss", domain=[0, 0.46], **LOG),
            yaxis2=axis("Accuracy", domain=[0.54, 1], ticksuffix=" %", anchor="x"),
            hovermode="x",
        ),
    }


def _losses(name: str, curve: Curve, colour: str) -> list[dict[str, Any]]:
    epochs = [row["epoch"] for row in curve]
    prefix = f"#{name} " if name else ""
    looks = (
        ("val_loss", "validation loss", "solid", 2),
        ("train_loss", "training loss", "dot", 1.5),
    )
    return [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(epochs) < 2 else "lines",
            "name": f"{prefix}{words}",
            "meta": [name, key],
            "x": epochs,
            "y": [_positive(row.get(key)) for row in curve],
            "line": {"color": colour, "dash": dash, "width": width},
            "hovertemplate": f"{prefix}{words} %{{y:.4f}}<extra></extra>",
        }
        for key, words, dash, width in looks
    ]


def _positive(value: Any) -> float | None:
    """A loss that a logarithmic axis can show."""
    return float(value) if numbers.is_number(value) and value > 0 else None


def _percent(value: Any) -> float | None:
    return round(100 * value, 4) if numbers.is_number(value) else None


def _epoch_tick(curves: Any) -> int:
    """Whole epochs, about eight ticks."""
    longest = max((row["epochs"] for curve in curves for row in curve), default=1)
    return max(1, -(-longest // 8))
