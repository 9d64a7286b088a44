"""The signing key: made once, private, the same for all processes."""

import stat
import subprocess
import sys

from nasweb.secret_key import load_or_create


def test_it_is_made_once_and_private(tmp_path):
    key = load_or_create(tmp_path / "var")
    assert len(key) >= 50
    assert load_or_create(tmp_path / "var") == key
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_agree(tmp_path):
    code = (
        "import sys; from pathlib import Path; from nasweb.secret_key import load_or_create;"
        "print(load_or_create(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "var")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    keys = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
