"""Ties a process to its parent: when the parent dies, whatever the reason, it gets a signal."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tie_to_parent(death_signal: signal.Signals, parent: int) -> None:
    """Tie this process to its parent. Does nothing elsewhere than on Linux.

    The kernel watches the *thread* that started us, and forgets on a change of user.
    """
    if _LIBC is None:
        return
    if _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before the line above
        os.kill(os.getpid(), death_signal)


def tethered(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` for `subprocess.Popen`, to be used in the main thread."""
    return partial(tie_to_parent, death_signal, os.getpid())
