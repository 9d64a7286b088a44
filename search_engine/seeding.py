"""All randomness starts here: proposals and evaluations get their own reproducible streams.

The only file that touches global random state, and only inside `seed_torch`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence

_PROPOSAL, _EVALUATION = 0, 1  # first word of the spawn key: streams of different use never meet
_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"


def proposal_rng(seed: int, number: int, attempt: int = 0) -> Generator:
    """Fresh generator for the proposal `number` of a run, independent of all others.

    Args:
        seed: of the run, 0 or more.
        number: 0-based position among the run's proposals.
        attempt: counts up when an earlier proposal for the same number was not usable.

    Raises:
        ValueError: a negative argument.
    """
    return np.random.default_rng(SeedSequence(seed, spawn_key=(_PROPOSAL, number, attempt)))


def evaluation_seed(seed: int, digest: str) -> int:
    """Seed in [0, 2^31) for training one architecture within a run.

    Depends on the run and the architecture only, never on the worker or the order of arrival.

    Args:
        seed: of the run, 0 or more.
        digest: `NetworkSpec.digest`, a hexadecimal string.
    """
    sequence = SeedSequence(seed, spawn_key=(_EVALUATION, int(digest[:16], 16)))
    return int(sequence.generate_state(1)[0] >> 1)


@contextmanager
def seed_torch(seed: int) -> Iterator[None]:
    """Run a block with PyTorch seeded and deterministic, then restore what was there before.

    Kernels without a deterministic version warn instead of failing. Results are bit-stable for
    one thread count, one build of PyTorch and one kind of hardware only.

    >>> import torch
    >>> with seed_torch(1):
    ...     first = torch.rand(2)
    >>> with seed_torch(1):
    ...     torch.equal(first, torch.rand(2))
    True
    """
    import torch  # noqa: PLC0415 - proposals need no PyTorch

    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    fills = memory.fill_uninitialized_memory
    workspace = os.environ.get(_CUBLAS)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Filling new memory with NaN helps to find bugs and costs a tenth of a training.
        memory.fill_uninitialized_memory = False
        os.environ.setdefault(_CUBLAS, ":4096:8")
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
            memory.fill_uninitialized_memory = fills
            if workspace is None:
                os.environ.pop(_CUBLAS, None)
