"""Files of experiments below the data folder: where they are, and how they go."""

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings

WEIGHTS, CHECKPOINTS, ARTIFACTS = "weights", "checkpoints", "artifacts"

logger = logging.getLogger(__name__)


def folder(kind: str, key: UUID) -> Path:
    """Folder of one experiment's weights or checkpoints, or of one artifact's file."""
    return Path(settings.NASWEB_VAR) / kind / str(UUID(str(key)))


def remove(experiment_id: UUID, artifacts: Iterable[UUID] = ()) -> None:
    """Remove what a deleted experiment left; what cannot be removed is reported and stays."""
    folders = [folder(kind, experiment_id) for kind in (WEIGHTS, CHECKPOINTS)]
    for path in (*folders, *(folder(ARTIFACTS, key) for key in artifacts)):
        try:
            shutil.rmtree(path)  # refuses symbolic links
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.warning("Cannot remove %s: %s", path, error)
