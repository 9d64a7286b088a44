"""Runs modules: types, devices, global settings. Loaded when something is run, not listed."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from hardware_profiles.errors import PreparationError
from hardware_profiles.running import Prepared, nothing_to_complain_of
from hardware_profiles.runtimes.cuda_events import Event, event_timer
from hardware_profiles.runtimes.protocol import RuntimeConfig
from hardware_profiles.runtimes.weights import build_initialised, random_input
from search_engine.network import NetworkSpec

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Subject:
    """A network on its way to being run.

    Attributes:
        function: (B, *input shape) -> output.
        x: the fixed input.
        phases, complaint, facts: as in `Prepared`.
    """

    function: Callable[[Tensor], object]
    x: Tensor
    phases: Mapping[str, float] = field(default_factory=dict)
    complaint: Callable[[], str] = nothing_to_complain_of
    facts: Mapping[str, object] = field(default_factory=dict)


def prepare(
    network: NetworkSpec, seed: int, config: RuntimeConfig, make: Callable[[Subject], Subject]
) -> Prepared:
    """Build a network, bring it into the form that `make` gives it, and run it once.

    Raises:
        PreparationError: it cannot be built, or not be run in this form or type.
    """
    module = build_initialised(network, seed)
    x = torch.from_numpy(random_input(network, config.batch_size, seed))
    dtype = DTYPES[config.precision]
    module, x = module.to(config.accelerator, dtype), x.to(config.accelerator, dtype)
    try:
        subject = make(Subject(module, x))
        subject.function(subject.x)
    except (RuntimeError, NotImplementedError, TypeError) as error:
        raise PreparationError(
            f"PyTorch cannot run architecture {network.digest[:10]} in {config.precision}: "
            f"{str(error)[:300]}"
        ) from error
    return _prepared(subject, config)


def _prepared(subject: Subject, config: RuntimeConfig) -> Prepared:
    function, x = subject.function, subject.x

    def run() -> object:
        return function(x)

    facts = dict(subject.facts)
    if config.precision == "bf16" and config.accelerator == "cpu":
        facts["bf16_instructions"] = bf16_instructions()
    if config.accelerator == "cpu":
        return Prepared(run, phases=subject.phases, complaint=subject.complaint, facts=facts)
    return Prepared(
        run,
        torch.cuda.synchronize,
        event_timer(run, _event),
        phases=subject.phases,
        complaint=subject.complaint,
        facts=facts,
    )


def _event() -> Event:
    event: Event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    return event


def traced(subject: Subject, *, cpu: bool) -> Subject:
    """As TorchScript: traced, frozen, and on the processor rewritten to its kernels."""
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated, not gone
        trace: Any = torch.jit.trace
        script = torch.jit.freeze(trace(subject.function, subject.x, check_trace=False))
        script = torch.jit.optimize_for_inference(script) if cpu else script
        for _ in range(2):  # the second run specialises the graph
            script(subject.x)
    phases = {"trace_ms": (time.perf_counter() - began) * 1e3}
    return replace(subject, function=script, phases=phases)


@contextmanager
def session(config: RuntimeConfig) -> Iterator[None]:
    """Global settings of PyTorch that belong to a runtime; restored at the end."""
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    tf32 = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.set_num_threads(config.threads)
    if config.accelerator == "cuda":  # fixed shapes; and fp32 means 32 bits
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)
        if config.accelerator == "cuda":
            torch.backends.cudnn.benchmark = benchmark
            torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = tf32


def versions(config: RuntimeConfig) -> dict[str, str]:
    """PyTorch, and what stands between it and the accelerator."""
    found = {"torch": str(torch.__version__)}
    if config.accelerator == "cuda" and not cuda_missing():
        cudnn: Any = torch.backends.cudnn
        found |= {"cuda": str(torch.version.cuda), "cudnn": str(cudnn.version())}
        found["gpu"] = torch.cuda.get_device_name()
    return found


def cuda_missing() -> str:
    """Why no GPU can be used here, or nothing."""
    if torch.version.cuda is None:
        return (
            f"PyTorch {torch.__version__} was built without CUDA. Install a build with CUDA from "
            "pytorch.org, or choose the processor."
        )
    if not torch.cuda.is_available():
        return "PyTorch finds no NVIDIA GPU on this host. Check `nvidia-smi`, or choose another."
    return ""


def bf16_instructions() -> bool:
    """Whether the processor multiplies bfloat16 itself; if not, it is emulated and slow."""
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return bool(asked())
