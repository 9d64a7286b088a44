"""Files are there completely or not at all."""

import pytest

from search_engine.files import written_at_once


def test_the_file_appears_with_its_whole_content(tmp_path):
    path = tmp_path / "result"
    with written_at_once(path) as scratch:
        scratch.write_text("half")
        assert not path.exists()
        scratch.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_keeps_the_old_file_and_leaves_no_scratch_file(tmp_path):
    path = tmp_path / "result"
    path.write_text("old")

    def write():
        with written_at_once(path) as scratch:
            scratch.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_meet(tmp_path):
    path = tmp_path / "result"
    with written_at_once(path) as first:
        first.write_text("first")
        with written_at_once(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
