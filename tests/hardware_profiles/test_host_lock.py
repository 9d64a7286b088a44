"""The host lock between real processes, which report every step on a pipe."""

import os
import select
import signal
import subprocess
import sys

import pytest

from hardware_profiles.errors import HostBusyError, HostLockError
from hardware_profiles.host_lock import SharedHold, exclusive

TRAINER = """
import sys
from hardware_profiles.host_lock import SharedHold
def say(word): print(word, flush=True)
hold = SharedHold()
say("starting")
hold.acquire()
say("training")
for line in sys.stdin:
    if line == "one batch\\n":
        say("waited" if hold.give_way() else "went on")
    else:
        while not hold.give_way():
            pass
        say("waited")
"""
MEASURER = """
import sys
from hardware_profiles.host_lock import exclusive
print("starting", flush=True)
with exclusive():
    print("measuring", flush=True)
    sys.stdin.readline()
print("finished", flush=True)
"""


class Peer:
    """Another process with the lock in its hands."""

    def __init__(self, program, folder):
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # so that `silent` sees what `hear` has not read
            env=os.environ | {"NASWEB_LOCK_DIR": str(folder)},
        )
        assert self.hear() == "starting"

    def hear(self):
        return self._process.stdout.readline().decode().strip()

    def silent(self):
        return not select.select([self._process.stdout], [], [], 0.2)[0]

    def tell(self, words):
        self._process.stdin.write(f"{words}\n".encode())

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def close(self):
        if self._process.poll() is None:
            self.kill()
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def peers(tmp_path, monkeypatch):
    monkeypatch.setenv("NASWEB_LOCK_DIR", str(tmp_path))
    started = []

    def start(program):
        started.append(Peer(program, tmp_path))
        return started[-1]

    yield start
    for peer in started:
        peer.close()


def refused():
    """Whether the host cannot be had right now."""
    try:
        with exclusive(timeout_s=0.05):
            return False
    except HostBusyError:
        return True


def test_two_trainings_share_the_host(peers):
    assert peers(TRAINER).hear() == "training"
    assert peers(TRAINER).hear() == "training"


def test_a_training_gives_way_at_its_next_batch_and_goes_on_afterwards(peers):
    trainer = peers(TRAINER)
    assert trainer.hear() == "training"
    trainer.tell("one batch")
    assert trainer.hear() == "went on"
    trainer.tell("batches until somebody wants the host")
    measurer = peers(MEASURER)
    assert measurer.hear() == "measuring"
    assert trainer.silent()
    measurer.tell("enough")
    assert measurer.hear() == "finished"
    assert trainer.hear() == "waited"
    trainer.tell("one batch")
    assert trainer.hear() == "went on"


def test_a_measurement_keeps_new_trainings_out(peers):
    measurer = peers(MEASURER)
    assert measurer.hear() == "measuring"
    trainer = peers(TRAINER)
    assert trainer.silent()
    measurer.tell("enough")
    assert measurer.hear() == "finished"
    assert trainer.hear() == "training"


def test_measurements_exclude_each_other(peers):
    measurer = peers(MEASURER)
    assert measurer.hear() == "measuring"
    assert refused()
    measurer.tell("enough")
    assert measurer.hear() == "finished"
    assert not refused()


def test_a_training_that_never_gives_way_makes_the_measurement_give_up(peers):
    assert peers(TRAINER).hear() == "training"
    complaint = pytest.raises(HostBusyError, match=r"did not give way within 0\.05 s")
    with complaint, exclusive(timeout_s=0.05):
        pass


def test_after_giving_up_the_gate_is_open_again(peers):
    trainer = peers(TRAINER)
    assert trainer.hear() == "training"
    assert refused()
    trainer.tell("one batch")
    assert trainer.hear() == "went on"


@pytest.mark.parametrize("program", [TRAINER, MEASURER])
def test_a_killed_holder_frees_the_host(peers, program):
    peer = peers(program)
    assert peer.hear() in ("training", "measuring")
    assert refused()
    peer.kill()
    assert not refused()


def test_giving_way_costs_a_training_almost_nothing(tmp_path):
    with SharedHold(tmp_path) as hold:
        assert sum(hold.give_way() for _ in range(1000)) == 0.0


def test_releasing_twice_and_giving_way_without_a_share_are_harmless(tmp_path):
    hold = SharedHold(tmp_path)
    hold.release()
    assert hold.give_way() == 0.0
    hold.acquire()
    hold.acquire()
    hold.release()
    hold.release()
    assert not hold.held


def test_a_failing_measurement_frees_the_host(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(directory=tmp_path):
        _ = 1 / 0
    with exclusive(timeout_s=0, directory=tmp_path):
        pass


def test_a_training_notices_that_its_files_were_cleaned_away(tmp_path):
    with SharedHold(tmp_path) as hold:
        for file in tmp_path.iterdir():
            file.unlink()
        hold.give_way()
        with pytest.raises(HostBusyError), exclusive(timeout_s=0.02, directory=tmp_path):
            pass


def test_the_folder_is_made_when_it_is_missing(tmp_path):
    with exclusive(directory=tmp_path / "deep" / "er"):
        assert len(list((tmp_path / "deep" / "er").iterdir())) == 2


def test_a_planted_link_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("keep")
    (tmp_path / "nasweb-gate.lock").symlink_to(secret)
    with pytest.raises(HostLockError, match="NASWEB_LOCK_DIR"), exclusive(directory=tmp_path):
        pass
    assert secret.read_text() == "keep"


def test_something_else_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "nasweb-gate.lock").mkdir()
    with pytest.raises(HostLockError, match="not a regular file"):
        SharedHold(tmp_path).acquire()
