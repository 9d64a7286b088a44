"""Peak resident memory of inference, in a process of its own, without what every process has.

Two fresh processes do the same: load the libraries, make something ready, run it. One does so with
the network, the other with a smallest network. What the first has at its peak beyond the second is
the network's own: weights, activations, workspaces, compiled code and the runtime's graph.
"""

import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hardware_profiles.errors import NotMeasurableError, PreparationError
from hardware_profiles.running import Prepared
from hardware_profiles.samples import MetricResult, spread_of
from hardware_profiles.timing import run

RUNS = 5
TIMEOUT_S = 300.0
INCLUDES = (
    "weights, activations, workspaces, compiled code and the runtime's graph; not the interpreter "
    "and the libraries"
)
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measure_peak_memory(
    digest: str,
    child: Sequence[str],
    request: Mapping[str, Any],
    baseline: Mapping[str, Any],
    *,
    environment: Mapping[str, Any],
    folder: Path | None = None,
    repeats: int = 2,
) -> MetricResult:
    """Peak memory of one inference beyond that of a minimal one, in MiB, as `peak_rss_mib`.

    Args:
        digest: of the network.
        child: command whose main calls `answer`.
        request, baseline: what it is asked, JSON only: the network, and the minimal one.
        environment: facts to store; what the number includes is added.
        folder: where the child starts, so that it finds its packages; default: here.
        repeats: pairs of processes; the median counts.

    Raises:
        PreparationError: the network cannot be run.
        NotMeasurableError: the system does not tell, or the process failed.
    """
    pairs = [(ask(child, request, folder), ask(child, baseline, folder)) for _ in range(repeats)]
    own = [(one["peak_kib"] - other["peak_kib"]) / 1024 for one, other in pairs]
    value = sorted(own)[len(own) // 2] if len(own) % 2 else sum(own) / len(own)
    if not value > 0:
        raise NotMeasurableError(
            "Not measurable here: the network needs no more memory than a smallest network; "
            "what remains is the noise between two processes."
        )
    whole = not all(one["peak_reset"] for pair in pairs for one in pair)
    includes = INCLUDES + ("; also the peak while it was built" if whole else "")
    return MetricResult(
        digest=digest,
        metric="peak_rss_mib",
        value=value,
        unit="MiB",
        spread=spread_of(own),
        n=len(own),
        status="ok",
        note="",
        samples={"pairs": [list(pair) for pair in pairs]},
        environment={**environment, "includes": includes},
    )


def ask(
    child: Sequence[str], request: Mapping[str, Any], folder: Path | None = None
) -> dict[str, Any]:
    """Run the child on one request: `peak_kib`, `peak_reset`. PreparationError and others."""
    try:
        found = subprocess.run(
            child,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            cwd=folder,
        )
        answer: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise NotMeasurableError(
            f"The process that measures memory took more than {TIMEOUT_S:g} s."
        ) from None
    except (IndexError, ValueError):
        raise NotMeasurableError(
            f"The process that measures memory ended with code {found.returncode}: "
            f"{found.stderr[-300:]}"
        ) from None
    if "error" in answer:
        raise PreparationError(answer["error"])
    return answer


def answer(prepare: Callable[[dict[str, Any]], Prepared]) -> None:
    """The child's main: read a request, run it, print the peak.

    Args:
        prepare: makes the request ready; its session stays open.
    """
    try:
        prepared = prepare(json.loads(sys.stdin.read()))
        run(prepared)  # lazy initialisation
    except PreparationError as error:
        return _print({"error": str(error)})
    reset = forget_peak()
    run(prepared, RUNS)
    return _print({"peak_kib": peak_kib(), "peak_reset": reset})


def _print(found: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")


def forget_peak() -> bool:
    """Give freed memory back and let the peak start at what is held now; False if impossible."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        _RESET.write_text("5", encoding="ascii")  # proc(5): resets the peak resident set size
    except OSError:
        return False
    return True


def peak_kib() -> int:
    """Highest resident memory of this process since it began or `forget_peak`, in KiB."""
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    import resource  # noqa: PLC0415  # not on every system

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // 1024 if sys.platform == "darwin" else used
