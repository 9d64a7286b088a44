"""Thread settings of a worker process; evaluators and trainers never touch them."""

import torch


def use_one_thread() -> None:
    """Let PyTorch compute on the calling thread only; call once when a worker process starts.

    Workers are scaled by processes. Small networks train slower with several threads, many times
    slower when the cores are shared, and sums then depend on the number of cores.
    """
    torch.set_num_threads(1)
    if torch.get_num_interop_threads() != 1:
        try:
            torch.set_num_interop_threads(1)
        except RuntimeError:  # too late once parallel work ran; this pool idles in our workloads
            return
