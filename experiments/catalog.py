"""Everything one can choose from, as plain data: drawn by the create form, listed by the API."""

from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from experiments.references import known_row
from experiments.spaces import space_rows
from hardware_profiles.profiling import with_standing
from hardware_profiles.selectors import active_devices, device_row
from search_engine.costs import COSTS
from search_engine.datasets import DATASETS
from search_engine.evaluators import EVALUATORS
from search_engine.exporters import EXPORTERS
from search_engine.known import KNOWN
from search_engine.metrics import METRICS
from search_engine.ops import OPS
from search_engine.registry import Entry, Registry
from search_engine.spaces.library import LIBRARY
from search_engine.strategies import STRATEGIES

PURPOSES = {
    "train": "trains candidates",
    "val": "scores candidates during the search",
    "test": "touched once, by the final retraining",
}


def catalog(user: AbstractBaseUser | None = None) -> dict[str, list[dict[str, Any]]]:
    """All families, each a list in the order of its registry.

    Args:
        user: whose own search spaces come after the built-in ones.
    """
    return {
        "strategies": [member(STRATEGIES, entry) for entry in STRATEGIES],
        "evaluators": [
            member(EVALUATORS, entry) | _availability(EVALUATORS, entry) for entry in EVALUATORS
        ],
        "cost_models": [_cost_model(entry) for entry in COSTS],
        "datasets": [dataset_row(entry.key) for entry in DATASETS],
        "search_spaces": space_rows(user),
        "known_networks": [known_row(entry) for entry in KNOWN],
        "layer_types": [_layer_type(entry) for entry in OPS],
        "library_parts": [_words(entry) for entry in LIBRARY],
        "devices": [device_row(device) for device in with_standing(active_devices())],
        "exporters": [
            member(EXPORTERS, entry) | {"extension": EXPORTERS.resolve(entry.key).extension}
            for entry in EXPORTERS
        ],
        "metrics": [
            {
                "key": metric.key,
                "label": metric.label,
                "unit": metric.unit,
                "better": metric.better,
                "kind": metric.kind,
                "needs_device": metric.needs_device,
            }
            for metric in METRICS.values()
        ],
    }


def member(registry: Registry[Any], entry: Entry) -> dict[str, Any]:
    """A registry's entry with the JSON Schema of its settings."""
    return _words(entry) | {"config_schema": _schema(registry, entry.key)}


def _words(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "label": entry.label,
        "summary": entry.summary,
        "source": entry.source,
        "needs": list(entry.needs),
    }


@lru_cache
def _schema(registry: Registry[Any], key: str) -> dict[str, Any]:
    return registry.config_class(key).model_json_schema()


def _layer_type(entry: Entry) -> dict[str, Any]:
    return _words(entry) | {"glyph": OPS.resolve(entry.key).glyph}


def _cost_model(entry: Entry) -> dict[str, Any]:
    model = COSTS.resolve(entry.key)
    facts = {
        "metric": model.metric,
        "unit": METRICS[model.metric].unit,
        "origin": model.origin,
    }
    return member(COSTS, entry) | facts


def _availability(registry: Registry[Any], entry: Entry) -> dict[str, Any]:
    """Whether a member can be used here and now, and if not, what to do."""
    reason = registry.resolve(entry.key).available()
    return {"available": not reason, "reason": reason}


def dataset_row(key: str) -> dict[str, Any]:
    """A data set without its images: nothing is loaded.

    Raises:
        UnknownKeyError: no such data set.
    """
    entry, cls = DATASETS.entry(key), DATASETS.resolve(key)
    sizes = dict(cls().sizes)
    return {
        "slug": key,
        "name": entry.label,
        **_words(entry),
        **_availability(DATASETS, entry),
        "input_shape": list(cls.input_shape),
        "classes": cls.classes,
        "class_names": list(cls.class_names),
        "sizes": sizes,
        "splits": [
            {"name": name, "size": size, "purpose": PURPOSES[name]} for name, size in sizes.items()
        ],
        "checksum": cls.checksum(),
    }
