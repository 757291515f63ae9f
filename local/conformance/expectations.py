"""What a check expects of an answer or a refusal, and how that which it saw differs from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

from local.conformance.calls import AwsResponse


class Expectation(Protocol):
    """It reads as a sentence's end: "is refused with ValidationException"."""

    def difference(self, seen: AwsResponse) -> str | None:
        """How what was seen differs; None where it does not."""


class AnswerFact(Protocol):
    """Something about an answer; `path` names the member that it is about, such as `modelDetails.modelId`."""

    @property
    def path(self) -> str:
        """Members with dots between; a number is a place in a list."""

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""


@dataclass(frozen=True)
class ExpectedRefusal:
    """Refused with one of these codes; with `naming`, the message has this text, whatever the case."""

    codes: tuple[str, ...]
    naming: str | None = None

    def difference(self, seen: AwsResponse) -> str | None:
        """How what was seen differs; None where it does not."""
        if seen.refusal is None:
            return f"It was answered, not refused with {' or '.join(self.codes)}."
        if seen.refusal.code not in self.codes:
            return f"It was refused with {seen.refusal.code}, not with {' or '.join(self.codes)}."
        if self.naming and self.naming.lower() not in seen.refusal.message.lower():
            return f"The refusal's message does not name {self.naming}."
        return None

    def __str__(self) -> str:
        naming = f" that names {self.naming}" if self.naming else ""
        return f"is refused with {' or '.join(self.codes)}{naming}"


@dataclass(frozen=True)
class Answered:
    """Answered, and each of the facts holds."""

    facts: tuple[AnswerFact, ...] = ()

    def difference(self, seen: AwsResponse) -> str | None:
        """How what was seen differs; None where it does not."""
        if seen.answer is None:
            code = seen.refusal.code if seen.refusal else "no reason"
            return f"It was refused with {code}, not answered."
        wrong = [f"{fact.path} {text}" for fact in self.facts if (text := _wrong(fact, seen.answer))]
        return f"In the answer, {'; '.join(wrong)}." if wrong else None

    def __str__(self) -> str:
        return f"is answered with {', '.join(map(str, self.facts))}" if self.facts else "is answered"


@dataclass(frozen=True)
class Either:
    """One or the other: what has ended on AWS goes on in the simulation, unless its settings say otherwise."""

    first: Expectation
    other: Expectation

    def difference(self, seen: AwsResponse) -> str | None:
        """How what was seen differs from the first; None where it differs from one of them only."""
        return self.first.difference(seen) if self.other.difference(seen) else None

    def __str__(self) -> str:
        return f"{self.first}, or {self.other}"


@dataclass(frozen=True)
class Has:
    """The member is there and of this kind; a text is not empty."""

    path: str
    kind: type = str

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        fits = isinstance(value, float | int if self.kind is float else self.kind) and not (
            isinstance(value, bool) and self.kind is not bool
        )
        return None if fits and value != "" else f"is no {_KINDS[self.kind]}"

    def __str__(self) -> str:
        return f"{self.path} ({_KINDS[self.kind]})"


_KINDS: dict[type, str] = {str: "text", int: "whole number", float: "number", list: "list", dict: "object"}


@dataclass(frozen=True)
class Is:
    """The member has one of these values."""

    path: str
    values: tuple[object, ...]

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        return None if value in self.values else f"is {value!r}, not {' or '.join(map(repr, self.values))}"

    def __str__(self) -> str:
        return f"{self.path} = {' or '.join(map(str, self.values))}"


@dataclass(frozen=True)
class Matches:
    """The member is a text that fits the pattern as a whole; the pattern has the wildcards of file names."""

    path: str
    pattern: str

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        return None if isinstance(value, str) and fnmatchcase(value, self.pattern) else "has another form"

    def __str__(self) -> str:
        return f"{self.path} like {self.pattern}"


@dataclass(frozen=True)
class Items:
    """The member is a list of so many items, each with these members."""

    path: str
    members: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        if not isinstance(value, list):
            return "is no list"
        if len(value) < self.least or (self.most is not None and len(value) > self.most):
            return f"has {len(value)} items"
        lacking = sorted({name for name in self.members for item in value if name not in item})
        return f"has items without {', '.join(lacking)}" if lacking else None

    def __str__(self) -> str:
        most = "" if self.most is None else f" and at most {self.most}"
        with_members = f" with {', '.join(self.members)}" if self.members else ""
        return f"{self.path}: at least {self.least}{most} items{with_members}"


@dataclass(frozen=True)
class Includes:
    """The member is a list that has each of these values; with `key`, one item each whose member `key` has it."""

    path: str
    values: tuple[object, ...]
    key: str | None = None

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        if not isinstance(value, list):
            return "is no list"
        found = [item.get(self.key) for item in value] if self.key else value
        lacking = [str(one) for one in self.values if one not in found]
        return f"lacks {', '.join(lacking)}" if lacking else None

    def __str__(self) -> str:
        return f"{self.path} with {', '.join(map(str, self.values))}"


@dataclass(frozen=True)
class HasText:
    """The member is a list of content blocks, one of which has a text that is not empty."""

    path: str

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        return None if isinstance(value, list) and any(block.get("text") for block in value) else "has no text"

    def __str__(self) -> str:
        return f"a text in {self.path}"


@dataclass(frozen=True)
class Within:
    """The member is a number in this range."""

    path: str
    least: float
    most: float

    def wrong(self, value: Any) -> str | None:
        """What is wrong with the member's value; None where nothing is."""
        fits = isinstance(value, int | float) and self.least <= value <= self.most
        return None if fits else f"is {value!r}, not from {self.least:g} to {self.most:g}"

    def __str__(self) -> str:
        return f"{self.path} from {self.least:g} to {self.most:g}"


def refused(*codes: str, naming: str | None = None) -> ExpectedRefusal:
    """A refusal with one of the codes."""
    return ExpectedRefusal(codes, naming)


def answered(*facts: AnswerFact) -> Answered:
    """An answer for which the facts hold."""
    return Answered(facts)


def one_of(path: str, *values: object) -> Is:
    """The member has one of the values."""
    return Is(path, values)


def lookup(answer: Any, path: str) -> Any:
    """The member at a path; raises LookupError where there is none."""
    value = answer
    for part in path.split("."):
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        else:
            raise LookupError(path)  # noqa: TRY004 - the member is missing, whatever stands in its place
    return value


def _wrong(fact: AnswerFact, answer: Any) -> str | None:
    try:
        value = lookup(answer, fact.path)
    except LookupError:
        return "is missing"
    return fact.wrong(value)
