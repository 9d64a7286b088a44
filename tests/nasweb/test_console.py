"""What the supervisor prints: prefixes, colours on terminals only."""

import io
import os

import pytest

from nasweb.supervisor.console import Console


class Terminal(io.StringIO):
    """Text that claims to go to a screen."""

    def isatty(self):
        return True


def test_a_terminal_gets_a_colour_per_process(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    console = Console(out)
    for name in ("web", "search", "web"):
        console.line(name, "text")
    first, second, third = out.getvalue().splitlines()
    assert first == third
    assert "\x1b[" in first
    assert first.split("m")[0] != second.split("m")[0]


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    Console(out).say("text")
    assert out.getvalue() == "nasweb     | text\n"


def test_a_terminal_without_umlauts_is_no_reason_to_stop():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    console = Console(out)
    console.line("web", "größer")
    console.banner(["ready"])
    out.flush()
    assert raw.getvalue().decode("ascii").splitlines()[0] == "web        | gr??er"


def test_a_reader_that_went_away_is_no_reason_to_stop():
    reading, writing = os.pipe()
    out = os.fdopen(writing, "w")
    os.close(reading)
    Console(out).say("text")  # does not raise
    with pytest.raises(BrokenPipeError):
        out.close()  # though the pipe is broken indeed
