"""Which layers a runtime runs as one kernel, found by experiment.

Two layers are one kernel if both together take clearly less than one after the other (nn-Meter,
Zhang et al., MobiSys 2021, section 4.1). A runtime's declared rules are checked with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search_engine.costs.probes import LONG, SHORT, kernel_time, pair_network, probe_network
from search_engine.costs.units import RuntimeRules, Unit
from search_engine.network import NetworkSpec, Shape
from search_engine.ops import OPS

ALPHA = 0.5
"""Share of the quicker layer's time that must be saved."""


@dataclass(frozen=True, slots=True)
class PairTimes:
    """Milliseconds of two layers, each in a chain of its own kind, and of both in turn."""

    first_ms: float
    second_ms: float
    both_ms: float

    @property
    def saved(self) -> float:
        """What is saved by running them together, as a share of the quicker one."""
        quicker = min(self.first_ms, self.second_ms)
        saved = self.first_ms + self.second_ms - self.both_ms
        return saved / quicker if quicker > 0 else 0.0

    @property
    def fused(self) -> bool:
        """Whether they run as one kernel."""
        return self.saved > ALPHA


def detect_fusions(pair_times: Mapping[tuple[str, str], PairTimes]) -> frozenset[tuple[str, str]]:
    """Rules by (kernel kind, op), as in `RuntimeRules.fusions`, that the times speak for."""
    return frozenset(pair for pair, times in pair_times.items() if times.fused)


def candidate_pairs(channels: int = 32, side: int = 16) -> Iterator[tuple[Unit, Unit]]:
    """Pairs that runtimes may fuse: a convolution of each family, and a sum or an activation."""
    shape = (channels, side, side)
    plain = {"norm": "batch", "activation": "none", "out_channels": channels}
    convolutions = (
        {**plain, "kernel": 3},
        {**plain, "kernel": 1},
        {**plain, "kernel": 3, "groups": channels},
    )
    for attributes in convolutions:
        first = _unit("conv", attributes, (shape,))
        yield first, _unit("add", {}, (shape, shape))
        yield first, _unit("norm_act", {"norm": "none", "activation": "relu"}, (shape,))


def pair_probes(first: Unit, second: Unit) -> dict[str, NetworkSpec]:
    """What to time for one pair: short and long chains of each and of both; see `pair_times`."""
    networks = {}
    for name, copies in (("short", SHORT), ("long", LONG)):
        networks[f"first_{name}"] = probe_network(first, copies)
        networks[f"second_{name}"] = probe_network(second, copies)
        networks[f"both_{name}"] = pair_network(first, second, copies)
    return networks


def pair_times(milliseconds: Mapping[str, float]) -> PairTimes:
    """From the times of `pair_probes`, by the same names."""
    first, second, both = (
        kernel_time(milliseconds[f"{name}_short"], milliseconds[f"{name}_long"])
        for name in ("first", "second", "both")
    )
    return PairTimes(first, second, both)


def disagreements(
    rules: RuntimeRules, times: Mapping[tuple[str, str], PairTimes]
) -> dict[tuple[str, str], str]:
    """By pair that was timed, in which way the declared rules differ from what was found."""
    found = detect_fusions(times)
    return {
        pair: "runs as one kernel, but the rules keep it apart"
        if pair in found
        else "runs as two kernels, but the rules fuse it"
        for pair in times
        if (pair in found) != (pair in rules.fusions)
    }


def _unit(op: str, attributes: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Unit:
    rule = OPS.resolve(op)
    complete = rule.complete(attributes)
    return Unit(op, complete, inputs, rule.shape(complete, inputs))
