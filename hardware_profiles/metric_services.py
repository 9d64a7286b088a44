"""Energy and memory of networks on devices of this host: measured, and stored beside latencies."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import transaction

from hardware_profiles import environment, sensors
from hardware_profiles.energy import EnergyPlan, find_meter, measure_energy
from hardware_profiles.errors import DeviceMismatchError
from hardware_profiles.host_lock import exclusive
from hardware_profiles.memory_probe import measure_peak_memory
from hardware_profiles.models import Device, Measurement
from hardware_profiles.runtimes.protocol import Runtime
from hardware_profiles.samples import MetricResult
from hardware_profiles.services import runtime_of, store_result, usable_host
from hardware_profiles.timing import run
from search_engine.network import NetworkDraft, NetworkSpec

_ROOT = Path(__file__).parents[1]
_CHILD = (sys.executable, "-m", "hardware_profiles.memory_child")
_WARM_UP_RUNS = 10


def measure_network_energy(
    device: Device, network: NetworkSpec, plan: EnergyPlan | None = None, *, seed: int = 0
) -> MetricResult:
    """Energy of one inference, alone on the host for half a minute; nothing is stored.

    Raises:
        NotMeasurableError: this machine offers no counter, or it told nothing usable.
        DeviceDisabledError, DeviceMismatchError, PreparationError, HostBusyError
    """
    host = usable_host(device)
    find_meter(device.accelerator)  # says so before anything is built
    runtime = runtime_of(device)
    facts = _facts(host, runtime)
    watch = sensors.Watch()
    with runtime.session():
        prepared = runtime.prepare(network, seed)
        with exclusive():
            run(prepared, _WARM_UP_RUNS)
            watch.start()
            result = measure_energy(
                network.digest,
                prepared,
                find_meter(device.accelerator),
                plan or EnergyPlan(),
                environment=facts,
            )
    return _with(result, {"during": watch.finish(), **prepared.facts})


def measure_network_memory(device: Device, network: NetworkSpec, *, seed: int = 0) -> MetricResult:
    """Peak resident memory of inference beyond that of a smallest network; nothing is stored.

    Takes some seconds: four fresh processes load the runtime. Nothing is timed, so the host need
    not be quiet.

    Raises:
        NotMeasurableError: too little to tell from noise, or the process failed.
        DeviceDisabledError, DeviceMismatchError, PreparationError
    """
    host = usable_host(device)
    if device.accelerator != Device.Accelerator.CPU:
        raise DeviceMismatchError(
            f"Device {device.slug!r} computes on {device.accelerator}, whose memory is not that of "
            "a process. Choose a device of the processor."
        )
    facts = _facts(host, runtime_of(device))
    with tempfile.TemporaryDirectory(prefix="nasweb-memory-") as folder:
        request, baseline = (
            _request(device, item, seed, Path(folder) / f"{name}.onnx")
            for name, item in (("network", network), ("baseline", minimal_network(network)))
        )
        return measure_peak_memory(
            network.digest, _CHILD, request, baseline, environment=facts, folder=_ROOT
        )


@transaction.atomic
def store_metric(*, device: Device, network: NetworkSpec, result: MetricResult) -> Measurement:
    """Store an energy or a memory measurement beside the latencies of the same architecture.

    Raises:
        ValueError: the result belongs to another network.
    """
    return store_result(
        device,
        network,
        result,
        metric=result.metric,
        value=result.value,
        unit=result.unit,
        samples=dict(result.samples),
        phases={},
    )


def minimal_network(network: NetworkSpec) -> NetworkSpec:
    """A smallest network on the same input: what every process of a runtime needs."""
    draft = NetworkDraft(network.inputs[0].shape)
    if len(network.inputs[0].shape) != 3:
        return draft.finish(draft.add("linear", draft.input, outputs=2))
    x = draft.add("conv", draft.input, out_channels=4, kernel=3, stride=2)  # loads its kernels
    return draft.finish(draft.add("head", x, outputs=2))


METRICS: dict[str, Callable[[Device, NetworkSpec], MetricResult]] = {
    "energy_mj": measure_network_energy,
    "peak_rss_mib": measure_network_memory,
}
"""What can be measured besides the latency, by name."""


def _request(device: Device, network: NetworkSpec, seed: int, path: Path) -> dict[str, Any]:
    """What the child is asked; for ONNX Runtime a model file, so that it loads nothing else."""
    config = {
        "threads": device.threads,
        "batch_size": device.batch_size,
        "precision": device.precision,
    }
    asked = {"runtime": device.runtime, "config": config, "seed": seed}
    if device.runtime != "onnxruntime":
        return {**asked, "network": network.to_json()}
    from hardware_profiles.runtimes.onnx_models import timing_model  # noqa: PLC0415  # loads torch

    precision: Any = device.precision
    path.write_bytes(timing_model(network, seed, precision).content)
    return {**asked, "model": str(path), "shape": [device.batch_size, *network.inputs[0].shape]}


def _facts(host: dict[str, Any], runtime: Runtime) -> dict[str, Any]:
    return {
        "host": host,
        "versions": {**environment.library_versions(), **runtime.versions()},
        "before": environment.snapshot(),
    }


def _with(result: MetricResult, facts: dict[str, Any]) -> MetricResult:
    return replace(result, environment={**result.environment, **facts})
