"""Imports are versions: tried first, compared, rolled back, exported and looked up."""

import numpy as np
import pytest

from hardware_profiles.errors import DeviceMetricError, MissingRowError, TableError
from hardware_profiles.models import DeviceTable
from hardware_profiles.selectors import device_metrics, device_row, device_status
from hardware_profiles.services import create_device
from hardware_profiles.tables.lookup import look_up, look_up_some
from hardware_profiles.tables.store import (
    activate,
    content_of,
    current_tables,
    dry_run,
    export_csv,
    import_csv,
)
from search_engine.costs.units import RuntimeRules, units_of
from search_engine.loading import load_space
from search_engine.spaces.nasbench201 import to_string

SPACE = load_space("nasbench201-tiny")
CELLS = [SPACE.at(index) for index in range(0, 15_625, 125)]
pytestmark = pytest.mark.django_db


def csv_of(cells=CELLS, factor=1.0, unit="ms"):
    rows = [f"{to_string(cell)},{factor * (1 + sum(cell))},{unit}" for cell in cells]
    return "\n".join(["arch,value,unit", *rows]).encode()


@pytest.fixture
def phone():
    return create_device(slug="phone", name="Phone", kind="table")


def load(device, raw, space=SPACE, **more):
    return import_csv(device=device, raw=raw, source="made up", space=space, **more)[0]


def test_a_dry_run_writes_nothing_and_says_everything(phone):
    load(phone, csv_of(CELLS[:100]))
    cells = CELLS[10:120]
    lines = csv_of(cells).decode().split("\n")
    lines[1] = f"{to_string(cells[0])},{1.5 * (1 + sum(cells[0]))},ms"  # over 20 %
    lines[2] = f"{to_string(cells[1])},{1.1 * (1 + sum(cells[1]))},ms"
    lines[3] = f"{to_string(cells[2])},-1,ms"
    lines[4] = "nonsense,1,ms"
    report = dry_run(phone, "\n".join(lines).encode(), SPACE)
    [table] = report["tables"]
    counts = {
        key: table[key]
        for key in ("new", "changed", "changed_over_20_percent", "unchanged", "missing", "flagged")
    }
    assert counts == {
        "new": 20, "changed": 3, "changed_over_20_percent": 2, "unchanged": 86, "missing": 11,
        "flagged": 1,
    }  # fmt: skip
    assert table["changes"][0]["line"] == 4, "the largest change first"
    assert table["changes"][1] == {
        "line": 2, "key": to_string(cells[0]), "before": 1 + sum(cells[0]),
        "value": 1.5 * (1 + sum(cells[0])), "percent": 50.0, "large": True,
    }  # fmt: skip
    assert [row["reasons"] for row in table["flagged_rows"]] == [["negative"]]
    assert [row["line"] for row in report["rejected"]] == [5]
    assert DeviceTable.objects.count() == 1


def test_every_import_is_a_version_and_any_can_be_used_again(phone, staff):
    [first] = load(phone, csv_of(), by=staff)
    [again] = load(phone, csv_of())
    assert again == first, "the same numbers are no new version"
    [second] = load(phone, csv_of(factor=2.0))
    assert (first.version, second.version) == (1, 2)
    assert look_up(phone, SPACE, CELLS[:3]).tolist() == [2 * (1 + sum(c)) for c in CELLS[:3]]
    activate(first)
    assert look_up(phone, SPACE, CELLS[:3]).tolist() == [1 + sum(c) for c in CELLS[:3]]
    rows = {t.version: t.is_current for t in DeviceTable.objects.all()}
    assert rows == {1: True, 2: False}
    assert (first.imported_by, first.source) == (staff, "made up")


def test_latency_and_energy_are_two_metrics_of_one_device(phone):
    assert device_metrics(phone) == ()
    assert device_status(phone) == "unmeasured"
    load(phone, csv_of() + b"\n" + csv_of(factor=3, unit="mJ").split(b"\n", 1)[1])
    assert device_metrics(phone) == ("latency_ms", "energy_mj")
    assert device_status(phone) == "ready"
    row = device_row(phone)
    assert [item["metric"] for item in row["tables"]] == ["latency_ms", "energy_mj"]
    assert row["runtime_label"] == "An imported table of numbers"
    energy = look_up(phone, SPACE, CELLS[5:6], "energy_mj")
    assert energy.tolist() == [3 * (1 + sum(CELLS[5]))]


