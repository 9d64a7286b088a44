"""Nothing starts when folder or port are taken, and the message says what to do."""

import socket

import pytest

from nasweb.supervisor.locks import Busy, check_port, lock_folder


def test_a_folder_has_one_supervisor(tmp_path):
    with lock_folder(tmp_path), pytest.raises(Busy, match=r"process \d+.*NASWEB_VAR"):
        lock_folder(tmp_path)
    lock_folder(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Busy, match="Cannot write to"):
        lock_folder(tmp_path / "file" / "var")


def test_a_port_in_use_is_named_with_a_way_out():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Busy, match=rf"port {port}: Address already in use.*PORT="):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)
