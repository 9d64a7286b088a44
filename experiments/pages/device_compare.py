"""Two devices side by side: the same architectures, who suits which, and kernels by kind."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.contrib.auth.models import AbstractBaseUser

from experiments.figures import numbers
from experiments.figures.device_pair import describe, pair_svg
from experiments.figures.strip import strip_svg
from experiments.figures.svg import as_html
from experiments.formats import ORIGIN_MARKS, ORIGIN_WORDS
from experiments.pages.device_kernels import decoded
from experiments.pages.device_list import setting
from experiments.pages.device_pairs import (
    Pairs,
    could_be_estimated,
    estimated,
    shared_numbers,
    space_of,
)
from experiments.pages.device_quality import short_genes, space_label
from hardware_profiles.models import Device, KernelTiming
from hardware_profiles.selectors import all_devices
from search_engine.costs.accuracy import kendall, spearman
from search_engine.protocols import SearchSpace

DRAWN = 1500
WINS = 3


def context(slugs: Sequence[str], space: str, user: AbstractBaseUser) -> dict[str, Any]:
    """Context of the template; with fewer than two devices it only offers to choose."""
    known = {device.slug: device for device in all_devices()}
    chosen = [known[slug] for slug in dict.fromkeys(slugs) if slug in known][:2]
    base = {"choices": sorted(known.values(), key=lambda d: d.name.lower()), "chosen": chosen}
    unknown = [slug for slug in slugs if slug not in known]
    if len(chosen) < 2:
        return {**base, "unknown": unknown}
    first, second = chosen
    shared = shared_numbers(first, second, user)
    offered = sorted(shared, key=lambda key: -len(shared[key]))
    slug = space if space in shared else next(iter(offered), space)
    found, compiled = shared.get(slug), space_of(slug, user)
    if found is None and compiled is not None:
        found = estimated(first, second, slug, compiled)
    return {
        **base,
        "unknown": unknown,
        "settings": [setting(device) for device in chosen],
        "space": slug,
        "space_label": space_label(slug) if slug else "",
        "shared": [
            {"slug": key, "label": space_label(key), "n": len(shared[key])} for key in offered
        ],
        "could": [] if shared else could_be_estimated(first, second, user),
        "pairs": _view(found, chosen, compiled) if found is not None else None,
        "kernels": kernel_ratios(first, second),
    }


def kernel_ratios(first: Device, second: Device) -> list[dict[str, Any]]:
    """Median of second / first over kernels timed on both, by kind; empty if there are none."""
    rows = KernelTiming.objects.filter(quarantined=False, value_ms__gt=0).order_by("created_at")
    mine = {key: (kind, ms) for key, kind, ms in _kernels(rows.filter(device=first))}
    ratios: dict[str, list[float]] = defaultdict(list)
    for key, kind, ms in _kernels(rows.filter(device=second, key__in=mine)):
        ratios[kind].append(ms / mine[key][1])
    medians = {kind: float(np.median(values)) for kind, values in ratios.items()}
    widest = max((abs(np.log2(ratio)) for ratio in medians.values()), default=1.0) or 1.0
    return [
        {
            "kind": kind,
            "n": len(ratios[kind]),
            "text": _ratio(ratio),
            "slower": ratio > 1,
            "width": round(50 * abs(np.log2(ratio)) / widest, 1),
        }
        for kind, ratio in sorted(medians.items(), key=lambda item: -item[1])
    ]


def _kernels(rows: Any) -> Any:
    return rows.values_list("key", "kind", "value_ms")


def _view(pairs: Pairs, devices: list[Device], space: SearchSpace | None) -> dict[str, Any]:
    names = (devices[0].name, devices[1].name)
    shown = _thinned(len(pairs))
    first, second = pairs.first[shown].tolist(), pairs.second[shown].tolist()
    rows = [_row(index, pairs, place) for index, place in enumerate(shown)]
    relative = pairs.second / pairs.first / np.median(pairs.second / pairs.first)
    order = np.argsort(-relative).tolist()
    return {
        "n": len(pairs),
        "random": pairs.drawn,
        "marks": [ORIGIN_MARKS[origin] for origin in pairs.origins],
        "shown": len(shown),
        "origins": pairs.origins,
        "words": [ORIGIN_WORDS[origin] for origin in pairs.origins],
        "measured": pairs.origins == ("measured", "measured"),
        "picture": as_html(pair_svg(first, second, names, origins=pairs.origins)),
        "summary": describe(pairs.first.tolist(), pairs.second.tolist()),
        "rows": rows,
        "kendall": _figure(kendall(pairs.first, pairs.second)),
        "spearman": _figure(spearman(pairs.first, pairs.second)),
        "ratio": _ratio(float(np.median(pairs.second / pairs.first))),
        "wins": [
            [_win(pairs, place, relative[place], space) for place in order[:WINS]],
            [_win(pairs, place, 1 / relative[place], space) for place in order[::-1][:WINS]],
        ],
    }


def _thinned(size: int) -> list[int]:
    """At most `DRAWN` places, evenly spread."""
    return np.unique(np.linspace(0, size - 1, min(size, DRAWN)).round().astype(int)).tolist()


def _row(index: int, pairs: Pairs, place: int) -> dict[str, Any]:
    genes = pairs.genes[place]
    return {
        "index": index,
        "name": short_genes(genes),
        "genes": ",".join(map(str, genes)),
        "first": _latency(pairs.first[place], pairs.origins[0]),
        "second": _latency(pairs.second[place], pairs.origins[1]),
        "ratio": f"× {numbers.significant(pairs.second[place] / pairs.first[place])}",
    }


def _win(pairs: Pairs, place: int, factor: float, space: SearchSpace | None) -> dict[str, Any]:
    network = decoded(space, pairs.genes[place]) if space else None
    return {
        **_row(place, pairs, place),
        "factor": f"{numbers.significant(float(factor))} ×",
        "strip": as_html(strip_svg(network)) if network else "",
    }


def _latency(value: float, origin: str) -> str:
    return numbers.with_origin(numbers.metric("latency_ms", float(value)), origin)


def _ratio(value: float) -> str:
    """How B does against A: `24.1 × faster`, `1.3 × slower`."""
    if abs(value - 1) < 0.005:
        return "equal"
    factor = numbers.significant(value if value > 1 else 1 / value)
    return f"{factor} × {'slower' if value > 1 else 'faster'}"


def _figure(value: float) -> str:
    return f"{value:.2f}" if numbers.is_number(value) else numbers.MISSING
