"""Small checks that the formats share: each explains what is wrong at a place in a record."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, Final

from lambdas.domain.core.did_you_mean import closest
from lambdas.domain.core.fact import JsonObject
from lambdas.domain.dataset.formats.record import GROUP_KEY
from lambdas.domain.dataset.rules import remedies
from lambdas.domain.dataset.rules.table import RecordFinding

MESSAGE_KEYS = frozenset({"role", "content"})
ROLES: Final = ("user", "assistant")
ANSWERS_TO: Final = {"user": "assistant", "assistant": "user"}
# Keys of a record that may be left out, by their pointers.
_OPTIONAL = ("/system", "/document", "/group")
# By which a record may be of another format, or of a kind that no run tunes on.
_DECIDING = frozenset(
    {"messages", "schemaVersion", "chosen", "rejected", "label", "reference_answer", "tools", "functions"}
    | {"toolConfig", "image", "images", "video", "videos", "audio", "audios"}
)
# Nothing is lost with a key that is close to these.
_NO_TEXTS = frozenset({"schemaVersion"})
# A number may stand there, and counts.
_OF_ANY_TYPE = frozenset({GROUP_KEY, "weight"})
is_space = str.isspace


def optional_texts(value: Any, names: tuple[str, ...]) -> int:
    """How many of the optional keys there are; -1 where one has no text."""
    found = 0
    for name in names:
        if name in value:
            if not value[name] or is_space(value[name]):
                return -1
            found += 1
    return found


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    kinds = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "null")


def text(value: Any, pointer: str) -> Iterator[RecordFinding]:
    """Whether a value is a text."""
    if not isinstance(value, str):
        remedy = remedies.for_text(value, optional=pointer in _OPTIONAL)
        yield RecordFinding("wrong-type", pointer, f"A text is needed, not {kind(value)}.", remedy)


def texts(value: JsonObject, names: tuple[str, ...]) -> Iterator[RecordFinding]:
    """Whether those of a record's keys that are there have texts."""
    for name in names:
        if name in value:
            yield from text(value[name], f"/{name}")


def missing_keys(value: JsonObject, names: tuple[str, ...], pointer: str = "") -> Iterator[RecordFinding]:
    """The keys that an object has not, but needs."""
    for name in names:
        if name not in value:
            remedy = remedies.for_missing_key(name, value, names)
            yield RecordFinding("missing-key", pointer, f"{name} is missing.", remedy)


def unknown_keys(value: JsonObject, known: frozenset[str], pointer: str = "") -> Iterator[RecordFinding]:
    """The keys of an object that are not among its format's."""
    if not value.keys() <= known:
        for key in value:
            if key not in known:
                escaped = key[:40].replace("~", "~0").replace("/", "~1")
                message = f"The key {key[:40]!r} is not part of the format."
                remedy = remedies.for_unknown_key(key, value, known)
                yield RecordFinding("unknown-key", f"{pointer}/{escaped}", message, remedy)


def misspelt_keys(
    value: JsonObject, known: frozenset[str], pointer: str = "", *, needed: Collection[str] = ()
) -> Iterator[RecordFinding]:
    """Keys of a record or message that are close to one of its format's: what they hold would be lost without them.

    Of those that are close to a `needed` one, `missing_keys` tells.
    """
    if value.keys() <= known:
        return
    for key in value:
        if key not in known and (meant := _meant(key, value, known)) and meant not in needed:
            escaped = key[:40].replace("~", "~0").replace("/", "~1")
            message = f"The key {key[:40]!r} is not part of the format. Did you mean {meant}?"
            yield RecordFinding(
                "unknown-key", f"{pointer}/{escaped}", message, remedies.for_unknown_key(key, value, {meant})
            )


def _meant(key: str, value: JsonObject, known: frozenset[str]) -> str | None:
    """The format's key that another one is a misspelling of; no number, such as of a step, is a lost text."""
    meant = closest(key, sorted(known - value.keys() - _NO_TEXTS))
    return meant if meant in _OF_ANY_TYPE or isinstance(value[key], str | list | dict) else None


def left_out_keys(value: JsonObject, known: frozenset[str]) -> list[str]:
    """The keys of a record that are not among its format's."""
    return [] if value.keys() <= known else [key for key in value if key not in known]


def left_out_of_messages(value: JsonObject) -> list[str]:
    """The keys of messages that are neither role nor content, each once."""
    more = [message for message in value["messages"] if len(message) > len(MESSAGE_KEYS)]
    return [*dict.fromkeys(key for message in more for key in message if key not in MESSAGE_KEYS)]


@lru_cache(maxsize=256)
def are_plain(keys: tuple[str, ...], known: frozenset[str]) -> bool:
    """Whether the other ones of a record's keys are left out without a look at their values."""
    others = [key for key in keys if key not in known]
    absent = sorted(known.difference(keys, _NO_TEXTS))
    return _DECIDING.isdisjoint(others) and not any(closest(key, absent) for key in others)


def role_order(roles: list[str], pointer: str, key: str = "role", first: int = 0) -> Iterator[RecordFinding]:
    """Whether turns alternate, from user first to assistant last; `first` is the place of the first one in the list."""
    for index, role in enumerate(roles):
        expected = ROLES[index % 2]
        if role != expected:
            message = f"{expected} is expected here, not {role}."
            remedy = remedies.for_role_order(role, is_first=index == 0)
            yield RecordFinding("role-order", f"{pointer}/{first + index}/{key}", message, remedy)
            return
    if roles[-1] != "assistant":
        message = "The last message is the assistant's answer, not the user's."
        remedy = "Add the assistant's answer, or leave the last message out."
        yield RecordFinding("role-order", f"{pointer}/{first + len(roles) - 1}/{key}", message, remedy)
