"""How long to wait before the next try: longer each time, and never all agents at once."""

import numpy as np

FIRST_S, LONGEST_S = 0.5, 60.0


class Backoff:
    """Doubling delays with jitter (half to full).

    Args:
        rng: of the jitter.
    """

    def __init__(
        self, rng: np.random.Generator, first_s: float = FIRST_S, longest_s: float = LONGEST_S
    ) -> None:
        self._rng, self._first, self._longest = rng, first_s, longest_s
        self._failures = 0

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Seconds to wait after one more failure; what the server asked for is the least."""
        full = min(self._longest, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return max(at_least_s, full * float(self._rng.uniform(0.5, 1.0)))

    def reset(self) -> None:
        """Something worked."""
        self._failures = 0
