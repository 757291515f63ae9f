"""A model that writes questions about a document with their answers, computed from the document.

It asks for cells of tables by their row and column, and for figures by the words behind them in sentences. Shares of
what it writes are an existing question again, an answer that the document does not have, and a line that is no JSON,
by draws that depend on model and document alone.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from local.bedrock.models.chance import draw
from local.bedrock.models.prompts import Prompt, read_prompt

_NUMBER = re.compile(r"\b\d{1,9}\b")
_WANTED = re.compile(r"\b(\d{1,3})\b")
_FIGURE = re.compile(r"(?<![\w.,])(\d[\d,]{0,11}(?:\.\d{1,4})?%?)\s((?:[A-Za-z]{3,20}\s?){1,3})")
_AGAIN = re.compile("earlier reply", re.IGNORECASE)
WRITES = re.compile(r'"question".{0,80}"answer"', re.DOTALL)


@dataclass(frozen=True)
class TeacherErrors:
    """Shares of the pairs that are wrong in each way."""

    duplicated: float
    ungrounded: float
    malformed: float


def write(texts: dict[str, str], request: str, name: str, errors: TeacherErrors) -> str:
    """As many JSON lines as the request's last number asks for, or fewer where the document has no more to ask."""
    document, existing = texts.get("document", ""), texts.get("existing", "")
    wanted = int((_WANTED.findall(request) or ["3"])[-1])
    fresh = (pair for pair in _pairs(read_prompt(f"{document}\n\n?")) if pair[0] not in existing)
    # Whoever writes the same document twice varies where it begins.
    pairs = sorted(fresh, key=lambda pair: draw(name, document, pair[0]))[:wanted]
    # Asked again, it errs anew.
    error = "again" if _AGAIN.search(request) else "error"
    lines = [_line(pair, existing, draw(name, error, document, str(place)), errors) for place, pair in enumerate(pairs)]
    return "\n".join(lines) or "The document does not bear any question."


def _line(pair: tuple[str, str, str], existing: str, chance: float, errors: TeacherErrors) -> str:
    """A pair as a line of JSON, or wrong in the way that chance has for it."""
    question, answer, topic = pair
    if chance < errors.malformed:
        return f"{question} - {answer}"
    if chance < errors.malformed + errors.duplicated and existing:
        question = existing.split("\n", 1)[0]
    elif chance > 1 - errors.ungrounded:
        answer = _NUMBER.sub(lambda found: str(int(found[0]) * 7 + 13), answer)
    return json.dumps({"question": question, "answer": answer, "topic": topic}, ensure_ascii=False)


def _pairs(prompt: Prompt) -> Iterator[tuple[str, str, str]]:
    """Questions, answers and topics that the document bears."""
    for table in prompt.tables:
        for row, column, text in zip(table.cell_rows.tolist(), table.cell_columns.tolist(), table.texts, strict=True):
            names = table.row_labels[row], table.column_labels[column]
            if all(names):
                yield f"What was {names[0]} in {names[1]}?", text, names[0]
    for sentence in prompt.sentences:
        for figure, words in _FIGURE.findall(sentence):
            yield f"Which number of {words.strip()} is named?", figure, words.strip()
