"""CSV files as people and spreadsheets write them, and what is said about bad ones."""

import numpy as np
import pytest

from hardware_profiles.errors import TableError
from hardware_profiles.tables import csv_rows
from hardware_profiles.tables.parse import parse_csv
from search_engine.loading import load_space

SPACE = load_space("nasbench201-tiny")
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|none~2|"
GENES = (3, 3, 0, 1, 0, 0)


def parse(*lines, space=SPACE):
    return parse_csv("\n".join(lines).encode(), space)


@pytest.mark.parametrize(
    "raw",
    [
        f"arch,value,unit\n{CELL},1.5,ms\n".encode(),
        f"\ufeffarch,value,unit\r\n{CELL},1.5,ms\r\n".encode(),
        f"arch;value;unit\r\n{CELL};1,5;ms\r\n".encode(),
        f"ARCH\tValue\tUnit\n\n{CELL}\t1.5\tms\n".encode(),
        f'"arch","value","unit"\n"{CELL}","1.5","ms"'.encode(),
        f"arch,value,unit\n{CELL},1500,µs\n".encode("cp1252"),
        f"arch,value,unit\n{CELL},0.0015,s\n".encode("utf-16"),
        b"arch,value,unit\n3 3 0 1 0 0,1.5,ms\n",
    ],
)
def test_one_row_in_every_dialect(raw):
    [content] = parse_csv(raw, SPACE).contents
    assert content.keys.tolist() == [list(GENES)]
    assert content.values.tolist() == [pytest.approx(1.5)]
    assert (content.metric, content.unit, content.space) == ("latency_ms", "ms", SPACE.key)


@pytest.mark.parametrize(
    ("unit", "metric", "value"),
    [
        ("ms", "latency_ms", 2), ("us", "latency_ms", 0.002), ("s", "latency_ms", 2000),
        ("mJ", "energy_mj", 2), ("J", "energy_mj", 2000),
    ],
)  # fmt: skip
def test_units_say_the_metric_and_are_converted(unit, metric, value):
    [content] = parse("arch,value,unit,variance", f"{CELL},2,{unit},1").contents
    assert content.metric == metric
    assert content.values[0] == pytest.approx(value)
    assert content.variances[0] == pytest.approx((value / 2) ** 2)


def test_a_file_of_two_metrics_becomes_two_tables():
    latency, energy = parse("arch,value,unit", f"{CELL},2,ms", f"{CELL},9,mJ").contents
    assert (latency.metric, energy.metric) == ("latency_ms", "energy_mj")


def test_every_row_that_cannot_be_used_is_named_with_its_line():
    rows = [
        "arch,value,unit,metric",
        f"{CELL},1,ms,",
        f"{CELL},2,ms,",
        "1 2 3,1,ms,",
        "a b c d e f,1,ms,",
        "9 0 0 0 0 0,1,ms,",
        "|nor_conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|,1,ms,",
        "0 0 0 0 0 0,fast,ms,",
        "0 0 0 0 0 1,,ms,",
        "0 0 0 0 0 2,1,,",
        "0 0 0 0 0 3,1,W,",
        "0 0 0 0 0 4,1,ms,energy_mj",
        "0 0 0 0 1 0,1",
    ]
    found = parse(*rows)
    told = {row.line: row.reason for row in found.rejected}
    assert found.rejected_count == 11
    assert sorted(told) == list(range(3, 14))
    words = {
        3: "same row as line 2", 4: "6", 5: "whole numbers", 6: "9", 7: "nor_conv_9x9",
        8: "'fast' is no number", 9: "empty", 10: "allowed are ms, us, s, mJ or J", 11: "'W'",
        12: "ms is a unit of latency_ms", 13: "2 cells; the header has 4",
    }  # fmt: skip
    for line, word in words.items():
        assert word in told[line], told[line]
    assert len(found.contents[0]) == 1


def test_of_very_many_bad_rows_the_first_are_listed_and_all_are_counted():
    found = parse("arch,value,unit", f"{CELL},1,ms", *["x,1,ms"] * 500)
    assert (len(found.rejected), found.rejected_count) == (200, 500)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"arch,value\n0 0 0 0 0 0,1\n", "no column 'unit'"),
        (b"arch,unit\n0 0 0 0 0 0,ms\n", "no column 'value'"),
        (b"cell,value,unit\n0 0 0 0 0 0,1,ms\n", "Expected columns"),
        (b"arch,arch,unit\n", "must differ"),
        (b"arch,value,unit\n", "no row that can be used"),
        (b"arch,value,unit\nx,1,ms\n", "Line 2: Architecture 'x'"),
        (b"arch,value,unit\n\x00,1,ms\n", "NUL"),
        (b"a" * (16 * 2**20 + 1), "at most 16,777,216"),
        (b'key,value,unit\n"' + b"x" * 200_000 + b'",1,ms\n', "is no CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(raw, words):
    with pytest.raises(TableError, match=words):
        parse_csv(raw, SPACE)


def test_a_file_of_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(csv_rows, "MAX_ROWS", 10)
    assert len(csv_rows.read_csv(b"a,b\n" + b"1,2\n" * 10).rows) == 10
    with pytest.raises(TableError, match="more than 10 rows"):
        csv_rows.read_csv(b"a,b\n" + b"1,2\n" * 11)


def test_architectures_need_their_space():
    with pytest.raises(TableError, match="which search space"):
        parse("arch,value,unit", f"{CELL},1,ms", space=None)


def test_layers_are_named_by_variable_and_choice():
    space = load_space("single-path-tiny")
    variable = space.variables[1]
    found = parse(
        "layer,choice,value,unit",
        "base,,10,ms",
        f"{variable.name},{variable.choices[0]},1,ms",
        f"{variable.name},k9_e9,1,ms",
        "stage9.op,skip,1,ms",
        space=space,
    )
    [content] = found.contents
    assert (content.base, content.keys.tolist(), content.values.tolist()) == (10, [[1, 0]], [1])
    assert "no choice 'k9_e9'" in found.rejected[0].reason
    assert "No layer 'stage9.op'" in found.rejected[1].reason


def test_infinite_and_negative_numbers_are_kept_and_flagged():
    lines = [f"0 0 0 0 0 {i},{v},ms" for i, v in enumerate(("1", "-1", "0", "inf", "nan"))]
    [content] = parse("arch,value,unit", *lines).contents
    assert content.trusted.tolist() == [True, False, False, False, False]
    assert [why for _, why in content.flagged_rows()] == [
        ["negative"], ["zero"], ["not finite"], ["not finite"],
    ]  # fmt: skip
    assert np.isnan(content.values[4])
