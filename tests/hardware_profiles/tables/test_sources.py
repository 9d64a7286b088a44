"""Benchmark files become devices; each test skips where `NASWEB_DATA` lacks its file."""

import csv
import gzip
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from hardware_profiles.errors import MissingRowError
from hardware_profiles.immediate import answers
from hardware_profiles.models import Device, DeviceTable
from hardware_profiles.tables.lookup import look_up, look_up_some
from hardware_profiles.tables.store import content_of, current_tables
from search_engine.loading import load_space
from search_engine.spaces.ofa_mobilenetv3 import from_arrays
from tests.search_engine.benchmark_data import shared_file

pytestmark = pytest.mark.django_db


def imported(command, file, only="*", **options):
    out = StringIO()
    call_command(command, file, only=only, stdout=out, **options)
    return out.getvalue()


def test_nasbench201_columns_come_with_energy_and_nothing_is_imported_twice():
    file = shared_file("nb201/nb201_hw.npz")
    told = imported("import_nb201_hw", file, "nb201-edgegpu")
    assert "nb201-edgegpu: created" in told
    assert "latency_ms: 12,555 rows" in told
    assert "nb201-edgegpu: unchanged" in imported("import_nb201_hw", file, "nb201-edgegpu")
    device = Device.objects.get()
    assert {t.metric: t.rows for t in device.tables.all()} == {
        "latency_ms": 12_555,
        "energy_mj": 12_555,
    }
    table, cells = np.load(file), np.load(file.with_name("nb201_bench.npz"))["ops"].astype(int)
    space = load_space("nasbench201")
    found = look_up_some(device, space, cells).values
    trusted = np.isfinite(found)
    assert trusted.sum() == 12_555 - current_tables(device)["latency_ms"].flagged
    assert np.array_equal(found[trusted], table["hwnb_edgegpu_latency_ms"][trusted])
    with pytest.raises(MissingRowError, match="Nearest rows"):
        look_up(device, space, cells)


def test_a_dry_run_of_an_import_stores_nothing():
    file = shared_file("nb201/nb201_hw.npz")
    assert "nothing was stored" in imported("import_nb201_hw", file, "*pi4", dry_run=True)
    assert not Device.objects.exists()
    with pytest.raises(CommandError, match="named like 'nokia'"):
        imported("import_nb201_hw", file, "nokia")


def test_gross_outliers_of_a_phone_are_listed_and_not_used():
    told = imported("import_fbnet", shared_file("fbnet/fbnet_latency_5000.npz"), "*samsung-s7")
    assert "263 not trusted" in told
    assert "All values are whole ms" in told
    [device] = Device.objects.all()
    content = content_of(current_tables(device)["latency_ms"])
    outliers, rest = content.values[~content.trusted], content.values[content.trusted]
    assert outliers.min() > np.median(rest)
    assert {why for _, reasons in content.flagged_rows() for why in reasons} == {
        "outlier: far above what its choices add up to elsewhere in the table"
    }


def test_recovered_layer_tables_give_the_sums_they_come_from():
    file = shared_file("fbnet/fbnet_lut_recovered.csv.gz")
    imported("import_fbnet_lut", file, "*raspi4")
    [device] = Device.objects.all()
    rows = np.load(file.with_name("fbnet_latency_5000.npz"))
    found = look_up(device, load_space("fbnet-cifar"), rows["ops"].astype(int))
    assert np.abs(found - rows["hwnb_raspi4_ms"]).max() < 1e-9


def test_ofa_rows_are_architectures_of_the_space_and_batches_are_devices():
    file = shared_file("ofa/ofa_latency_5000.npz")
    imported("import_ofa", file, "ofa-v100-b64")
    [device] = Device.objects.all()
    assert (device.batch_size, device.kind) == (64, "table")
    rows = np.load(file)
    settings = [rows[name][7].astype(int).tolist() for name in ("ks", "e", "d", "r")]
    [value] = look_up(device, load_space("ofa-mobilenetv3"), [from_arrays(*settings)])
    assert value == float(rows["help_v100_64_ms"][7])


