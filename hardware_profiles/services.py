"""Writes: create and change devices, measure networks on them, store what was found."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from hardware_profiles import environment
from hardware_profiles.errors import DeviceDisabledError, DeviceMismatchError
from hardware_profiles.host_lock import exclusive
from hardware_profiles.measure import LatencyResult, Reference, measure_latency
from hardware_profiles.models import Device, Measurement
from hardware_profiles.reference import reference_network
from hardware_profiles.runtimes import RUNTIMES
from hardware_profiles.runtimes.protocol import Runtime
from hardware_profiles.samples import MeasurePlan, MetricResult
from hardware_profiles.selectors import measurement_object, usual_reference_ms
from search_engine.network import NetworkSpec

__all__ = [
    "create_device",
    "load_default_devices",
    "measure_networks",
    "measurement_object",
    "runtime_of",
    "set_active",
    "store_measurement",
    "update_device",
    "usable_host",
]

DEFAULT_DEVICES = (
    {"slug": "local-cpu", "name": "This CPU · PyTorch", "runtime": "pytorch"},
    {"slug": "local-cpu-onnx", "name": "This CPU · ONNX Runtime", "runtime": "onnxruntime"},
    {
        "slug": "local-cpu-onnx-int8",
        "name": "This CPU · ONNX Runtime, 8-bit integers",
        "runtime": "onnxruntime",
        "precision": "int8",
    },
)
FIRST_CALL = MeasurePlan(rounds=40, warmup_seconds=0.1)


@transaction.atomic
def create_device(
    *,
    slug: str,
    name: str,
    runtime: str = "",
    kind: str = Device.Kind.LOCAL,
    threads: int = 1,
    precision: str = Device.Precision.FP32,
    accelerator: str = Device.Accelerator.CPU,
    batch_size: int = 1,
    is_active: bool = True,
    notes: str = "",
    descriptor: dict[str, Any] | None = None,
) -> Device:
    """Store a device; one of this host with the host's facts.

    Raises:
        ValidationError: a field is wrong, or the slug is taken.
    """
    device = Device(
        slug=slug,
        name=name,
        kind=kind,
        runtime=runtime,
        threads=threads,
        precision=precision,
        accelerator=accelerator,
        batch_size=batch_size,
        is_active=is_active,
        notes=notes,
        descriptor=descriptor or {},
        spec=environment.describe_host() if kind == Device.Kind.LOCAL else {},
    )
    device.full_clean()
    device.save()
    return device


@transaction.atomic
def update_device(*, device: Device, changes: dict[str, Any]) -> Device:
    """Change fields of a device; what its measurements depend on stays as soon as it has some.

    Raises:
        ValidationError: a field is wrong or may not change any more.
    """
    device = Device.objects.select_for_update().get(pk=device.pk)
    for name, value in changes.items():
        setattr(device, name, value)
    device.full_clean()
    device.save()
    return device


def set_active(*, devices: Sequence[Device], active: bool) -> int:
    """Switch devices on or off; returns how many changed."""
    changing = [device for device in devices if device.is_active != active]
    for device in changing:
        update_device(device=device, changes={"is_active": active})
    return len(changing)


@transaction.atomic
def load_default_devices() -> dict[str, str]:
    """Make sure that this host can be chosen; what people changed stays as they left it.

    The stored facts of the host are brought up to date, so that a data folder that was moved to
    another machine measures on the new one.

    Returns:
        What happened, by slug: `created`, `host changed` or `unchanged`.
    """
    host = environment.describe_host()
    outcome = {}
    for fields in DEFAULT_DEVICES:
        if not Device.objects.filter(slug=fields["slug"]).exists():
            create_device(**fields)
            outcome[fields["slug"]] = "created"
    for device in Device.objects.select_for_update().filter(kind=Device.Kind.LOCAL):
        if device.spec != host:
            moved = environment.hardware_key(device.spec) != environment.hardware_key(host)
            Device.objects.filter(pk=device.pk).update(spec=host)
            outcome[device.slug] = "host changed" if moved else "unchanged"
        outcome.setdefault(device.slug, "unchanged")
    return outcome


def measure_networks(
    device: Device,
    networks: Sequence[NetworkSpec],
    plan: MeasurePlan | None = None,
    *,
    seed: int = 0,
    between_rounds: Callable[[], None] = lambda: None,
    calibration: NDArray[np.float32] | None = None,
) -> list[LatencyResult]:
    """Measure networks on a device of this host, alone on the host while the clock runs.

    Takes about a second per small network, longer while the host is busy; nothing is stored.
    What `between_rounds` raises ends it early.

    Args:
        calibration: inputs (n, *input shape) for devices of 8-bit integers; default seeded ones.

    Raises:
        DeviceDisabledError, DeviceMismatchError: not this device, or not on this host.
        PreparationError: the runtime cannot run a network.
        HostBusyError: a training did not give way.
    """
    host = usable_host(device)
    reference = _reference(device, host, between_rounds)
    return measure_latency(
        networks,
        runtime_of(device, calibration=calibration),
        plan or MeasurePlan(),
        seed=seed,
        reference=reference,
        exclusive=exclusive,
        between_rounds=between_rounds,
    )


@transaction.atomic
def store_measurement(
    *, device: Device, network: NetworkSpec, result: LatencyResult
) -> Measurement:
    """Store a latency, stable or not, with its samples and circumstances.

    Raises:
        ValueError: the result belongs to another network.
    """
    return store_result(
        device,
        network,
        result,
        value=result.latency_ms,
        samples=result.samples.model_dump(mode="json"),
        phases=dict(result.phases),
    )


def store_result(
    device: Device, network: NetworkSpec, result: LatencyResult | MetricResult, **columns: Any
) -> Measurement:
    """Store a result of any metric; `columns` are those that only this kind of result has.

    Raises:
        ValueError: the result belongs to another network.
    """
    if result.digest != network.digest:
        raise ValueError(
            f"Result of architecture {result.digest[:10]} given for {network.digest[:10]}."
        )
    facts = result.environment
    measurement = Measurement(
        device=device,
        network_hash=network.digest,
        space=network.space,
        genes=list(network.genes),
        spread=result.spread.model_dump(),
        n=result.n,
        status=result.status,
        note=result.note,
        environment=dict(facts),
        fingerprint=environment.fingerprint(facts["host"], device.runtime, facts["versions"]),
        **columns,
    )
    # A network that was not timed has no phases.
    measurement.full_clean(exclude=() if measurement.phases else ("phases",))
    measurement.save(force_insert=True)
    return measurement


def runtime_of(
    device: Device,
    batch_size: int | None = None,
    calibration: NDArray[np.float32] | None = None,
) -> Runtime:
    """What executes networks on a device, by its settings; another batch size if one is given."""
    cls: Any = RUNTIMES.resolve(device.runtime)
    settings = {
        "threads": device.threads,
        "batch_size": batch_size or device.batch_size,
        "precision": device.precision,
        "accelerator": device.accelerator,
    }
    config = RUNTIMES.parse_config(device.runtime, settings)
    quantises = calibration is not None and device.precision == Device.Precision.INT8
    runtime: Runtime = cls(config, calibration) if quantises else cls(config)
    return runtime


def usable_host(device: Device) -> dict[str, Any]:
    """Facts of this host, if the device is a part of it and switched on.

    Raises:
        DeviceDisabledError, DeviceMismatchError
    """
    if not device.is_active:
        raise DeviceDisabledError(
            f"Device {device.slug!r} is switched off. Ask a member of the staff to switch it on."
        )
    if device.kind != Device.Kind.LOCAL:
        raise DeviceMismatchError(
            f"Device {device.slug!r} is of kind {device.kind}; only devices of this host (kind "
            "local) can be measured here."
        )
    host = environment.describe_host()
    _check_host(device, host)
    return host


def _reference(
    device: Device, host: dict[str, Any], between_rounds: Callable[[], None]
) -> Reference:
    """The reference network and what it usually takes; measured first if nobody knows yet."""
    runtime = runtime_of(device, 1)
    versions = {**environment.library_versions(), **runtime.versions()}
    usual = usual_reference_ms(device, environment.fingerprint(host, device.runtime, versions))
    if usual is None:
        [first] = measure_latency(
            [reference_network()],
            runtime,
            FIRST_CALL,
            exclusive=exclusive,
            between_rounds=between_rounds,
        )
        usual = first.latency_ms
    return Reference(reference_network(), runtime, usual)


def _check_host(device: Device, host: dict[str, Any]) -> None:
    described, found = environment.hardware_key(device.spec), environment.hardware_key(host)
    if device.spec and described != found:
        raise DeviceMismatchError(
            f"Device {device.slug!r} is {described}, this host is {found}. Run `manage.py "
            "load_devices` here if the device moved, or create another device."
        )
