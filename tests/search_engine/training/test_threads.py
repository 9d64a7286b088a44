"""Thread settings of a worker."""

import subprocess
import sys


def test_one_thread_from_the_start_and_when_asked_too_late():
    code = (
        "import torch\n"
        "from search_engine.training.threads import use_one_thread\n"
        "use_one_thread()\n"
        "print(torch.get_num_threads(), torch.get_num_interop_threads())\n"
        "torch.set_num_threads(3)\n"
        "torch.jit.wait(torch.jit.fork(torch.relu, torch.ones(2)))\n"
        "use_one_thread()\n"
        "print(torch.get_num_threads())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["1", "1", "1"]