def test_an_export_imports_to_the_same_table(phone):
    load(phone, csv_of() + b"\n" + csv_of(factor=3, unit="mJ").split(b"\n", 1)[1])
    text = export_csv(list(current_tables(phone).values()))
    other = create_device(slug="other", name="Other", kind="table")
    load(other, text.encode())
    for metric, table in current_tables(phone).items():
        assert content_of(current_tables(other)[metric]).equals(content_of(table))


def test_layers_with_a_constant_export_and_import_too(phone):
    space = load_space("single-path-tiny")
    lines = [
        f"{v.name},{c},{i + j},ms"
        for i, v in enumerate(space.variables, start=1)
        for j, c in enumerate(v.choices)
    ]
    raw = "\n".join(["layer,choice,value,unit", "base,,10,ms", *lines]).encode()
    [table] = load(phone, raw, space)
    genes = space.sample_many(np.random.default_rng(0), 20)
    expected = 10 + (genes + np.arange(1, genes.shape[1] + 1)).sum(axis=1)
    assert look_up(phone, space, genes).tolist() == expected.tolist()
    text = export_csv([table], load_space)
    assert load(phone, text.encode(), space) == [table]


def test_changing_one_layer_changes_the_sum_by_the_difference_of_the_rows(phone):
    space = load_space("single-path-tiny")
    variable = space.variables[0]
    lines = [f"{v.name},{c},{1 + j},ms" for v in space.variables for j, c in enumerate(v.choices)]
    load(phone, "\n".join(["layer,choice,value,unit", *lines]).encode(), space)
    genes = np.zeros((len(variable.choices), len(space.variables)), int)
    genes[:, 0] = range(len(variable.choices))
    assert np.diff(look_up(phone, space, genes)).tolist() == [1.0] * (len(variable.choices) - 1)


def test_kernels_are_summed_over_a_network(phone):
    networks = [SPACE.decode(cell) for cell in CELLS[:2]]
    keys = {unit.key for network in networks for unit in units_of(network, RuntimeRules())}
    rows = [f'"{key}",{place},us' for place, key in enumerate(sorted(keys), start=1)]
    load(phone, "\n".join(["key,value,unit", *rows]).encode())
    times = dict(zip(sorted(keys), range(1, len(keys) + 1), strict=True))
    for cell, network in zip(CELLS, networks, strict=False):
        expected = sum(times[unit.key] for unit in units_of(network, RuntimeRules())) / 1000
        assert look_up(phone, SPACE, [cell])[0] == pytest.approx(expected)
    with pytest.raises(MissingRowError, match=r"no usable row for .* Nearest rows: conv"):
        look_up(phone, SPACE, [(3,) * 6])


def test_a_missing_row_is_named_with_the_nearest(phone):
    load(phone, csv_of([(0, 0, 0, 0, 0, 0), (3, 3, 3, 3, 3, 3), (3, 3, 3, 3, 3, 2)]))
    with pytest.raises(MissingRowError) as caught:
        look_up(phone, SPACE, [(0,) * 6, (3, 3, 3, 3, 3, 1)])
    text = str(caught.value)
    assert f"no row for {to_string((3, 3, 3, 3, 3, 1))}" in text
    assert text.index(to_string((3, 3, 3, 3, 3, 2))) < text.index(to_string((3,) * 6))
    found = look_up_some(phone, SPACE, [(0,) * 6, (3, 3, 3, 3, 3, 1)])
    assert np.isnan(found.values).tolist() == [False, True]


def test_a_row_that_is_not_trusted_is_not_used(phone):
    load(phone, csv_of(CELLS[:3]) + b"\n1 1 1 1 1 1,-5,ms")
    with pytest.raises(MissingRowError, match=r"does not trust its row .* negative"):
        look_up(phone, SPACE, [(1,) * 6])


def test_what_a_table_does_not_hold_is_refused(phone):
    with pytest.raises(DeviceMetricError, match="gives no latency_ms; it gives nothing"):
        look_up(phone, SPACE, CELLS[:1])
    load(phone, csv_of())
    with pytest.raises(DeviceMetricError, match="gives no energy_mj; it gives latency_ms"):
        look_up(phone, SPACE, CELLS[:1], "energy_mj")
    with pytest.raises(DeviceMetricError, match="holds nasbench201-tiny only, not nasbench201"):
        look_up(phone, load_space("nasbench201"), CELLS[:1])


def test_only_devices_of_kind_table_take_tables():
    cpu = create_device(slug="cpu", name="CPU", runtime="pytorch")
    with pytest.raises(TableError, match="of kind 'local'"):
        load(cpu, csv_of())
    with pytest.raises(TableError, match="can be trusted"):
        load(create_device(slug="t", name="T", kind="table"), b"arch,value,unit\n0 0 0 0 0 0,-1,ms")
