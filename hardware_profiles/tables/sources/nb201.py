"""`nb201_hw.npz`: latencies and energies of all NAS-Bench-201 cells on some 26 devices.

HW-NAS-Bench (Li et al., ICLR 2021), HELP (Lee et al., NeurIPS 2021) and LatBench (Dudziak et al.,
NeurIPS 2020).
"""

from collections.abc import Iterator
from pathlib import Path

from hardware_profiles.tables.sources.common import TableDevice, column_devices, read_npz

SPACE = "nasbench201"
NOTES = {
    "hwnb_eyeriss_energy_mj": "3,071 of the 15,625 values follow from the exact linear rule of "
    "the others.",
    "hwnb_fpga_energy_mj": "The source takes a constant power of 7 W.",
    "hwnb_edgetpu_latency_ms": "Cells that the compiler of the device refused have no row.",
}


def devices(path: Path, only: str = "*", cells: Path | None = None) -> Iterator[TableDevice]:
    """Devices of the file.

    Args:
        cells: `nb201_bench.npz`, which says which cell a row is about; default is beside `path`.

    Raises:
        TableError: a file is missing or is not of this form.
    """
    arrays = read_npz(path)
    operations = read_npz(cells or path.with_name("nb201_bench.npz"), ["ops"])["ops"]
    columns = {name: array for name, array in arrays.items() if len(array) == len(operations)}
    yield from column_devices(
        columns, operations, space=SPACE, prefix="nb201", path=path, only=only, notes=NOTES
    )
