"""Benchmark files are used only if they are the pinned ones."""

import hashlib
import os

import pytest

from search_engine.datasets.location import DataFile
from search_engine.errors import DatasetError

CONTENT = b"twelve bytes"


@pytest.fixture
def pinned(tmp_path, monkeypatch):
    """A pinned file that lies where it should."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data.npz").write_bytes(CONTENT)
    monkeypatch.setenv("NASWEB_DATA", str(tmp_path))
    return DataFile("sub/data.npz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def test_the_right_file_is_found(pinned, tmp_path):
    assert pinned.missing() == ""
    assert pinned.verified() == (tmp_path / "sub" / "data.npz").resolve()


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_the_reason_names_it(pinned, monkeypatch, value):
    if value is None:
        monkeypatch.delenv("NASWEB_DATA")
    else:
        monkeypatch.setenv("NASWEB_DATA", value)
    assert "Set NASWEB_DATA to the folder that holds sub/data.npz" in pinned.missing()
    with pytest.raises(DatasetError, match="Set NASWEB_DATA"):
        pinned.verified()


def test_a_file_that_is_not_there_is_named(pinned, monkeypatch, tmp_path):
    monkeypatch.setenv("NASWEB_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DatasetError, match=r"elsewhere/sub/data\.npz does not exist"):
        pinned.verified()


def test_half_a_file_is_noticed_without_reading_it(pinned, tmp_path):
    (tmp_path / "sub" / "data.npz").write_bytes(CONTENT[:5])
    assert "has 5 bytes, expected 12" in pinned.missing()


def test_other_content_of_the_same_size_is_refused_with_both_checksums(pinned, tmp_path):
    other = b"twelve BYTES"
    (tmp_path / "sub" / "data.npz").write_bytes(other)
    with pytest.raises(DatasetError) as caught:
        pinned.verified()
    assert hashlib.sha256(other).hexdigest() in str(caught.value)
    assert pinned.sha256 in str(caught.value)


def test_content_is_checked_once_per_modification_time(pinned, tmp_path):
    path = tmp_path / "sub" / "data.npz"
    pinned.verified()
    times = path.stat()
    path.write_bytes(b"twelve BYTES")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert pinned.verified() == path.resolve()  # same time: not read again
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1_000_000_000))
    with pytest.raises(DatasetError, match="SHA-256"):
        pinned.verified()


def test_a_folder_in_place_of_the_file_is_an_error(pinned, tmp_path):
    path = tmp_path / "sub" / "data.npz"
    path.unlink()
    path.mkdir()
    folder = DataFile(pinned.path, path.stat().st_size, pinned.sha256)
    with pytest.raises(DatasetError, match="cannot be read"):
        folder.verified()
