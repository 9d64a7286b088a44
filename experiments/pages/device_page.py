"""What the page of one device shows: its state, its models, its runs, its numbers."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from experiments.figures import numbers
from experiments.formats import age_text
from experiments.pages import (
    device_coverage,
    device_kernels,
    device_quality,
    device_rows,
    device_runs,
)
from experiments.pages.device_list import setting
from experiments.pages.device_state import device_state, line, listened_queues
from experiments.space_store import find_space
from hardware_profiles.models import Device, FittedModel
from search_engine.errors import SearchEngineError
from search_engine.protocols import SearchSpace


def context(device: Device, user: AbstractBaseUser, query: Mapping[str, str]) -> dict[str, Any]:
    """Context of the template.

    Args:
        query: `space` chooses among models, `rows` and `page` among measurements.
    """
    models = device_quality.current_models(device)
    model = _chosen(models, query.get("space", ""))
    compiled = _space(model.space, user) if model else None
    return {
        "device": device,
        "setting": setting(device),
        "state": device_state(device, listened_queues()),
        "facts": _facts(device, models),
        "measures": device.kind in Device.MEASURING,
        "models": [
            {"space": m.space, "label": device_quality.space_label(m.space)} for m in models
        ],
        "model": model,
        "quality": device_quality.quality(model) if model else None,
        "accuracy": device_quality.accuracy(model) if model else None,
        "drift": device_runs.drift(device),
        "past_runs": device_runs.past_runs(device),
        "versions": device_runs.versions(device, model.space) if model else [],
        "surroundings": device_rows.surroundings(device),
        "described": device_rows.described(device),
        "tables": device_rows.tables(device),
        "values": partial(device_rows.table_values, device),
        "agent_line": agent_line(device),
        "page_data": {"slug": device.slug},
        **device_runs.run_panel(device, user),
        "kernels": partial(_kernels, device, model, compiled),
        "measurements": partial(
            device_rows.measurements, device, query.get("rows", ""), query.get("page")
        ),
    }


def agent_line(device: Device) -> dict[str, Any] | None:
    """What waits for the agent, in words; None for other kinds."""
    if device.kind != Device.Kind.AGENT:
        return None
    found = line(device)
    seen, oldest = found["agent_seen_s"], found["oldest_s"]
    return {
        **found,
        "seen": f"{numbers.duration(seen)} ago" if seen is not None else "never",
        "oldest": numbers.duration(oldest) if oldest is not None else numbers.MISSING,
    }


def _chosen(models: list[FittedModel], space: str) -> FittedModel | None:
    """The model of the space asked for, else the newest one."""
    wanted = [model for model in models if model.space == space]
    newest = sorted(models, key=lambda model: model.created_at, reverse=True)
    return next(iter(wanted or newest), None)


def _space(slug: str, user: AbstractBaseUser) -> SearchSpace | None:
    """The space of a model; None where this user cannot see it or it is gone."""
    try:
        return find_space(slug, user).load()
    except SearchEngineError:
        return None


def _facts(device: Device, models: list[FittedModel]) -> list[str]:
    """The line below the title."""
    host = device.agent.name if device.agent else (device.spec or {}).get("cpu_model", "")
    parts = [device.get_kind_display(), host]
    if models:
        newest = max(model.created_at for model in models)
        parts.append(f"profiled {age_text(newest)}")
    return [part for part in parts if part]


def _kernels(
    device: Device, model: FittedModel | None, space: SearchSpace | None
) -> dict[str, Any]:
    """Coverage and roofline; empty for devices that are tables."""
    if device.kind == Device.Kind.TABLE:
        return {}
    if model is None or space is None:
        return {"roofline": device_kernels.roofline(device, [])}
    networks = device_kernels.measured_networks(device, space, model.space)
    return {
        "coverage": device_coverage.coverage(device, model, space),
        "roofline": device_kernels.roofline(device, networks),
    }
