"""What fuzzing begins from: the examples of the formats and the rules, and records in each container.

It imports nothing of the gate when it is imported: atheris must come before what it watches.
"""

import csv
import gzip
import importlib
import io

import orjson
from openpyxl import Workbook

from local.checkout import CHECKOUT

_LARGEST_BYTES = 4_096
_RECORDS: list[dict[str, str]] = [
    {"prompt": "Größe?\nGenau.", "completion": "5 €"},
    {"prompt": 'a "b", c; d\te|f', "completion": "{[1]}", "group": "g"},
]
_HEADERS = (("prompt", "completion", "group"), ("Instruction", "Response", ""), ("input", "output", "id"))


def beginnings() -> list[bytes]:
    """A record of each format, the examples of the rules, as far as they are small, and the containers."""
    registry = importlib.import_module("lambdas.domain.dataset.formats")
    records = [each.example.encode() + b"\n" for each in registry.FORMATS]
    examples = sorted((CHECKOUT / "examples" / "rules").glob("*.jsonl"))
    return [*records, *(data for path in examples if len(data := path.read_bytes()) <= _LARGEST_BYTES), *containers()]


def containers() -> list[bytes]:
    """A few records in each of the containers."""
    lines = b"".join(orjson.dumps(record) + b"\n" for record in _RECORDS)
    pretty = b"\n".join(orjson.dumps(record, option=orjson.OPT_INDENT_2) for record in _RECORDS)
    tables = [_table(header, delimiter) for header in _HEADERS for delimiter in ",;\t|"]
    texts = [lines, orjson.dumps(_RECORDS), orjson.dumps(_RECORDS, option=orjson.OPT_INDENT_2), pretty, *tables]
    return [
        *texts,
        b"sep=;\n" + _table(_HEADERS[0], ";"),
        _table(_HEADERS[0], ";").decode().encode("cp1252"),
        *(text.decode().encode(encoding) for text in texts[:5] for encoding in ("utf-16", "utf-16-le", "utf-16-be")),
        *(gzip.compress(text, mtime=0) for text in texts[:5]),
        gzip.compress(lines.decode().encode("utf-16"), mtime=0),
        _workbook(),
    ]


def _table(header: tuple[str, ...], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    rows = [[*record.values(), ""][: len(header)] for record in _RECORDS]
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode()


def _workbook() -> bytes:
    book, data = Workbook(), io.BytesIO()
    for row in (_HEADERS[0], *([*record.values()] for record in _RECORDS)):
        book.active.append(row)
    book.save(data)
    return data.getvalue()
