"""Writes ONNX files and proves in ONNX Runtime that they compute what PyTorch computes."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.onnx.errors import OnnxExporterError

from search_engine.errors import ExportError
from search_engine.files import written_at_once
from search_engine.network import NetworkSpec, Shape
from search_engine.nn.builder import build

TOLERANCE = 1e-4  # of the largest output, or of 1 if outputs are smaller
CHECKED_BATCHES = (1, 2, 7, 32)
DEFAULT_OPSET = 18
CHATTY = ("torch.onnx", "onnxscript", "onnx_ir")


class Difference(NamedTuple):
    """Largest deviation of an output, and the same as a share of the largest output (or of 1)."""

    absolute: float = 0.0
    relative: float = 0.0

    def joined(self, other: "Difference") -> "Difference":
        """The larger of both, number by number."""
        return Difference(*map(max, self, other))


def write_checked(
    network: NetworkSpec,
    state: Mapping[str, Tensor],
    path: Path,
    *,
    opset: int,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Export a network with trained weights; see `OnnxExporter.export`."""
    if not path.parent.is_dir():
        raise ExportError(f"{path} cannot be written: there is no folder {path.parent}.")
    described = _description(network, facts)
    module = _load(network, state)
    shapes = {item.name: item.shape for item in network.inputs}
    model = onnx_model(module, shapes, opset=opset)
    onnx.helper.set_model_props(model, described)
    try:
        with written_at_once(path) as scratch:
            onnx.save_model(model, scratch)
            difference = verify(scratch, module, shapes)
            size = scratch.stat().st_size
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror}.") from error
    return {
        "format": "onnx",
        "digest": network.digest,
        "opset": opset,
        "bytes": size,
        "max_abs_diff": difference.absolute,
        "max_rel_diff": difference.relative,
        "tolerance": TOLERANCE,
        "batches_checked": list(CHECKED_BATCHES),
        "inputs": [_signature(value) for value in model.graph.input],
        "outputs": [_signature(value) for value in model.graph.output],
        "torch": torch.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def export_model(
    module: nn.Module, input_shape: Shape, path: Path, *, opset: int = DEFAULT_OPSET
) -> None:
    """Write a module of one input (shape without the batch axis) as it is, unchecked.

    Raises:
        ExportError: a layer cannot be expressed in this operator set.
    """
    onnx.save_model(onnx_model(module, {"input": input_shape}, opset=opset), path)


def onnx_model(
    module: nn.Module, inputs: Mapping[str, Shape], *, opset: int = DEFAULT_OPSET
) -> onnx.ModelProto:
    """The ONNX graph of a module that `build` made: batch axis free, weights included.

    Args:
        module: put into evaluation mode.
        inputs: name and shape without the batch axis, in the order of the module's inputs.
        opset: version of the standard ONNX operators.

    Raises:
        ExportError: a layer cannot be expressed in this operator set.
    """
    batch = torch.export.Dim("batch", min=1)
    try:
        with _quiet():
            program = torch.onnx.export(
                module.eval(),
                tuple(torch.zeros(2, *shape) for shape in inputs.values()),
                input_names=list(inputs),
                output_names=["logits"],
                opset_version=opset,
                dynamic_shapes=(tuple({0: batch} for _ in inputs),),  # of `forward(*inputs)`
                dynamo=True,
                verbose=False,
            )
    except OnnxExporterError as error:
        raise ExportError(f"The network cannot be exported to opset {opset}: {error}") from error
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    actual = {item.domain: item.version for item in model.opset_import}
    if actual != {"": opset}:
        raise ExportError(f"The network needs operator sets {actual}, asked for was {opset}.")
    _anonymise(model.graph)
    model.producer_name, model.producer_version = "NASWeb", ""
    return model


def verify(path: Path, module: nn.Module, inputs: Mapping[str, Shape]) -> Difference:
    """Compare the outputs of a file in ONNX Runtime with those of the module in PyTorch.

    Standard normal inputs of a fixed seed, in batches of `CHECKED_BATCHES`.

    Raises:
        ExportError: ONNX Runtime refuses the file, or the difference exceeds `TOLERANCE`.
    """
    session = _session(path)
    rng = np.random.default_rng(0)
    worst = Difference()
    for size in CHECKED_BATCHES:
        feed = {
            name: rng.standard_normal((size, *shape), np.float32) for name, shape in inputs.items()
        }
        ours = _run_module(module, list(feed.values()))
        theirs: Sequence[NDArray[np.float32]] = session.run(None, feed)
        for expected, actual in zip(ours, theirs, strict=True):
            worst = worst.joined(_difference(expected, actual))
    return worst


def _difference(expected: NDArray[np.float32], actual: NDArray[np.float32]) -> Difference:
    if expected.shape != actual.shape:
        raise ExportError(f"The exported file gives {actual.shape}, PyTorch {expected.shape}.")
    absolute = float(np.abs(expected - actual).max())
    relative = absolute / max(1.0, float(np.abs(expected).max()))
    if not relative <= TOLERANCE:  # also true for NaN
        raise ExportError(
            f"The exported file differs from PyTorch by {absolute:.3g} ({relative:.3g} of the "
            f"largest output), allowed is {TOLERANCE:g}; nothing was written."
        )
    return Difference(absolute, relative)


def _run_module(module: nn.Module, inputs: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    with torch.inference_mode():
        result = module.eval()(*(torch.from_numpy(x) for x in inputs))
    return [tensor.numpy() for tensor in (result if isinstance(result, tuple) else (result,))]


def _load(network: NetworkSpec, state: Mapping[str, Tensor]) -> nn.Module:
    module = build(network)
    try:
        module.load_state_dict(dict(state))
    except RuntimeError as error:
        raise ExportError(f"These weights are not of this network: {error}") from error
    return module


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # errors come as exceptions
    try:
        onnx.checker.check_model(path, full_check=True)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # both libraries raise private types
        raise ExportError(f"The exported file is not valid: {error!r:.300}") from error


def _description(network: NetworkSpec, facts: Mapping[str, Any]) -> dict[str, str]:
    own = {
        "digest": network.digest,
        "space": network.space,
        "genes": list(network.genes),
        "params": network.params,
        "macs": network.macs,
    }
    if clash := own.keys() & facts.keys():
        raise ExportError(f"The file describes {', '.join(sorted(clash))} itself; rename the fact.")
    try:
        return {name: json.dumps(value) for name, value in {**own, **facts}.items()}
    except (TypeError, ValueError) as error:
        raise ExportError(f"A fact to store in the file is not JSON: {error}.") from error


def _anonymise(graph: onnx.GraphProto) -> None:
    """Drop the exporter's stack traces: source paths of this machine, most of a small file."""
    for item in (*graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        item.ClearField("metadata_props")
        item.ClearField("doc_string")
    graph.ClearField("metadata_props")


def _signature(value: onnx.ValueInfoProto) -> dict[str, Any]:
    dims = value.type.tensor_type.shape.dim
    return {
        "name": value.name,
        "shape": [dim.dim_param or dim.dim_value for dim in dims],
        "dtype": "float32",
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the exporter's remarks about optional packages and its own future."""
    loggers = [logging.getLogger(name) for name in CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
