"""Devices with models, runs, tables and agents, as the pages find them in the database."""

from datetime import timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from experiments.spaces import space_for
from hardware_profiles.models import (
    Agent,
    Device,
    FittedModel,
    KernelTiming,
    Measurement,
    Profile,
)
from hardware_profiles.profiling.versions import state_of_predictor
from search_engine.costs.accuracy import error_report
from search_engine.costs.predictors import PREDICTORS
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.units import RuntimeRules, units_of

SPACE = "nasbench201"
FINGERPRINT = "same-host"


def add_measurements(device: Device, count: int = 12, factor: float = 1.0) -> list[Measurement]:
    """Random networks of the space; milliseconds follow their MACs."""
    space, rng = space_for(SPACE), np.random.default_rng(0)
    rows = []
    for at in range(count):
        network = space.decode(space.sample(rng))
        rows.append(
            Measurement.objects.create(
                device=device, network_hash=network.digest, space=SPACE, genes=list(network.genes),
                value=factor * (1 + network.macs / 1e8) * (1 + 0.01 * (at % 5)),
                spread={"cv": 0.02, "rounds": 12, "rounds_kept": 12}, n=300, status="ok",
                split="test" if at % 2 else "fit", samples={"rounds": []}, phases={},
                environment={"versions": {"torch": "2"}}, fingerprint=FINGERPRINT,
            )
        )  # fmt: skip
    return rows


def add_model(
    device: Device, rows: list[Measurement], *, error: float = 0.03, **changes: Any
) -> FittedModel:
    """A current model that predicts every second network too slow by `error`, others as much too
    fast; the last one by 40 %."""
    measured = [row.value for row in rows]
    predicted = [v * (1 + (error if at % 2 else -error)) for at, v in enumerate(measured)]
    predicted[-1] = 1.4 * measured[-1]
    figures = error_report(measured, predicted).to_json()
    pairs = [
        {"genes": row.genes, "hash": row.network_hash, "measured": m, "predicted": p}
        for row, m, p in zip(rows, measured, predicted, strict=True)
    ]
    fields = {
        "space": SPACE, "space_checksum": "x", "kind": "ridge", "version": 1, "is_current": True,
        "state": "{}", "n_fit": 40, "pairs": pairs, "fingerprint": FINGERPRINT,
        "errors": {
            **figures, "n_test": len(rows), "floor_mape": 0.8, "floor_n": 5, "split": "by lot",
            "cross_validated": {"ridge": figures, "kernel": {"reason": "No kernel was timed."}},
        },
    }  # fmt: skip
    return FittedModel.objects.create(device=device, **{**fields, **changes})


def add_run(device: Device, owner: Any, **changes: Any) -> Profile:
    """A profiling run that is measuring."""
    fields = {
        "space": SPACE, "space_document": "{}", "space_checksum": "x", "input_shape": [3, 32, 32],
        "classes": 10, "budget": {"networks": 100, "seconds": 300}, "requested_by": owner,
    }  # fmt: skip
    return Profile.objects.create(device=device, **{**fields, **changes})


def add_kernels(device: Device, factor: float = 1.0) -> list[KernelTiming]:
    """Every second unit of one network, timed."""
    space = space_for(SPACE)
    network = space.decode(space.sample(np.random.default_rng(0)))
    units = {u.key: u for u in units_of(network, RuntimeRules())}
    return [
        KernelTiming.objects.create(
            device=device, kind=unit.kind, key=key, unit=unit.to_json(),
            value_ms=factor * (0.01 + unit.macs / 1e9), cv=0.01, n=100, fingerprint=FINGERPRINT,
        )
        for key, unit in sorted(units.items())[::2]
    ]  # fmt: skip


def add_agent_device(seen_minutes_ago: float) -> Device:
    """A device of another machine."""
    agent = Agent.objects.create(
        name="pi", token_digest="d" * 64, token_prefix="t", version="1",
        last_seen_at=timezone.now() - timedelta(minutes=seen_minutes_ago),
    )  # fmt: skip
    return Device.objects.create(
        slug="pi", name="Pi", kind="agent", agent=agent, runtime="onnxruntime"
    )


def fitted_state(device: Device) -> str:
    """State of a predictor that was fitted to what the device measured."""
    space = space_for(SPACE)
    rows = list(device.measurements.all())
    networks = [space.decode(tuple(row.genes)) for row in rows]
    cls: Any = PREDICTORS.resolve("ridge")
    evidence = Evidence(networks, np.array([row.value for row in rows]))
    return state_of_predictor(cls(PREDICTORS.parse_config("ridge", {})).fit(evidence))
