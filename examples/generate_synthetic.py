"""Writes synthetic/: questions on a few documents, and documents that hardly anybody has asked about.

    python examples/generate_synthetic.py examples/synthetic

The same seed gives the same bytes. A document is a page of a report with a table, as those of generate.py. train.jsonl
asks one question about each of its documents: for a figure, or for arithmetic of a kind that the base model does not
take it for. The text files in documents/ are further pages, and a part of those that train.jsonl asks about, as in an
archive: so a teacher has much to write about, and some of it is about validation or test records and must be left out.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from generate import COMPANIES, LOOKUPS, SHARES, STATEMENTS, SUMS, rendered, table

SEED = 20261130
# Pages with a question, pages without one, and how many of the former are among the text files, too.
ASKED, FURTHER, BOTH = 162, 60, 20

SYSTEM = (
    "You answer questions about the page in the <document></document> tags. Reply with the answer alone: figures as in "
    "the table, percentages with one decimal."
)
REPORTS = ("annual report", "interim review", "board paper", "bank file", "press kit", "audit note")


def pages() -> Iterator[tuple[str, str, str]]:
    """Each document with a question and its answer."""
    # Chosen figures need no secrecy, but the same bytes each time.
    draw = random.Random(SEED)  # noqa: S311
    for number in range(ASKED + FURTHER):
        company = COMPANIES[number % len(COMPANIES)]
        figures, years = table(draw, draw.choice(list(STATEMENTS)))
        item, other = draw.sample(list(figures), k=2)
        year = years[0]
        one, two = figures[item][year], figures[other][year]
        forms, answer = draw.choice(
            ((LOOKUPS, f"{one:,}"), (SUMS, f"{one + two:,}"), (SHARES, f"{one / two * 100:.1f}%"))
        )
        question = draw.choice(forms).format(item=item, other=other, company=company, year=year)
        heading = f"From the {draw.choice(REPORTS)}, page {draw.randint(2, 90)}:"
        yield f"{heading}\n\n{rendered(company, figures, years)}", question, answer


def write(folder: Path) -> None:
    """Writes the training file and the text files."""
    made = list(pages())
    lines = []
    for document, question, answer in made[:ASKED]:
        user = f"<document>\n{document}\n</document>\n\n{question}"
        messages = [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
        lines.append(json.dumps({"system": SYSTEM, "messages": messages}, ensure_ascii=False) + "\n")
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
    for number, (document, _, _) in enumerate(made[ASKED - BOTH :], start=1):
        (folder / "documents" / f"page-{number:03}.md").write_text(f"{document}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
