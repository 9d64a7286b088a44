"""Bytes of a CSV file to rows with line numbers, whatever spreadsheet wrote them."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from hardware_profiles.errors import TableError

MAX_BYTES = 16 * 2**20
MAX_ROWS = 200_000
MAX_COLUMNS = 40
MAX_CELL = 2_000
SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class CsvRows:
    """A header and what follows it.

    Attributes:
        columns: lower-case names, in order.
        rows: line in the file, from 1, and the cells of each row that is not blank; rows of
            another length than the header are given as they are.
        decimal_comma: numbers may be written `1,5`.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    decimal_comma: bool


def read_csv(raw: bytes) -> CsvRows:
    """Read a file: UTF-8, UTF-16 with mark or Windows-1252; comma, semicolon or tab.

    Raises:
        TableError: not text, no header, or more than is allowed.
    """
    if len(raw) > MAX_BYTES:
        raise TableError(f"The file has {len(raw):,} bytes; at most {MAX_BYTES:,} are read.")
    text = _decoded(raw)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise TableError("The file is empty. It starts with a line that names the columns.")
    separator = max(SEPARATORS, key=first.count)
    lines = list(_lines(text, separator))
    columns = tuple(cell.strip().lower() for cell in lines[0][1])
    if len(columns) > MAX_COLUMNS or len(set(columns)) != len(columns):
        shown = ", ".join(columns[:MAX_COLUMNS])
        raise TableError(f"Columns must differ, and be at most {MAX_COLUMNS}; got {shown:.300}.")
    return CsvRows(columns, tuple(lines[1:]), separator == ";")


def _decoded(raw: bytes) -> str:
    try:
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = raw.decode("utf-16")
        else:
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise TableError(f"The file is no text in UTF-8, UTF-16 or Windows-1252: {error}") from None
    if "\x00" in text:
        raise TableError("The file holds NUL characters: it is no CSV text.")
    return text


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    count = 0
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS + 1:
                raise TableError(f"The file has more than {MAX_ROWS:,} rows.")
            yield reader.line_num, [cell.strip()[:MAX_CELL] for cell in cells]
    except csv.Error as error:
        raise TableError(f"Line {reader.line_num} is no CSV: {error}") from error
