"""A quick way to ONNX for timing, for layers whose optimised graph is that of our exporter.

The exporter that we ship takes seconds per network, far longer than timing it. Tracing takes a
twentieth of that. Only layers for which a test compared the graphs that ONNX Runtime makes of both
are taken; a network with any other layer goes through the exporter itself.
"""

import io
import warnings

import onnx
import torch
from torch import nn

from search_engine.errors import ExportError
from search_engine.exporters.onnx_file import DEFAULT_OPSET
from search_engine.network import NetworkSpec, Shape

TRACED_OPS = frozenset(
    {
        *("conv", "norm_act", "linear", "head", "squeeze_excite"),
        *("add", "concat", "identity", "zero", "dropout"),
        *("avg_pool", "max_pool", "global_avg_pool", "factorized_reduce"),
    }
)


def knows(network: NetworkSpec) -> bool:
    """Whether every layer may be traced."""
    return all(node.op in TRACED_OPS for node in network.nodes)


def traced_model(module: nn.Module, shape: Shape) -> onnx.ModelProto:
    """The ONNX graph of a module of one input: (batch, *shape) -> logits, batch axis free.

    Raises:
        ExportError: a layer cannot be expressed.
    """
    file = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is deprecated, not gone
            torch.onnx.export(
                module.eval(),
                (torch.zeros(2, *shape),),
                file,  # type: ignore[arg-type]  # a file in memory will do
                input_names=["input"],
                output_names=["logits"],
                opset_version=DEFAULT_OPSET,
                dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
                dynamo=False,
            )
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        raise ExportError(f"It cannot be traced: {str(error)[:300]}") from error
    model = onnx.load_from_string(file.getvalue())
    _share_constants(model.graph)
    _join_unsqueezes(model.graph)
    _expand_zeros(model.graph)
    # ONNX Runtime fuses only where it knows shapes; it does not follow those computed at run time.
    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def _share_constants(graph: onnx.GraphProto) -> None:
    """Equal weights are stored once and copied by nodes; quantising needs weights, not copies."""
    stored = {item.name for item in graph.initializer}
    copies = {
        node.output[0]: node
        for node in graph.node
        if node.op_type == "Identity" and node.input[0] in stored
    }
    for node in graph.node:
        for position, name in enumerate(node.input):
            if name in copies:
                node.input[position] = copies[name].input[0]
    for node in copies.values():
        graph.node.remove(node)


def _join_unsqueezes(graph: onnx.GraphProto) -> None:
    """One node instead of a row of them, as our exporter writes `x[:, :, None, None]`."""
    constants = {item.name: item for item in graph.initializer}
    constants |= {
        node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"
    }
    readers: dict[str, int] = {}
    for name in (name for node in graph.node for name in node.input):
        readers[name] = readers.get(name, 0) + 1
    makers = {node.output[0]: node for node in graph.node if node.op_type == "Unsqueeze"}
    for node in list(makers.values()):
        first = makers.get(node.input[0])
        if first is None or readers[node.input[0]] != 1:
            continue
        inner, outer = (_axes(constants[item.input[1]]) for item in (first, node))
        if max(inner) >= min(outer):  # later axes do not move earlier ones
            continue
        name = f"{node.name}_axes"
        graph.initializer.append(
            onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [2], [*inner, *outer])
        )
        node.input[0], node.input[1] = first.input[0], name
        graph.node.remove(first)


def _expand_zeros(graph: onnx.GraphProto) -> None:
    """Zeros of a shape that is known at run time, as our exporter writes them."""
    makers = [node for node in graph.node if node.op_type == "ConstantOfShape"]
    for node in makers:
        value = onnx.numpy_helper.to_array(node.attribute[0].t)
        name = f"{node.name}_value"
        graph.initializer.append(onnx.numpy_helper.from_array(value.reshape(()), name))
        shape = node.input[0]
        node.op_type = "Expand"
        node.ClearField("input")
        node.ClearField("attribute")
        node.input.extend([name, shape])


def _axes(tensor: onnx.TensorProto) -> list[int]:
    return [int(axis) for axis in onnx.numpy_helper.to_array(tensor).ravel()]
