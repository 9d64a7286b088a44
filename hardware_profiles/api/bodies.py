"""Request bodies as frozen schemas: they check types and ranges, the model checks the rest."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from hardware_profiles.models import MAX_BATCH_SIZE, MAX_NOTES, MAX_THREADS
from hardware_profiles.runtimes import RUNTIMES
from search_engine.config import Config


def _known(key: str) -> str:
    if key and key not in RUNTIMES:
        raise ValueError(f"allowed are {', '.join(RUNTIMES.keys())}")
    return key


Name = Annotated[StrictStr, Field(min_length=1, max_length=120, description="For people.")]
RuntimeKey = Annotated[
    StrictStr,
    AfterValidator(_known),
    Field(
        max_length=40,
        description="Of devices that measure; empty for descriptions and tables.",
        json_schema_extra={"enum": ["", *RUNTIMES.keys()]},
    ),
]
Threads = Annotated[StrictInt, Field(ge=1, le=MAX_THREADS, description="Per inference.")]
BatchSize = Annotated[StrictInt, Field(ge=1, le=MAX_BATCH_SIZE, description="Per inference.")]
Notes = Annotated[StrictStr, Field(max_length=MAX_NOTES)]
Precision = Annotated[
    StrictStr, Field(pattern="^(fp32|bf16|fp16|int8)$", description="Type of all numbers.")
]
Description = dict[str, StrictStr | StrictInt | StrictFloat | None]


class DeviceBody(Config):
    """A new device: of this host, a description, or an imported table."""

    slug: StrictStr = Field(max_length=50, description="Lower case, digits, single hyphens.")
    name: Name
    kind: Literal["local", "analytic", "table"] = "local"
    runtime: RuntimeKey = ""
    threads: Threads = 1
    precision: Precision = "fp32"
    batch_size: BatchSize = 1
    descriptor: Description = Field(
        default_factory=dict, description="Of kind `analytic`: see docs/hardware.md."
    )
    is_active: StrictBool = True
    notes: Notes = ""


class DeviceChangesBody(Config):
    """What may change. Runtime, threads, precision and batch only while nothing was measured."""

    name: Name = ""
    runtime: RuntimeKey = ""
    threads: Threads = 1
    precision: Precision = "fp32"
    batch_size: BatchSize = 1
    descriptor: Description = Field(
        default_factory=dict, description="Of kind `analytic`: see docs/hardware.md."
    )
    is_active: StrictBool = True
    notes: Notes = ""
