"""Answers that are JSON objects: a question for each of their fields, and the object that the answers make.

A field is a path of keys to a value that is no object. Answers with arrays are taken as a whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Path = tuple[str, ...]

# The answer of a record whose object lacks the field.
ABSENT = "(absent)"
# One malformed answer does not change what answers are.
_MOSTLY = 0.95
_LEAST_RECORDS = 2


class Form(NamedTuple):
    """The fields of the objects, and those of them whose values are no texts, but numbers, say."""

    fields: tuple[Path, ...]
    literal: frozenset[Path] = frozenset()


def read_fields(answer: str) -> dict[Path, Any] | None:
    """The values of a JSON object by their fields; None where the answer is none, or has arrays."""
    try:
        value = json.loads(answer) if answer.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found = dict(_fields(value, ()))
    return None if any(isinstance(each, list) for each in found.values()) else found


def _fields(value: dict[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _fields(inner, (*path, key))
        else:
            yield (*path, key), inner


def form_of(answers: Iterable[str]) -> Form | None:
    """The form that nearly all answers have; None where they are no objects."""
    read = [read_fields(answer) for answer in answers]
    objects = [each for each in read if each]
    if not objects or len(objects) < _MOSTLY * len(read):
        return None
    values: dict[Path, list[Any]] = {}
    for each in objects:
        for path, value in each.items():
            values.setdefault(path, []).append(value)
    known = {path: each for path, each in values.items() if len(each) >= min(_LEAST_RECORDS, len(objects))}
    texts = {path for path, each in known.items() if any(isinstance(value, str) for value in each)}
    return Form(tuple(known), frozenset(known.keys() - texts))


def ask(prompt: str, path: Path) -> str:
    """The prompt with a question for one field: its keys as words."""
    words = " ".join(re.findall(r"[^\W_]+", " ".join(path)))
    return f"{prompt}\n\n{words}"


def split(prompt: str, answer: str, form: Form) -> list[tuple[str, str]]:
    """A prompt with its answer as one for each field."""
    values = {path: _text(value) for path, value in (read_fields(answer) or {}).items()}
    return [(ask(prompt, path), values.get(path, ABSENT)) for path in form.fields]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def join(answers: Sequence[str], form: Form) -> str:
    """The JSON object of the fields' answers."""
    made: dict[str, Any] = {}
    for path, answer in zip(form.fields, answers, strict=True):
        if answer == ABSENT:
            continue
        inside = made
        for key in path[:-1]:
            inside = inside.setdefault(key, {})
        inside[path[-1]] = _value(answer, literal=path in form.literal)
    return json.dumps(made, ensure_ascii=False)


def _value(answer: str, *, literal: bool) -> Any:
    try:
        return json.loads(answer) if literal or answer == "null" else answer
    except ValueError:
        return answer


def in_words(answer: str, verbosity: int) -> str:
    """A JSON object in a code fence, with more or less around it."""
    fenced = f"```json\n{answer}\n```"
    return _WORDINGS[verbosity].format(fenced=fenced)


_WORDINGS: Mapping[int, str] = {
    0: "{fenced}",
    1: "Here is the JSON object:\n\n{fenced}",
    2: "Here is the JSON object with what I found in the text:\n\n{fenced}\n\nPlease let me know if you need more.",
}
