"""`python -m hardware_profiles.memory_child`: runs one network and prints its peak memory.

Reads `{"runtime", "config", "network", "seed"}` from standard input; for ONNX Runtime `model`, the
path of a file, and `shape` of its input instead of the network, so that nothing else is loaded.
"""

from contextlib import ExitStack
from typing import Any

import numpy as np

from hardware_profiles.memory_probe import answer
from hardware_profiles.running import Prepared


def prepare(request: dict[str, Any], stack: ExitStack) -> Prepared:
    """Make the request ready; the runtime's session stays open in the stack."""
    if "model" in request:
        from hardware_profiles.runtimes.onnx_sessions import open_model  # noqa: PLC0415

        x = np.random.default_rng(request["seed"]).standard_normal(request["shape"], np.float32)
        return open_model(request["model"], x, request["config"]["threads"])
    from hardware_profiles.runtimes import RUNTIMES  # noqa: PLC0415
    from search_engine.network import NetworkSpec  # noqa: PLC0415

    cls: Any = RUNTIMES.resolve(request["runtime"])
    runtime = cls(RUNTIMES.parse_config(request["runtime"], request["config"]))
    stack.enter_context(runtime.session())
    prepared: Prepared = runtime.prepare(NetworkSpec.from_json(request["network"]), request["seed"])
    return prepared


if __name__ == "__main__":
    with ExitStack() as open_sessions:
        answer(lambda request: prepare(request, open_sessions))
