"""Writes cleaning/train.jsonl: questions on financial tables, one in ten of them with a wrong answer.

    python examples/generate_cleaning.py > examples/cleaning/train.jsonl

The same seed gives the same bytes. The tables are as those of generate.py, other ones, and each has two questions that
a figure answers. A wrong record has the answer to another one's question, as when rows of a spreadsheet have slipped.
"""

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

from generate import COMPANIES, STATEMENTS, SYSTEM, questions, rendered, table

SEED = 20261201
TABLES = 140
# Of what `questions` yields: a figure to look up, and a percentage.
KINDS = (0, 2)
WRONG = 0.1


def records() -> Iterator[tuple[dict[str, Any], bool]]:
    """Each record, and whether its answer is wrong."""
    # Chosen figures need no secrecy, but the same bytes each time.
    draw = random.Random(SEED)  # noqa: S311
    asked = [each for number in range(TABLES) for each in _asked(draw, number)]
    slipped = sorted(draw.sample(range(len(asked)), k=int(WRONG * len(asked))))
    # Each has the answer of the next one; the same figure by chance would be right.
    given = {place: asked[slipped[at - 1]][1] for at, place in enumerate(slipped)}
    for place, (prompt, answer) in enumerate(asked):
        messages = [
            {"role": "user", "content": prompt},
            {"role": "assistant", "content": given.get(place, answer)},
        ]
        yield {"system": SYSTEM, "messages": messages}, given.get(place, answer) != answer


def _asked(draw: random.Random, number: int) -> list[tuple[str, str]]:
    """A table's prompts with their answers."""
    company, statement = COMPANIES[number % len(COMPANIES)], draw.choice(list(STATEMENTS))
    figures, years = table(draw, statement)
    text = rendered(company, figures, years)
    every = list(questions(draw, company, statement, figures, years))
    return [(f"{text}\n\n{every[kind][0]}", every[kind][1]) for kind in KINDS]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr] # a console's stream has it
    for record, _ in records():
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
