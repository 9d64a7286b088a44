"""A light client that measures networks on this machine for a NASWeb server elsewhere."""

import sys
from pathlib import Path

_SHARED = Path(__file__).parent / "_shared"
if _SHARED.is_dir():  # an installed client; in a checkout the files are found where they belong
    sys.path.insert(0, str(_SHARED))
