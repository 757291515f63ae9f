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
    Includes,
    Is,
    Items,
    Matches,
    Within,
)

# Of a JSON answer, in place of the simulation's. None: an error comes instead.
Change = Callable[[Any], Any]


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
        expects = expects.first
    if isinstance(expects, ExpectedRefusal):
        yield "an answer", lambda _: {}
    if isinstance(expects, Answered):
        for fact in expects.facts:
            yield f"no {fact.path}", partial(_changed, path=fact.path, value=None)
            for name, value in _wrong_values(fact):
                yield f"{name} {fact.path}", partial(_changed, path=fact.path, value=value)


def _wrong_values(fact: AnswerFact) -> Iterator[tuple[str, Change]]:
    match fact:
        case Is() | Matches():
            yield "another", lambda _: "other"
        case Within():
            yield "more", lambda _: 1_000_000
        case Includes():
            yield "an empty", lambda _: []
        case Items(least=least, most=most, members=members):
            if least:
                yield "an empty", lambda _: []
            if most is not None:
                yield "a longer", lambda value: [*value, *[dict.fromkeys(members, MOMENT)] * (most + 1)]
            if members:
                yield "an item without members in", lambda _: [{}] * max(least, 1)


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
