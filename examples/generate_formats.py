"""Writes formats/<name>.jsonl: the first questions of financial-tables.jsonl in the formats that people have.

    python examples/generate_formats.py [folder]

The same file gives the same bytes. Keys are those of public data sets, columns that no model reads among them.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
# Two questions on each table: enough for a training, a validation and a test set.
RECORDS = 80


class Row(NamedTuple):
    """A question on a table."""

    number: int
    system: str
    table: str
    question: str
    answer: str

    @property
    def asked(self) -> str:
        """The table and the question in one text."""
        return f"{self.table}\n\n{self.question}"


def _message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def openai_chat(row: Row) -> dict[str, Any]:
    """OpenAI's chat format."""
    answer = _message("assistant", row.answer)
    return {"messages": [_message("system", row.system), _message("user", row.asked), answer]}


def alpaca(row: Row) -> dict[str, Any]:
    """Alpaca's format."""
    return {"instruction": row.question, "input": row.table, "output": row.answer, "system": row.system}


def dolly(row: Row) -> dict[str, Any]:
    """Dolly's format."""
    return {"instruction": row.question, "context": row.table, "response": row.answer, "category": "closed_qa"}


def sharegpt(row: Row) -> dict[str, Any]:
    """ShareGPT's format."""
    turns = {"system": row.system, "human": row.asked, "gpt": row.answer}
    return {"id": str(row.number), "conversations": [{"from": who, "value": text} for who, text in turns.items()]}


def input_output(row: Row) -> dict[str, Any]:
    """An input and an output, beside a number."""
    return {"id": row.number, "input": row.asked, "output": row.answer}


def question_answer(row: Row) -> dict[str, Any]:
    """A question and an answer, beside other columns."""
    return {"id": row.number, "context": row.table, "question": row.question, "answer": row.answer, "split": "train"}


def nova(row: Row) -> dict[str, Any]:
    """Nova's conversation without a version."""
    messages = [_message("user", [{"text": row.asked}]), _message("assistant", [{"text": row.answer}])]
    return {"system": [{"text": row.system}], "messages": messages}


FORMATS: dict[str, Callable[[Row], dict[str, Any]]] = {
    "alpaca": alpaca,
    "dolly": dolly,
    "input-output": input_output,
    "nova": nova,
    "openai-chat": openai_chat,
    "question-answer": question_answer,
    "sharegpt": sharegpt,
}


def rows() -> list[Row]:
    """The shipped data set's first questions."""
    found = []
    for number, line in enumerate((HERE / "financial-tables.jsonl").read_text().splitlines()[:RECORDS]):
        record = json.loads(line)
        prompt, answer = (message["content"] for message in record["messages"])
        table, question = prompt.split("\n\n")
        found.append(Row(number, record["system"], table, question, answer))
    return found


def main() -> None:
    """Writes all files, into formats/ or another folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "formats"
    folder.mkdir(exist_ok=True)
    found = rows()
    for name, write in FORMATS.items():
        lines = "".join(f"{json.dumps(write(row))}\n" for row in found)
        (folder / f"{name}.jsonl").write_text(lines)


if __name__ == "__main__":
    main()
