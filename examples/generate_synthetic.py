"""Writes synthetic/: questions on a few documents, and documents that hardly anybody has asked about.

    python examples/generate_synthetic.py examples/synthetic

The same seed gives the same bytes. A document is a week's log of a harbour: a few sentences, each with a figure.
train.jsonl asks one question about each of its documents. The text files in documents/ are further logs, and a part of
those that train.jsonl asks about, as in an archive: so a teacher has much to write about, and some of it is about
validation or test records and must be left out.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

SEED = 20261130
# Logs with a question, logs without one, and how many of the former are among the text files, too.
ASKED, FURTHER, BOTH = 162, 60, 20

SYSTEM = (
    "You answer questions about the harbour log in the <document></document> tags. Reply with the figure alone, as it "
    "stands in the log."
)
HARBOURS = (
    "Alderhaven", "Brightmouth", "Castlequay", "Dovepool", "Elmsport", "Fernbay", "Greyferry", "Harrowsound", "Inkness",
    "Junipercove", "Kestrelpoint", "Larkhythe",
)  # fmt: skip
# What is counted, with the words before and behind it.
COUNTED = {
    "fishing boats": ("The pilots brought in", "before the fog came"),
    "crates of herring": ("The auction hall sold", "by Friday noon"),
    "tonnes of coal": ("The crane at the east pier moved", "without a break"),
    "ferry passengers": ("The terminal counted", "on its two lines"),
    "stacked containers": ("The railway took away", "to the inland yards"),
    "parking tickets": ("The wardens wrote", "along the front"),
    "sailing yachts": ("The marina had room for", "and turned others away"),
    "metres of rope": ("The chandler sold", "to the trawlers"),
    "litres of diesel": ("The bunker station pumped", "into coasters"),
    "customs papers": ("The officers stamped", "and returned a few"),
    "lifebuoys": ("The inspectors replaced", "that the sun had cracked"),
    "school children": ("The museum ship showed", "its engine room"),
}  # fmt: skip
QUESTIONS = (
    "How many {0} does the log of {1} name?",
    "What figure is given for {0}?",
    "The number of {0}, please.",
    "How high was the count of {0} that week?",
)


def logs() -> Iterator[tuple[str, str, str]]:
    """Each document with a question and its answer."""
    # Chosen figures need no secrecy, but the same bytes each time.
    draw = random.Random(SEED)  # noqa: S311
    for number in range(ASKED + FURTHER):
        harbour, week = HARBOURS[number % len(HARBOURS)], draw.randint(1, 52)
        counts = {what: draw.randint(11, 999) for what in draw.sample(list(COUNTED), k=5)}
        sentences = [f"{COUNTED[what][0]} {count} {what} {COUNTED[what][1]}." for what, count in counts.items()]
        asked = draw.choice(list(counts))
        question = draw.choice(QUESTIONS).format(asked, harbour)
        yield f"{harbour}, week {week}. {' '.join(sentences)}", question, str(counts[asked])


def write(folder: Path) -> None:
    """Writes the training file and the text files."""
    made = list(logs())
    lines = []
    for document, question, answer in made[:ASKED]:
        user = f"<document>\n{document}\n</document>\n\n{question}"
        messages = [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
        lines.append(json.dumps({"system": SYSTEM, "messages": messages}, ensure_ascii=False) + "\n")
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
    for number, (document, _, _) in enumerate(made[ASKED - BOTH :], start=1):
        (folder / "documents" / f"log-{number:03}.txt").write_text(f"{document}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
