"""`singlepath_pixel1_lut.json`: the layer table of Single-Path NAS for a Pixel 1.

Stamoulis et al., ECML PKDD 2019.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from hardware_profiles.errors import TableError
from hardware_profiles.tables.content import TableContent
from hardware_profiles.tables.flags import judged
from hardware_profiles.tables.sources.common import TableDevice, read_bytes
from search_engine.loading import load_space

SPACE, SLUG = "single-path", "single-path-pixel1"
FIXED = "fixed_ms_stem_head_block0_block21"
SKIP = "skip"


def devices(path: Path, only: str = "*") -> Iterator[TableDevice]:
    """The device of the file. TableError if it is not of this form."""
    if not fnmatchcase(SLUG, only):
        return
    try:
        content = _content(json.loads(read_bytes(path)))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise TableError(f"{path} is no layer table of Single-Path NAS: {error!r}") from error
    yield TableDevice(SLUG, "Google Pixel 1 · Single-Path NAS", (content,), path.name)


def _content(table: dict[str, Any]) -> TableContent:
    """Blocks 1 to 20 are searched; a block that is left out takes no time."""
    space = load_space(SPACE)
    if table["unit"] != "ms":
        raise ValueError(f"its unit is {table['unit']!r}, expected 'ms'")
    keys, values = [], []
    for place, variable in enumerate(space.variables):
        for choice, name in enumerate(variable.choices):
            keys.append((place, choice))
            layer = table["layers"][str(place + 1)]
            values.append(0.0 if name == SKIP else float(layer[choice]))
    content = TableContent(
        scheme="choices",
        space=SPACE,
        metric="latency_ms",
        keys=np.array(keys, np.int32),
        values=np.array(values),
        flags=np.zeros(len(keys), np.uint8),
        base=float(table[FIXED]),
        input_shape=space.input_shape,
    )
    return judged(content, space)
