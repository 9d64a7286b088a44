"""The words of search-space documents: every form that a value or a part may take."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(max_length=200)]
Scalar = bool | int | float | str
MAX_CHOICES = 256


class Form(BaseModel):
    """Base of all forms: unknown keys are errors, `true` is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


# --- values: what an attribute may be -----------------------------------------------------


class Choice(Form):
    """A decision: one of these values. Named after the attribute unless `name` is given."""

    choice: list[Scalar] = Field(min_length=1, max_length=MAX_CHOICES)
    name: Name | None = None


Setting = Annotated[
    Annotated[Scalar, Tag("@scalar")] | Annotated[Choice, Tag("@choice")],
    Discriminator(
        lambda data: _value_tag(data),  # noqa: PLW0108 - defined below
        custom_error_type="setting_form",
        custom_error_message="A variable is text, a number, true, false or has the key choice",
    ),
]


class Reference(Form):
    """The value of a variable that an enclosing part declares under `variables`."""

    variable: Name


class Channels(Form):
    """A factor times the channels of the tensor that arrives, rounded to a multiple."""

    channels: "Value"
    multiple: int = Field(1, ge=1, le=1024)


class HalveAbove(Form):
    """A stride: 2 while the longer side of the map exceeds this many pixels, else 1."""

    halve_above: "Value"


class FirstRest(Form):
    """One value in the first copy of the innermost repeat, another in the rest."""

    first: "Value"
    rest: "Value"


class Task(Form):
    """A number that the data decide."""

    task: Literal["classes"]


# --- parts: what networks are made of -----------------------------------------------------


class Part(Form):
    """What every part may carry.

    Attributes:
        name: prefix of the names of decisions and layers inside.
        variables: decisions or constants that parts inside refer to, so that they share them.
        stage, block, label: how diagrams group and caption it; `{kernel}` in a label is replaced.
    """

    name: Name | None = None
    variables: dict[Name, Setting] = Field(default={}, max_length=64)
    stage: Text | None = None
    block: Name | None = None
    label: Text | None = None


class OpPart(Part):
    """One layer; every further key is one of its attributes."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, "Value"]

    op: str


class SequencePart(Part):
    """One part after the other; a bare list is the same without a name."""

    sequence: list["AnyPart"] = Field(max_length=256)


class PartList(RootModel[list["AnyPart"]]):
    """The bare list."""

    model_config = ConfigDict(frozen=True, strict=True)
    root: list["AnyPart"] = Field(max_length=256)


class RepeatPart(Part):
    """Copies in a row. `share`: all copies take the same decisions, else each its own."""

    repeat: "AnyPart"
    times: "Value"
    share: bool = False


class ChoosePart(Part):
    """A decision between parts; null leaves the part out. `name` names the decision."""

    name: Name
    choose: dict[Name, "AnyPart | None"] = Field(min_length=1, max_length=MAX_CHOICES)


class OptionalPart(Part):
    """A decision whether the part is there. `name` names the decision."""

    name: Name
    optional: "AnyPart"


class ResidualPart(Part):
    """Adds the input to the result where their shapes agree; elsewhere just the part."""

    residual: "AnyPart"


class ParallelPart(Part):
    """Branches that read the same tensor and are summed or joined along the channels."""

    parallel: list["AnyPart"] = Field(min_length=2, max_length=32)
    merge: Literal["add", "concat"] = "add"


class CellBody(Form):
    """A complete DAG: node 0 is the input, the last node the output, each node a sum.

    Attributes:
        nodes: including the input.
        ops: what an edge may do; null is no edge. The decision of the edge from node i to
            node j is named `edge_<i>_<j>`; edges are ordered by j, then i.
    """

    nodes: int = Field(ge=2, le=12)
    ops: dict[Name, "AnyPart | None"] = Field(min_length=1, max_length=MAX_CHOICES)


class CellPart(Part):
    """A cell with a searched operation on every edge."""

    cell: CellBody


class UsePart(Part):
    """A part from `define`. `share`: all such uses take the same decisions, named after it."""

    use: Name
    share: bool = False


PARTS: dict[str, type[Part]] = {
    "op": OpPart,
    "sequence": SequencePart,
    "repeat": RepeatPart,
    "choose": ChoosePart,
    "optional": OptionalPart,
    "residual": ResidualPart,
    "parallel": ParallelPart,
    "cell": CellPart,
    "use": UsePart,
}
_VALUES = ("choice", "variable", "channels", "halve_above", "first", "task")


def _part_tag(data: Any) -> str | None:
    if isinstance(data, list | PartList):
        return "@list"
    keys = _keys(data)
    return next((f"@{key}" for key in PARTS if key in keys), None)


def _keys(data: Any) -> Any:
    return data if isinstance(data, dict) else getattr(type(data), "model_fields", {})


def _value_tag(data: Any) -> str | None:
    if isinstance(data, bool | int | float | str):
        return "@scalar"
    keys = _keys(data)
    return next((f"@{key}" for key in _VALUES if key in keys), None)


# Tags start with "@" so that error paths can leave them out.
Value = Annotated[
    Annotated[Scalar, Tag("@scalar")]
    | Annotated[Choice, Tag("@choice")]
    | Annotated[Reference, Tag("@variable")]
    | Annotated[Channels, Tag("@channels")]
    | Annotated[HalveAbove, Tag("@halve_above")]
    | Annotated[FirstRest, Tag("@first")]
    | Annotated[Task, Tag("@task")],
    Discriminator(
        _value_tag,
        custom_error_type="value_form",
        custom_error_message="A value is text, a number, true, false or has one of the keys "
        + ", ".join(_VALUES),
    ),
]
AnyPart = Annotated[
    Annotated[PartList, Tag("@list")]
    | Annotated[OpPart, Tag("@op")]
    | Annotated[SequencePart, Tag("@sequence")]
    | Annotated[RepeatPart, Tag("@repeat")]
    | Annotated[ChoosePart, Tag("@choose")]
    | Annotated[OptionalPart, Tag("@optional")]
    | Annotated[ResidualPart, Tag("@residual")]
    | Annotated[ParallelPart, Tag("@parallel")]
    | Annotated[CellPart, Tag("@cell")]
    | Annotated[UsePart, Tag("@use")],
    Discriminator(
        _part_tag,
        custom_error_type="part_form",
        custom_error_message=f"A part is a list of parts or has one of the keys {', '.join(PARTS)}",
    ),
]

_RECURSIVE: tuple[type[BaseModel], ...] = (
    Channels,
    HalveAbove,
    FirstRest,
    PartList,
    *PARTS.values(),
    CellBody,
)
for _form in _RECURSIVE:
    _form.model_rebuild()
