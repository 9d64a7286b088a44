"""What all Plotly charts share: layout, axes, and the settings of the graph component."""

from typing import Any

Figure = dict[str, Any]

FONT = (
    '-apple-system, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", "Liberation Sans",'
    " system-ui, sans-serif"
)
MARGIN = {"l": 58, "r": 14, "t": 10, "b": 46}
CLEAR = "rgba(0,0,0,0)"

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "responsive": True,
    "doubleClick": "reset",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


def layout(x: dict[str, Any], y: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Transparent, without a legend (chips in the page are the legend); zoom survives updates."""
    return {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": MARGIN,
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
        "uirevision": "keep",
        "font": {"family": FONT, "size": 12},
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left"},
        "xaxis": x,
        "yaxis": y,
        **more,
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """A quiet axis: thin grid, line and ticks outside."""
    return {
        "title": {"text": title, "font": {"size": 12}, "standoff": 8},
        "showline": True,
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 4,
        "gridwidth": 1,
        "zeroline": False,
        "automargin": True,
        "fixedrange": False,
        **more,
    }


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers within a range, about `wanted` of them; one for an empty range."""
    if not high > low:
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** _floor_log10(raw)
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first = -(-low // step)
    ticks = []
    while (value := first * step) <= high + step * 1e-9:
        ticks.append(round(value, 12))
        first += 1
    return ticks


def padded(values: list[float], share: float = 0.05) -> tuple[float, float]:
    """Range of the values plus a margin; a single value gets room as well."""
    low, high = min(values), max(values)
    room = (high - low) * share or abs(high) * share or 1.0
    return low - room, high + room


def _floor_log10(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])
