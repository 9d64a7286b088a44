"""What an import would change, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardware_profiles.tables.content import TableContent, reasons
from hardware_profiles.tables.keys import key_text
from hardware_profiles.tables.parse import Parsed
from search_engine.protocols import SearchSpace

LARGE_CHANGE = 0.2
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """One table beside the one that is current now.

    Attributes:
        new, changed, unchanged, missing: numbers of rows; missing ones are in the current table
            only and would be there no more.
        large: of the changed ones, those that change by more than 20 %.
        changes: the largest changes first: key, before, after, percent, large.
        flagged: key, value and reasons of rows that would be kept and not used.
    """

    content: TableContent
    new: int
    changed: int
    unchanged: int
    missing: int
    large: int
    changes: tuple[dict[str, Any], ...]
    flagged: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        content = self.content
        return {
            "metric": content.metric,
            "unit": content.unit,
            "layout": "architectures" if content.scheme == "genes" else "layers",
            "search_space": content.space,
            "rows": len(content),
            "base": content.base,
            "new": self.new,
            "changed": self.changed,
            "changed_over_20_percent": self.large,
            "unchanged": self.unchanged,
            "missing": self.missing,
            "flagged": int(np.count_nonzero(content.flags)),
            "notes": list(content.notes),
            "changes": list(self.changes),
            "flagged_rows": list(self.flagged),
        }


def compare(
    content: TableContent,
    current: TableContent | None,
    space: SearchSpace | None = None,
    lines: Sequence[int] = (),
) -> Comparison:
    """A table beside the current one of the same device and metric, if there is one."""
    before: dict[str, float] = {}
    if current is not None and _comparable(content, current):
        before = dict(zip(current.key_texts, current.values.tolist(), strict=True))
    keys = content.key_texts
    old = np.array([before.get(key, np.nan) for key in keys])
    known = np.array([key in before for key in keys], bool)
    same = known & ((old == content.values) | (np.isnan(old) & np.isnan(content.values)))
    changed = known & ~same
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(changed, content.values / old - 1, 0.0)
    large = changed & ~(np.abs(share) <= LARGE_CHANGE)
    order = [i for i in np.argsort(-np.abs(share), kind="stable").tolist() if changed[i]][:SHOWN]
    rows = [
        {
            **_place(content, index, space, lines),
            "before": _plain(old[index]),
            "percent": _plain(share[index] * 100),
            "large": bool(large[index]),
        }
        for index in order
    ]
    return Comparison(
        content=content,
        new=int((~known).sum()),
        changed=int(changed.sum()),
        unchanged=int(same.sum()),
        missing=(0 if current is None else len(current)) - int(known.sum()),
        large=int(large.sum()),
        changes=tuple(rows),
        flagged=tuple(_flagged(content, space, lines)),
    )


def report(
    parsed: Parsed, currents: dict[str, TableContent], space: SearchSpace | None = None
) -> dict[str, Any]:
    """The dry run of a whole file as plain data; `currents` by metric."""
    tables = [
        compare(content, currents.get(content.metric), space, lines).to_json()
        for content, lines in zip(parsed.contents, parsed.lines, strict=True)
    ]
    return {
        "tables": tables,
        "rejected": [{"line": row.line, "reason": row.reason} for row in parsed.rejected],
        "rejected_count": parsed.rejected_count,
    }


def _comparable(content: TableContent, current: TableContent) -> bool:
    return (content.scheme, content.space) == (current.scheme, current.space)


def _flagged(
    content: TableContent, space: SearchSpace | None, lines: Sequence[int]
) -> list[dict[str, Any]]:
    chosen = np.flatnonzero(content.flags)[:SHOWN].tolist()
    return [
        {**_place(content, index, space, lines), "reasons": reasons(int(content.flags[index]))}
        for index in chosen
    ]


def _place(
    content: TableContent, index: int, space: SearchSpace | None, lines: Sequence[int]
) -> dict[str, Any]:
    return {
        "line": lines[index] if lines else None,
        "key": key_text(content, index, space),
        "value": _plain(content.values[index]),
    }


def _plain(value: float) -> float | None:
    """A JSON number; None for what is none."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
