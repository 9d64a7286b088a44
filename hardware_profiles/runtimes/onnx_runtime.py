"""ONNX Runtime on the CPU: the network as deployed, batch norms folded, layers fused."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from hardware_profiles.errors import PreparationError
from hardware_profiles.runtimes.protocol import Prepared, RuntimeConfig
from hardware_profiles.runtimes.weights import build_initialised, random_input
from search_engine.errors import ExportError
from search_engine.exporters.onnx_file import onnx_model
from search_engine.network import NetworkSpec

_LOAD_ERRORS = (  # none of them derives from another
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


class OnnxRuntime:
    """One session per network, sequential execution; idle threads sleep instead of spinning."""

    config_class = RuntimeConfig

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config

    @property
    def on_calling_thread(self) -> bool:
        return self._config.threads == 1

    def prepare(self, network: NetworkSpec, seed: int) -> Prepared:
        """Export, load and optimise. PreparationError."""
        x = random_input(network, self._config.batch_size, seed)
        try:
            session = ort.InferenceSession(
                _exported(network, seed), self._options(), providers=["CPUExecutionProvider"]
            )
        except (ExportError, *_LOAD_ERRORS) as error:
            raise PreparationError(
                f"ONNX Runtime cannot run architecture {network.digest[:10]}: {error}"
            ) from error
        names = [item.name for item in session.get_outputs()]
        feed = {session.get_inputs()[0].name: x}
        return Prepared(lambda: session.run(names, feed))

    def _options(self) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._config.threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        return options

    @contextmanager
    def session(self) -> Iterator[None]:
        """Nothing global: threads belong to each network's session."""
        yield

    def versions(self) -> Mapping[str, str]:
        return {"onnxruntime": ort.__version__}


@lru_cache(maxsize=4)  # the reference network comes back at every measurement; exports take seconds
def _exported(network: NetworkSpec, seed: int) -> bytes:
    """The very graph that the ONNX exporter offers for download, with random weights."""
    module = build_initialised(network, seed)
    model = onnx_model(module, {item.name: item.shape for item in network.inputs})
    return bytes(model.SerializeToString())
