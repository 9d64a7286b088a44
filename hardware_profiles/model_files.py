"""ONNX files of networks with seeded random weights, made once and kept: what agents measure."""

import hashlib
import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings

from hardware_profiles.models import Device
from search_engine.files import written_at_once
from search_engine.network import NetworkSpec

SEED = 0  # that of every measurement on this host
KEPT = 4000  # files
FORMAT = 1  # another number makes all files anew
_MAKERS = ("torch", "onnx", "onnxruntime", "onnxscript")


def path_of(digest: str, device: Device) -> Path:
    """Where the file for a device lies, made or not: devices that run alike share it."""
    makers = [f"{name} {version(name)}" for name in _MAKERS]
    text = "\n".join([digest, device.precision, f"{SEED} {FORMAT}", *makers])
    return _folder() / f"{hashlib.sha256(text.encode()).hexdigest()[:40]}.onnx"


def make(network: NetworkSpec, device: Device) -> Path:
    """Export a network as this device runs it, unless that was done before.

    int8 files are quantised here, so that an agent needs nothing but ONNX Runtime.

    Raises:
        PreparationError: the network cannot be built, exported or quantised.
    """
    path = path_of(network.digest, device)
    if path.exists():
        path.touch()  # it was wanted again
        return path
    from hardware_profiles.runtimes.onnx_models import timing_model  # noqa: PLC0415 - loads PyTorch

    model = timing_model(network, SEED, device.precision)
    path.parent.mkdir(parents=True, exist_ok=True)
    _facts_path(path).write_text(json.dumps(dict(model.facts)))
    with written_at_once(path) as scratch:
        scratch.write_bytes(model.content)
    return path


def facts_of(digest: str, device: Device) -> dict[str, Any]:
    """How a file was made: exporter, and for int8 the calibration; empty if it is gone."""
    try:
        facts: dict[str, Any] = json.loads(_facts_path(path_of(digest, device)).read_text())
    except (OSError, ValueError):
        return {}
    return facts


def _facts_path(path: Path) -> Path:
    return path.with_suffix(".json")


def prune(kept: int = KEPT) -> int:
    """Remove the files that were wanted longest ago; returns how many."""
    found = sorted(_files(), reverse=True)
    for _, path in found[kept:]:
        path.unlink(missing_ok=True)
        _facts_path(path).unlink(missing_ok=True)
    return len(found[kept:])


def _files() -> Iterator[tuple[float, Path]]:
    if not _folder().is_dir():
        return
    with os.scandir(_folder()) as entries:
        for entry in entries:
            if entry.name.endswith(".onnx"):
                yield entry.stat().st_mtime, Path(entry.path)


def _folder() -> Path:
    return Path(settings.NASWEB_VAR) / "agent-models"