def test_broken_block_tables_are_flagged_and_suspected():
    told = imported("import_tfnas_lut", shared_file("lut/tfnas_block_lut.csv.gz"))
    assert "tfnas-cpu: created\n  latency_ms: 36,480 rows, 84 not trusted" in told
    assert "tfnas-gpu: created\n  latency_ms: 36,480 rows, 88 not trusted" in told
    cpu, gpu = told.split("device tfnas-gpu")
    assert "did not wait for the device" in gpu
    assert "did not wait" not in cpu


def test_blocks_of_any_space_are_looked_up_by_shape():
    file = shared_file("lut/tfnas_block_lut.csv.gz")
    imported("import_tfnas_lut", file, "tfnas-cpu")
    [device] = Device.objects.all()
    space = load_space(skeleton())
    genes = [(0, 0), (1, 1)]
    with gzip.open(file, "rt") as stream:
        rows = [row for row in csv.DictReader(stream) if row["device"] == "cpu"]
    base = next(float(row["latency_ms"]) for row in rows if row["block"] == "base")
    for pair, value in zip(genes, look_up(device, space, genes), strict=True):
        blocks = [
            float(row["latency_ms"])
            for row in rows
            if (row["kernel"], row["c_se"], row["act"]) == (("3", "5")[pair[0]], "0", "relu")
            and (row["c_in"], row["c_out"], row["c_mid"])
            in {("16", "24", ("48", "96")[pair[1]]), ("24", "24", ("72", "144")[pair[1]])}
        ]
        assert len(blocks) == 2
        assert value == pytest.approx(base + sum(blocks))


def skeleton():
    """Two searched blocks at the resolutions and widths of TF-NAS."""
    block = {
        "use": "mbconv", "variables": {
            "width": 24, "activation": "relu", "kernel": {"choice": [3, 5], "name": "kernel"},
            "expansion": {"choice": [3, 6], "name": "expansion"}, "stride": {"first": 2, "rest": 1},
        },
    }  # fmt: skip
    return {
        "nasweb_space": 1, "name": "two-blocks", "label": "Two blocks", "version": 1,
        "input": {"shape": [3, 224, 224]}, "classes": 10,
        "network": [
            {"op": "conv", "name": "stem", "kernel": 3, "stride": 2, "out_channels": 16},
            {"name": "body", "sequence": [{"repeat": block, "share": True, "times": 2}]},
            {"op": "head", "name": "classifier", "outputs": {"task": "classes"}},
        ],
    }  # fmt: skip


def test_single_path_layers_add_up_and_a_skipped_block_is_free():
    imported("import_singlepath_lut", shared_file("lut/singlepath_pixel1_lut.json"))
    [device] = Device.objects.all()
    space = load_space("single-path")
    skips = tuple(len(v.choices) - 1 if "skip" in v.choices else 0 for v in space.variables)
    openings = (4.4905, 1.9593, 1.232, 1.7339, 1.6163)  # k3_e3 of blocks 1, 5, 9, 13 and 17
    assert look_up(device, space, [skips])[0] == pytest.approx(19.5999 + sum(openings))


def test_descriptions_keep_saying_how_far_they_were_checked():
    file = shared_file("devices/devices.csv")
    told = imported("import_devices", file)
    assert "raspi4: created (figures partial)" in told
    assert "samsung-s7-cpu: skipped: no peak compute is known" in told
    assert told.count(": created") == 34
    assert imported("import_devices", file, "raspi4") == (
        "device raspi4: unchanged (figures partial)\n"
    )
    device = Device.objects.get(slug="raspi4")
    assert (device.kind, device.descriptor["status"]) == ("analytic", "partial")
    space = load_space("nasbench201")
    small, large = (0,) * 6, (3,) * 6
    latency, energy = answers(device, space, [small, large])
    assert latency.origin == "analytic"
    assert 0 < latency.values[0] < latency.values[1]
    assert energy.values == pytest.approx(6.4 * latency.values)
    assert DeviceTable.objects.count() == 0


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("import_nb201_hw", b"no npz"),
        ("import_fbnet", b"PK\x03\x04"),
        ("import_ofa", b""),
        ("import_fbnet_lut", b"device,layer\nx,1\n"),
        ("import_tfnas_lut", b"device,block\nx,base\n"),
        ("import_singlepath_lut", b"{}"),
        ("import_devices", b"a,b\n1,2\n"),
    ],
)
def test_another_file_is_refused_with_a_reason(command, content, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(CommandError, match="file"):
        imported(command, file)
    assert not Device.objects.exists()
