"""The same architectures on two devices: measured, looked up, computed or predicted."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from numpy.typing import NDArray

from experiments.pages.device_quality import space_label
from experiments.space_store import find_space
from hardware_profiles import immediate
from hardware_profiles.errors import DeviceMetricError
from hardware_profiles.models import Device, Measurement
from hardware_profiles.profiling import current_model, predictor_of
from search_engine.errors import SearchEngineError
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

FEWEST = 3
DRAWS = 200
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """The same architectures of one space on two devices, milliseconds.

    Attributes:
        origins: of the numbers of either device.
        drawn: at random for the purpose; else at least one device measured them.
    """

    genes: list[Genes]
    first: Floats
    second: Floats
    origins: tuple[str, str]
    drawn: bool = False

    def __len__(self) -> int:
        return len(self.genes)


def shared_numbers(first: Device, second: Device, user: AbstractBaseUser) -> dict[str, Pairs]:
    """What both say about networks that at least one of them measured, by search space.

    A table or a description answers for whatever the other device measured.
    """
    if first.kind in Device.IMMEDIATE and second.kind in Device.IMMEDIATE:
        return {}
    if first.kind in Device.IMMEDIATE:
        return {
            space: Pairs(found.genes, found.second, found.first, found.origins[::-1])
            for space, found in shared_numbers(second, first, user).items()
        }
    if second.kind in Device.IMMEDIATE:
        return _against_immediate(first, second, user)
    return shared_measurements(first, second)


def _against_immediate(first: Device, second: Device, user: AbstractBaseUser) -> dict[str, Pairs]:
    """Measurements of one device beside what a table or a description says."""
    found = {}
    for slug, measured in _measured(first).items():
        space = space_of(slug, user)
        pairs = _asked(second, space, slug, measured) if space is not None else None
        if pairs is not None:
            found[slug] = pairs
    return found


def _asked(
    device: Device, space: SearchSpace, slug: str, measured: dict[Genes, float]
) -> Pairs | None:
    genes = list(measured)
    said = _said(device, slug, space, genes)
    if said is None:
        return None
    mine = np.array([measured[pair] for pair in genes])
    return _usable(genes, mine, said[0], ("measured", said[1]))


def _measured(device: Device) -> dict[str, dict[Genes, float]]:
    """Stable latencies by space and genes, the newest of each architecture."""
    rows = _stable().filter(device=device).exclude(space="")
    found: dict[str, dict[Genes, float]] = defaultdict(dict)
    for space, genes, value in rows.values_list("space", "genes", "value"):
        found[space][tuple(genes)] = value
    return found


def _stable() -> QuerySet[Measurement]:
    """Latencies one may compare, oldest first."""
    return Measurement.objects.filter(
        metric="latency_ms", status=Measurement.Status.OK, quarantined=False
    ).order_by("created_at")


def shared_measurements(first: Device, second: Device) -> dict[str, Pairs]:
    """Architectures with a stable latency on both, by search space; at least `FEWEST` each."""
    rows = _stable()
    theirs = dict(rows.filter(device=second).values_list("network_hash", "value"))
    mine = rows.filter(device=first, network_hash__in=theirs).exclude(space="")
    by_space: dict[str, dict[str, tuple[Genes, float]]] = defaultdict(dict)
    for digest, value, space, genes in mine.values_list("network_hash", "value", "space", "genes"):
        by_space[space][digest] = (tuple(genes), value)
    return {
        space: Pairs(
            [genes for genes, _ in found.values()],
            np.array([value for _, value in found.values()]),
            np.array([theirs[digest] for digest in found]),
            ("measured", "measured"),
        )
        for space, found in by_space.items()
        if len(found) >= FEWEST
    }


def estimated(first: Device, second: Device, slug: str, space: SearchSpace) -> Pairs | None:
    """Random architectures as the model or table of either device sees them; None if one cannot."""
    rng = np.random.default_rng(0)
    genes = list(dict.fromkeys(space.sample(rng) for _ in range(DRAWS)))
    said = [_said(device, slug, space, genes) for device in (first, second)]
    if said[0] is None or said[1] is None:
        return None
    (mine, origin), (theirs, other) = said
    return _usable(genes, mine, theirs, (origin, other), drawn=True)


def _said(
    device: Device, slug: str, space: SearchSpace, genes: Sequence[Genes]
) -> tuple[Floats, str] | None:
    """Latencies of architectures without measuring, and their origin; None if it has none."""
    try:
        if device.kind in Device.IMMEDIATE:
            answers = immediate.answers(device, space, genes)
            found = next((a for a in answers if a.metric == "latency_ms"), None)
            return found and (np.asarray(found.values, float), found.origin)
        model = current_model(device, slug)
        if model is None or model.space_checksum != space.checksum:  # of another version
            return None
        predictor = predictor_of(model)
        return predictor.predict([space.decode(one) for one in genes]), predictor.origin
    except (DeviceMetricError, SearchEngineError):
        return None


def _usable(
    genes: list[Genes],
    first: Floats,
    second: Floats,
    origins: tuple[str, str],
    *,
    drawn: bool = False,
) -> Pairs | None:
    """Those with a number on both; None if they are too few."""
    usable = np.isfinite(first) & np.isfinite(second) & (first > 0) & (second > 0)
    if usable.sum() < FEWEST:
        return None
    kept = [one for one, keep in zip(genes, usable, strict=True) if keep]
    return Pairs(kept, first[usable], second[usable], origins, drawn)


def could_be_estimated(
    first: Device, second: Device, user: AbstractBaseUser
) -> list[dict[str, str]]:
    """Spaces in which both devices have a model or a table, or are described."""
    described = {d.pk for d in (first, second) if d.kind == Device.Kind.ANALYTIC and d.descriptor}
    known = [_answers(device) for device in (first, second)]
    if len(described) == 2:
        return []
    if described:
        spaces = known[0] if first.pk not in described else known[1]
    else:
        spaces = Counter({slug: 1 for slug in known[0] if slug in known[1]})
    return [
        {"slug": slug, "label": space_label(slug)}
        for slug in sorted(spaces)
        if space_of(slug, user) is not None
    ]


def _answers(device: Device) -> Counter[str]:
    """Spaces for which a device has current numbers of its own."""
    models = device.models.filter(is_current=True, metric="latency_ms")
    tables = device.tables.filter(is_current=True, metric="latency_ms").exclude(space="")
    return Counter(
        [*models.values_list("space", flat=True), *tables.values_list("space", flat=True)]
    )


def space_of(slug: str, user: AbstractBaseUser) -> SearchSpace | None:
    """The space, if this user may use it and it is still there."""
    if not slug:
        return None
    try:
        return find_space(slug, user).load()
    except SearchEngineError:
        return None
