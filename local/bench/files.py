"""Generated data sets of any size: questions on documents of plausible words, figures, quotes and line breaks."""

import random
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson

SYSTEM = "You are a financial analyst. Answer the question using only the data."
_PLAIN = (
    "revenue income total of the and in net year ended December operating expense (million) $1,204 2019 2018 tax "
    "deferred assets Company's interest — cash flows from financing activities were was increase decrease compared "
    "with prior period due to higher lower 4.7% 12 (88)"
)
_ENDS = (". ", ".\n", ". ", ' "quoted" ', ": ")
# Documents that differ; files of more records ask further questions on them.
_DOCUMENTS = 2_000


def records(count: int, row_bytes: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """`count` records of about `row_bytes`, each on a document of its own."""
    draw = random.Random(seed)  # noqa: S311 - the same figures each time, not secrets
    words = [*_PLAIN.split(), *(f"w{draw.getrandbits(20):x}" for _ in range(3000))]
    for number in range(count):
        parts, length = list[str](), 0
        while length < row_bytes - 260:
            parts.append(" ".join(draw.choices(words, k=12)) + draw.choice(_ENDS))
            length += len(parts[-1])
        question = f"Question {number}: what was it in {draw.randint(1990, 2030)}?"
        content = f"<document>{''.join(parts)}</document>\n\n{question}"
        answer = " ".join(draw.choices(words, k=6))
        messages = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
        yield {"system": SYSTEM, "messages": messages}


def write(path: Path, size_bytes: int, row_bytes: int) -> None:
    """A file of at least `size_bytes`; no prompt is in it twice."""
    pool = [orjson.dumps(each) for each in records(min(_DOCUMENTS, size_bytes // row_bytes), row_bytes)]
    written = 0
    with path.open("wb") as file:
        for number, line in enumerate(cycle(pool)):
            written += file.write(line.replace(b"Question ", b"Question %d-" % number, 1) + b"\n")
            if written >= size_bytes:
                return
