"""Request bodies as frozen schemas: they check types and ranges, the model checks the rest."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from hardware_profiles.models import MAX_BATCH_SIZE, MAX_NOTES, MAX_THREADS
from hardware_profiles.runtimes import RUNTIMES
from search_engine.config import Config


def _known(key: str) -> str:
    if key not in RUNTIMES:
        raise ValueError(f"allowed are {', '.join(RUNTIMES.keys())}")
    return key


Name = Annotated[StrictStr, Field(min_length=1, max_length=120, description="For people.")]
RuntimeKey = Annotated[
    StrictStr,
    AfterValidator(_known),
    Field(max_length=40, json_schema_extra={"enum": list(RUNTIMES.keys())}),
]
Threads = Annotated[StrictInt, Field(ge=1, le=MAX_THREADS, description="Per inference.")]
BatchSize = Annotated[StrictInt, Field(ge=1, le=MAX_BATCH_SIZE, description="Per inference.")]
Notes = Annotated[StrictStr, Field(max_length=MAX_NOTES)]


class DeviceBody(Config):
    """A new device of this host."""

    slug: StrictStr = Field(max_length=50, description="Lower case, digits, single hyphens.")
    name: Name
    kind: Literal["local"] = "local"
    runtime: RuntimeKey
    threads: Threads = 1
    precision: Literal["fp32"] = "fp32"
    batch_size: BatchSize = 1
    is_active: StrictBool = True
    notes: Notes = ""


class DeviceChangesBody(Config):
    """What may change. Runtime, threads, precision and batch only while nothing was measured."""

    name: Name = ""
    runtime: RuntimeKey = ""
    threads: Threads = 1
    precision: Literal["fp32"] = "fp32"
    batch_size: BatchSize = 1
    is_active: StrictBool = True
    notes: Notes = ""
