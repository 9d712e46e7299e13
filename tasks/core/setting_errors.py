"""Error texts for wrong settings: the values a setting allows, in place of pydantic's description of the fault."""

from typing import get_args

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_NUMBER_ERRORS = ("greater_than", "greater_than_equal", "less_than_equal")


def allowed_values(error: ErrorDetails, field: FieldInfo) -> str:
    """Return the rule that the setting's value breaks, as `must …`. The value is left out: it may be a secret."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        return f"must be {context['expected']}"
    if kind == "bool_parsing":
        return "must be true or false"
    if kind in ("too_short", "string_too_short"):
        return f"must have at least {context['min_length']} characters"
    if kind.startswith(("int_", "float_")) or kind in _NUMBER_ERRORS:
        is_whole = int in (field.annotation, *get_args(field.annotation))
        return f"must be a {'whole ' if is_whole else ''}number, {_bounds(field)}"
    return error["msg"]


def _bounds(field: FieldInfo) -> str:
    texts = []
    for rule in field.metadata:
        if isinstance(rule, Ge):
            texts.append(f"at least {rule.ge}")
        elif isinstance(rule, Gt):
            texts.append(f"more than {rule.gt}")
        elif isinstance(rule, Le):
            texts.append(f"at most {rule.le}")
    return " and ".join(texts)
