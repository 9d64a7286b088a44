"""Compiles a network by `torch.compile`, with the time it takes and a watch on recompilations."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException
from torch._inductor import config as inductor_config
from torch._inductor.compile_fx import compile_fx

from hardware_profiles.errors import PreparationError
from hardware_profiles.runtimes.torch_running import Subject

SETTINGS = {"freezing": True, "compile_threads": 1}  # a pool of compilers would outlive the call


@dataclass(slots=True)
class Backend:
    """Inductor, with a count and a clock."""

    compilations: int = 0
    milliseconds: float = 0.0

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Any:
        began = time.perf_counter()
        self.compilations += 1
        try:
            return compile_fx(graph, inputs)
        finally:
            self.milliseconds += (time.perf_counter() - began) * 1e3


def compiled(subject: Subject) -> Subject:
    """The function compiled for the shape of its input, weights frozen as constants.

    Raises:
        PreparationError: it cannot be captured as one graph, or the compiler failed.
    """
    backend = Backend()
    function = torch.compile(
        own_code(subject.function), backend=backend, fullgraph=True, dynamic=False
    )
    began = time.perf_counter()
    try:
        # Compilation is cached by the mode it happens in: inference mode, as in timing.
        with torch.inference_mode(), inductor_config.patch(SETTINGS):
            function(subject.x)
    except (TorchDynamoException, RuntimeError) as error:
        raise PreparationError(f"torch.compile failed: {str(error)[:400]}") from error
    total = (time.perf_counter() - began) * 1e3
    first = backend.compilations

    def complaint() -> str:
        again = backend.compilations - first
        return f"torch.compile compiled {again} more times during timing." if again else ""

    phases = {"trace_ms": total - backend.milliseconds, "compile_ms": backend.milliseconds}
    return replace(
        subject,
        function=function,
        phases=phases,
        complaint=complaint,
        facts={"graphs": first},
    )


def own_code(function: Callable[[Tensor], object]) -> Callable[[Tensor], object]:
    """The function behind code of its own.

    `torch.compile` keeps what it compiled by code object and gives up after eight versions; all
    networks share the code of one class.
    """

    def forward(x: Tensor) -> object:
        return function(x)

    code = forward.__code__.replace(co_name="network")
    return FunctionType(code, forward.__globals__, "network", None, forward.__closure__)
