"""What a system text asks answers to be: one of a list of options, or a JSON object with a list of keys.

Lists are lines such as `- billing: charges and invoices`. Where the system text speaks of JSON the names are keys, and
a key's description may have options of its own ("one of invoice, reminder").
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from local.bedrock.models.prompts import STOP_WORDS, words_of

_LINE = re.compile(
    r"^[ \t]*(?:[-*\u2022]|\d{1,3}[.)])[ \t]+[\"'`*]*([^\n:\"'`*]{1,60})[\"'`*]*[ \t]*(?::[ \t]*(.*))?$", re.M
)
_ONE_OF = re.compile(r"\bone of:?\s+([^.;\n]+)", re.I)
_BETWEEN = re.compile(r",(?:\s*(?:or|and)\s)?|\sor\s", re.I)
# Endings that a word may have in one text and not in the other.
_STEM = 5


class Named(NamedTuple):
    """A line of a list."""

    name: str
    description: str

    @property
    def options(self) -> list[str]:
        """The values that the description allows; none where it names none."""
        found = _ONE_OF.search(self.description)
        return [one.strip(" \"'`") for one in _BETWEEN.split(found[1]) if one.strip()] if found else []


def listed(system: str) -> list[Named]:
    """The lines of the lists in a system text; a single line is no list."""
    found = [Named(match[1].strip(), (match[2] or "").strip()) for match in _LINE.finditer(system)]
    return found if len(found) > 1 else []


def asks_for_json(system: str) -> bool:
    """Whether the system text speaks of JSON."""
    return re.search(r"\bjson\b", system, re.I) is not None


def likeliest(options: Sequence[Named], text: str) -> str:
    """The option whose name and description share most words with the text; the first of those that share as many.

    A word that several options have says less.
    """
    words = [_stems(f"{option.name} {option.description}") for option in options]
    frequency = Counter(word for each in words for word in each)
    present = _stems(text)
    scores = [sum(1 / frequency[word] for word in each & present) for each in words]
    return options[scores.index(max(scores))].name


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in words_of(text) if word not in STOP_WORDS}
