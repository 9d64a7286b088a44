"""Attribute values of a document: compiled, and checked against the layer's own schema."""

from functools import lru_cache
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from search_engine.ops import OPS
from search_engine.ops.base import Rule
from search_engine.spaces.language import forms
from search_engine.spaces.language.scope import Scope, Setting
from search_engine.spaces.language.values import (
    Constant,
    Decision,
    Halving,
    TimesChannels,
    Value,
)


def compile_setting(form: Any, key: str, scope: Scope) -> Setting:
    """An entry of `variables`: a decision or a constant."""
    if isinstance(form, forms.Choice):
        return scope.at("choice").declare(form.name or key, form.choice)
    return Constant(form)


def compile_value(form: Any, key: str, scope: Scope) -> Value:
    """A value of an attribute named `key`; `scope` is at its path.

    Raises:
        SpaceError: an unknown variable, or `first` outside a repeat.
    """
    match form:
        case forms.Reference():
            return scope.lookup(form.variable)
        case forms.Channels():
            inner = scope.at("channels")
            return TimesChannels(
                compile_value(form.channels, key, inner), form.multiple, inner.path
            )
        case forms.HalveAbove():
            inner = scope.at("halve_above")
            return Halving(compile_value(form.halve_above, key, inner), inner.path)
        case forms.FirstRest():
            return _first_or_rest(form, key, scope)
        case forms.Task():
            return Constant(scope.table.classes)
        case _:
            return compile_setting(form, key, scope)


def _first_or_rest(form: forms.FirstRest, key: str, scope: Scope) -> Value:
    if scope.first is None:
        raise scope.fail("`first` and `rest` have a meaning only inside a repeat.")
    if scope.first:
        return compile_value(form.first, key, scope.at("first"))
    return compile_value(form.rest, key, scope.at("rest"))


def layer_rule(op: str, scope: Scope) -> type[Rule]:
    """The rule of a layer type. SpaceError lists those that exist."""
    if op not in OPS:
        raise scope.fail(f"No layer type {op!r:.80}. Known: {', '.join(OPS.keys())}.")
    rule: type[Any] = OPS.resolve(op)
    return rule


def check_attribute(rule: type[Rule], key: str, value: Value, scope: Scope) -> None:
    """SpaceError when the layer has no such attribute or it may not take one of the values."""
    fields = rule.config_class.model_fields
    if key not in fields:
        known = ", ".join(fields) or "none"
        raise scope.fail(f"This layer has no attribute {key!r}. Known: {known}.")
    for item in value.values if isinstance(value, Constant | Decision) else ():
        try:
            _adapter(rule.config_class, key).validate_python(item)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            raise scope.fail(f"{problem}, got {item!r:.80}.") from error


@lru_cache(maxsize=256)
def _adapter(config: Any, key: str) -> TypeAdapter[Any]:
    field = config.model_fields[key]
    strict = ConfigDict(strict=True, allow_inf_nan=False)
    annotated: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotated, config=strict)
