"""How good the model of a device is: figures with their split, rivals, pairs behind them."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.figures import numbers
from experiments.figures.device_accuracy import BAND, accuracy_svg, describe
from experiments.figures.svg import as_html
from experiments.formats import age_text
from experiments.pages.device_list import percent
from hardware_profiles.models import Device, FittedModel
from search_engine.costs.predictors import PREDICTORS
from search_engine.spaces import SPACES

SHORT = 10
"""Offenders that are shown before anybody asks for all."""


def current_models(device: Device) -> list[FittedModel]:
    """One per space and metric, without their states."""
    rows = device.models.filter(is_current=True).select_related("profile")
    return list(rows.defer("state").order_by("metric", "space"))


def quality(model: FittedModel) -> dict[str, Any]:
    """The quality card: figures, split, floor, and every model that was compared."""
    errors = model.errors
    report = model.profile.report if model.profile else {}
    floor = errors.get("floor_mape")
    return {
        "model": model,
        "label": model_label(model.kind),
        "space_label": space_label(model.space),
        "age": age_text(model.created_at),
        "mape": percent(errors.get("mape")),
        "interval": _interval(errors),
        "figures": _figures(errors),
        "n": errors.get("n"),
        "split": errors.get("split", ""),
        "floor": percent(floor) if floor is not None else "",
        "floor_n": errors.get("floor_n"),
        "rivals": _rivals(errors.get("cross_validated") or report.get("candidates", {}), model),
        "note": model.note or report.get("note", ""),
    }


def accuracy(model: FittedModel) -> dict[str, Any] | None:
    """The plot and its table, the worst network first; None without held-out pairs."""
    pairs = [pair for pair in model.pairs if pair["measured"] > 0 and pair["predicted"] > 0]
    if not pairs:
        return None
    measured, predicted = ([pair[side] for pair in pairs] for side in ("measured", "predicted"))
    rows = [_pair(index, pair, model.space) for index, pair in enumerate(pairs)]
    title = f"Predicted against measured latency, {space_label(model.space)}"
    return {
        "picture": as_html(accuracy_svg(measured, predicted, title)),
        "summary": describe(measured, predicted),
        "rows": sorted(rows, key=lambda row: -row["size"]),
        "short": SHORT,
    }


def model_label(kind: str) -> str:
    """Name of a predictor for people."""
    return PREDICTORS.entry(kind).label if kind in PREDICTORS else kind


def space_label(slug: str) -> str:
    """Name of a search space; one's own spaces are called by their slug."""
    return SPACES.entry(slug).label if slug in SPACES else slug


def _interval(errors: Mapping[str, Any]) -> str:
    low, high = errors.get("mape_low"), errors.get("mape_high")
    if not (numbers.is_number(low) and numbers.is_number(high)):
        return ""
    return f"{low:.1f}–{high:.1f} %"


def _figures(errors: Mapping[str, Any]) -> list[dict[str, str]]:
    """Name, text and meaning of each figure."""
    rows = (
        ("Within ±10 %", percent(errors.get("within_10pct"), 0), "Share predicted that closely."),
        ("Within ±5 %", percent(errors.get("within_5pct"), 0), "Share predicted that closely."),
        ("Kendall τ", _plain(errors.get("kendall_tau")), "Agreement of ranks; 1 = same order."),
        (
            "τ of the fastest tenth",
            _plain(errors.get("kendall_top")),
            "Agreement of ranks where a search ends.",
        ),
        ("R²", _plain(errors.get("r2"), 3), "Share of the variance explained."),
        ("Bias", signed_percent(errors.get("bias")), "Mean error; above 0 = predicted too slow."),
        ("Median error", percent(errors.get("median_ape")), "Half of the networks are closer."),
    )
    return [{"name": name, "text": text, "title": title} for name, text, title in rows]


def _rivals(candidates: Mapping[str, Mapping[str, Any]], model: FittedModel) -> list[dict]:
    """Every model that was tried, best first; those that could not be fitted with the reason."""
    rows = [
        {
            "kind": kind,
            "label": model_label(kind),
            "chosen": kind == model.kind,
            "reason": facts.get("reason", ""),
            "mape": percent(facts.get("mape")),
            "within": percent(facts.get("within_10pct"), 0),
            "tau": _plain(facts.get("kendall_tau")),
            "order": (not facts.get("mape"), -(facts.get("within_10pct") or 0), facts.get("mape")),
        }
        for kind, facts in candidates.items()
    ]
    return sorted(rows, key=lambda row: (row["order"][0], row["order"][1], row["order"][2] or 0))


def _pair(index: int, pair: Mapping[str, Any], space: str) -> dict[str, Any]:
    error = pair["predicted"] / pair["measured"] - 1
    return {
        "index": index,
        "genes": ",".join(map(str, pair["genes"])),
        "space": space,
        "name": short_genes(pair["genes"], 6),
        "measured": numbers.metric("latency_ms", pair["measured"]),
        "predicted": numbers.metric("latency_ms", pair["predicted"]),
        "error": signed_percent(100 * error),
        "size": abs(error),
        "outside": abs(error) > BAND,
    }


def short_genes(genes: Sequence[int], most: int = 12) -> str:
    """Genes as one word, cut where they are many."""
    text = "·".join(map(str, genes[:most]))
    return f"{text}…" if len(genes) > most else text


def _plain(value: Any, digits: int = 2) -> str:
    if not numbers.is_number(value):
        return numbers.MISSING
    return f"{'−' if value < 0 else ''}{abs(value):.{digits}f}"


def signed_percent(value: Any) -> str:
    """A figure in percent with its sign."""
    if not numbers.is_number(value):
        return numbers.MISSING
    return f"{'−' if value < 0 else '+'}{abs(value):.1f} %"
