"""A Bedrock that answers otherwise than assumed, in one way at a time."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from local.bedrock.errors import BedrockError
from local.conformance.expectations import (
    Answered,
    AnswerFact,
    Either,
    Expectation,
    ExpectedRefusal,
    Has,
    HasText,
    Includes,
    Is,
    Items,
    Matches,
    Within,
)

# Of a JSON answer, in place of the simulation's. None: an error comes instead.
Change = Callable[[Any], Any]


# In place of a value of a kind, one that botocore hands on or refuses itself.
_OTHER_KINDS: dict[type, Any] = {str: {}, int: "other", float: "other"}
# A text that is a time, too.
MOMENT = "2026-11-28T12:00:00Z"


class OtherError(BedrockError):
    """A code that nothing expects."""

    code = "OtherException"


def fail(_: Any) -> Any:
    """An error instead of whatever was to be answered."""
    raise OtherError("Something else is wrong.")


def distortions(expects: Expectation) -> Iterator[tuple[str, Change]]:
    """Each way in which an answer can be other than expected, with a name."""
    yield "another error", fail
    if isinstance(expects, Either):
        # What the other one refuses is an answer to the first: only its message can be wrong, too.
        yield from _wrong_messages(expects.other)
        expects = expects.first
    yield from _wrong_messages(expects)
    if isinstance(expects, ExpectedRefusal):
        yield "an answer", lambda _: {}
    if isinstance(expects, Answered):
        for fact in expects.facts:
            yield f"no {fact.path}", partial(_changed, path=fact.path, value=None)
            for name, value in _wrong_values(fact):
                yield f"{name} {fact.path}", partial(_changed, path=fact.path, value=value)


def _wrong_messages(expects: Expectation) -> Iterator[tuple[str, Change]]:
    if isinstance(expects, ExpectedRefusal) and expects.naming:
        for code in expects.codes:
            yield f"{code} with another message", partial(_refuse, code=code)


def _refuse(_: Any, code: str) -> Any:
    error = OtherError("Something else is wrong.")
    error.code = code
    raise error


def _wrong_values(fact: AnswerFact) -> Iterator[tuple[str, Change]]:
    match fact:
        case Is() | Matches():
            yield "another", lambda _: "other"
        case Within():
            yield "more", lambda _: 1_000_000
        case Has(kind=kind) if kind in _OTHER_KINDS:
            yield "another kind of", lambda _: _OTHER_KINDS[kind]
            if kind is str:
                yield "an empty", lambda _: ""
        case HasText():
            yield "an empty", lambda _: []
            yield "an empty text in", lambda _: [{"text": ""}]
        case Includes() | Items():
            yield from _wrong_lists(fact)


def _wrong_lists(fact: Includes | Items) -> Iterator[tuple[str, Change]]:
    match fact:
        case Includes(values=values, key=key):
            yield "an empty", lambda _: []
            for lacking in values:
                yield f"one without {lacking} as", partial(_without, value=lacking, key=key)
        case Items(least=least, most=most, members=members):
            if least:
                yield "an empty", lambda _: []
            if most is not None:
                yield "a longer", lambda value: [*value, *[dict.fromkeys(members, MOMENT)] * (most + 1)]
            if members:
                yield "an item without members in", lambda _: [{}] * max(least, 1)


def _without(listed: Any, value: object, key: str | None) -> Any:
    return [item for item in listed if (item.get(key) if key else item) != value]


def _changed(body: Any, path: str, value: Change | None) -> Any:
    """The body with another value at a path, or without that member."""
    changed = json.loads(json.dumps(body))
    *above, last = path.split(".")
    place = changed
    for name in above:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value(place.get(last))
    return changed
