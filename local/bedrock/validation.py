"""The check of a request against the service model: types, required members, ranges, patterns, enums, unknown members.

botocore's own ParamValidator, which runs in the client, leaves out patterns, enums and upper bounds: they are here.
The wording follows Bedrock's answers, such as "1 validation error detected: Value 'a b' at 'jobName' failed to satisfy
constraint: Member must satisfy regular expression pattern: …".
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.bedrock.errors import ValidationError

# Names, ids and addresses are shorter; patterns of the service model are not made for hostile texts.
LONGEST_MATCHED = 4_096
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes,),
}
NUMBERS = ("integer", "long", "float", "double")
SIZED = ("string", "list", "map", "blob")


def check(shape: Shape, params: dict[str, Any]) -> None:
    """Raise one ValidationError that lists every violation, or return."""
    violations = list(_violations(shape, params, ""))
    if violations:
        count = len(violations)
        plural = "error" if count == 1 else "errors"
        raise ValidationError(f"{count} validation {plural} detected: {'; '.join(violations)}")


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    if not _has_type(shape, value):
        yield _violation(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _outside_range(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _structure_violations(shape, value, path)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{path}.key")
            yield from _violations(shape.value, item, f"{path}.{key}")
    elif shape.type_name == "string":
        yield from _text_violations(shape, value, path)


def _has_type(shape: Shape, value: Any) -> bool:
    # To Python a bool is an int, too.
    return isinstance(value, PYTHON_TYPES[shape.type_name]) and (shape.type_name == "boolean") == isinstance(
        value, bool
    )


def _structure_violations(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name not in shape.members:
            yield _violation(item, f"{prefix}{name}", f"Member is not known to {shape.name}")
        elif item is not None:
            yield from _violations(shape.members[name], item, f"{prefix}{name}")
    if shape.is_tagged_union and sum(item is not None for item in value.values()) != 1:
        yield _violation(sorted(value), path, f"Exactly one member of {shape.name} must be set")


def _outside_range(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name in NUMBERS:
        size, what = value, "have value"
    elif shape.type_name in SIZED:
        size, what = len(value), "have length"
    else:
        return
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and size < minimum:
        yield _violation(value, path, f"Member must {what} greater than or equal to {minimum}")
    if maximum is not None and size > maximum:
        yield _violation(value, path, f"Member must {what} less than or equal to {maximum}")


def _text_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield _violation(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
    pattern = shape.metadata.get("pattern")
    too_long = len(value) > shape.metadata.get("max", len(value))
    if pattern and not too_long and (len(value) > LONGEST_MATCHED or not _compiled(pattern).fullmatch(value)):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Job names: the same language, without the nested repetition that takes exponential time on a row of hyphens.
    return re.compile(pattern.replace(r"(-*[a-zA-Z0-9\+\-\.])*", r"[a-zA-Z0-9\+\-\.]*"))


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = str(value) if len(str(value)) <= 300 else f"{str(value)[:300]}…"
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"
