"""Writes cleaning/train.jsonl: questions on financial tables, one in ten of them with a wrong answer.

    python examples/generate_cleaning.py > examples/cleaning/train.jsonl

The same seed gives the same bytes. The tables are as those of generate.py, other ones. Each has two questions: one that
names a figure, and one that needs arithmetic of a kind that the base model does not take it for. A wrong record has the
answer to another one's question, as when rows of a spreadsheet have slipped.
"""

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

from generate import COMPANIES, LOOKUPS, SHARES, STATEMENTS, SUMS, rendered, table

SEED = 20261201
TABLES = 140
WRONG = 0.1
SYSTEM = (
    "You answer questions about the financial table in the <table></table> tags. Reply with the answer alone: figures "
    "as in the table, percentages with one decimal."
)


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
    text, year = rendered(company, figures, years), years[0]
    item, other = draw.sample(list(figures), k=2)
    named = draw.choice(LOOKUPS).format(item=item, company=company, year=year), f"{figures[item][year]:,}"
    one, two = figures[item][year], figures[other][year]
    forms, answer = draw.choice(((SUMS, f"{one + two:,}"), (SHARES, f"{one / two * 100:.1f}%")))
    computed = draw.choice(forms).format(item=item, other=other, year=year), answer
    return [(f"{text}\n\n{question}", answer) for question, answer in (named, computed)]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr] # a console's stream has it
    for record, _ in records():
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
