"""What `manage.py up` prints: lines of all processes, each with a coloured name in front."""

import os
import sys
from typing import TextIO

COLOURS = (
    36,
    32,
    33,
    35,
    34,
    96,
    92,
    93,
    95,
    94,
)  # ANSI foregrounds that read well on dark and light
WIDTH = 11  # columns of the name


class Console:
    """Writes prefixed lines. Colours on a terminal only, and never under NO_COLOR."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colour = self._out.isatty() and not os.environ.get("NO_COLOR")
        self._numbers: dict[str, int] = {}

    def line(self, name: str, text: str) -> None:
        """One line of one process."""
        number = self._numbers.setdefault(name, len(self._numbers))
        prefix = self._paint(f"{name:<{WIDTH}}|", str(COLOURS[number % len(COLOURS)]))
        self._write(f"{prefix} {text}\n")

    def say(self, text: str) -> None:
        """A line of the supervisor itself."""
        prefix = self._paint(f"{'nasweb':<{WIDTH}}|", "1")
        self._write(f"{prefix} {text}\n")

    def banner(self, lines: list[str]) -> None:
        """What must not be overlooked."""
        rule = "─" * max(map(len, lines)) if self._utf8 else "-" * max(map(len, lines))
        body = "\n".join(self._paint(line, "1") for line in lines)
        self._write(f"\n{rule}\n{body}\n{rule}\n\n")

    @property
    def _utf8(self) -> bool:
        return (self._out.encoding or "").lower().replace("-", "") == "utf8"

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except UnicodeEncodeError:
            self._out.write(text.encode("ascii", "replace").decode())
        except (BrokenPipeError, OSError):
            pass  # whoever read our output has gone; the work goes on
