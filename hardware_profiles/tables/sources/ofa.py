"""`ofa_latency_5000.npz`: OFA-MobileNetV3 sub-networks on three GPUs.

HELP (Lee et al., NeurIPS 2021); arrays as in the code of Cai et al., ICLR 2020.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hardware_profiles.errors import TableError
from hardware_profiles.tables.sources.common import TableDevice, column_devices, read_npz
from search_engine.errors import SpaceError
from search_engine.spaces.ofa_mobilenetv3 import from_arrays

SPACE = "ofa-mobilenetv3"


def devices(path: Path, only: str = "*") -> Iterator[TableDevice]:
    """Devices of the file. TableError if a row is no architecture of the space."""
    arrays = read_npz(path, ["ks", "e", "d", "r"])
    settings = (arrays[name].astype(int).tolist() for name in ("ks", "e", "d", "r"))
    try:
        genes = [from_arrays(*row) for row in zip(*settings, strict=True)]
    except (SpaceError, ValueError) as error:
        raise TableError(f"{path} holds a row that is not of {SPACE}: {error}") from error
    yield from column_devices(
        arrays, np.array(genes), space=SPACE, prefix="ofa", path=path, only=only
    )
