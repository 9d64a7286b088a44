"""Ties a child to its parent: when the parent dies, whatever the reason, the child gets a signal."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tethered(death_signal: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` for `subprocess.Popen`. Elsewhere than on Linux there is none: None.

    The kernel watches the *thread* that starts the child, so only the main thread may use this.
    It runs after the change of user, which would clear the setting.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        if libc.prctl(_PR_SET_PDEATHSIG, int(death_signal)) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
