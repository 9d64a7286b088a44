"""A fixed network that is timed beside every candidate: if it is slow, the host is slow."""

from functools import cache

from search_engine.network import NetworkDraft, NetworkSpec


@cache
def reference_network() -> NetworkSpec:
    """Dense, pointwise and depthwise convolutions, a million MACs: under a millisecond on a CPU.

    Never change it: what it usually takes on a device is known from earlier measurements.
    """
    draft = NetworkDraft((3, 32, 32))
    x = draft.add("conv", draft.input, out_channels=16, kernel=3, stride=2)
    for channels, stride in ((24, 2), (24, 1), (40, 2), (40, 1)):
        width = draft.shape(x)[0] * 3
        skip, fits = x, stride == 1 and draft.shape(x)[0] == channels
        x = draft.add("conv", x, out_channels=width, kernel=1)
        x = draft.add("conv", x, out_channels=width, kernel=3, stride=stride, groups=width)
        x = draft.add("conv", x, out_channels=channels, kernel=1, activation="none")
        x = draft.add("add", x, skip) if fits else x
    return draft.finish(draft.add("head", x, outputs=10))
