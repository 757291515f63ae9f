"""Files of kinds that the gate does not read, told by their first bytes: what each is, and what converts it."""

import re

from lambdas.domain.dataset.reading.utf8 import BYTE_ORDER_MARK

_PANDAS = "python -c \"import pandas; pandas.read_{kind}('{file}').to_json('{new}', orient='records', lines=True)\""
_RECORDS = "Upload the records themselves, as JSON Lines or CSV"
_PAGE = "Download the file itself and not the page that shows it, such as by GitHub's button Raw, and upload it"
_CONVERT = (
    "Convert it with `fine-tune convert {file} --out {stem}.messages.jsonl`, or write the records with json.dumps"
)
_YAML = (
    'Convert it with `python -c "import json, yaml; '
    "[print(json.dumps(each)) for each in yaml.safe_load(open('{file}'))]\" > {new}`"
)
_UNPACK = "Unpack it with `{command} {file}`, and upload what is in it"
# What a file is that begins with these bytes, and the way out.
_KINDS: dict[bytes, tuple[str, str]] = {
    b"PAR1": ("a Parquet file", f"Convert it with `{_PANDAS.replace('{kind}', 'parquet')}`"),
    b"ARROW1": ("an Arrow file (Feather)", f"Convert it with `{_PANDAS.replace('{kind}', 'feather')}`"),
    b"ORC": ("an ORC file", f"Convert it with `{_PANDAS.replace('{kind}', 'orc')}`"),
    b"\xd0\xcf\x11\xe0": (
        "an Excel file of the old kind (.xls), or one with a password",
        "Save it as .xlsx without a password, or as CSV",
    ),
    b"PK\x03\x04": ("a ZIP archive", _UNPACK.replace("{command}", "unzip")),
    b"BZh": ("packed by bzip2", _UNPACK.replace("{command}", "bunzip2")),
    b"\xfd7zXZ\x00": ("packed by xz", _UNPACK.replace("{command}", "unxz")),
    b"\x28\xb5\x2f\xfd": ("packed by Zstandard", _UNPACK.replace("{command}", "unzstd")),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK.replace("{command}", "7z x")),
    b"Rar!": ("a RAR archive", _UNPACK.replace("{command}", "unrar x")),
    b"SQLite format 3\x00": ("an SQLite database", "Export its table as CSV: `sqlite3 -csv -header {file} 'SELECT …'`"),
    b"Obj\x01": ("an Avro file", "Convert it to JSON Lines, such as with `avro-tools tojson {file}`"),
    b"%PDF": ("a PDF document", "Upload the records themselves, as JSON Lines or CSV"),
    b"\x80\x04\x95": ("a Python pickle", "Write the records as JSON Lines: a pickle can run code where it is read"),
    b"\x89PNG": ("an image (PNG)", _RECORDS),
    b"\xff\xd8\xff": ("an image (JPEG)", _RECORDS),
    b"GIF8": ("an image (GIF)", _RECORDS),
    b"RIFF": ("an image, a sound or a video (RIFF)", _RECORDS),
    b"{\\rtf": ("a rich text document (RTF)", _RECORDS),
    b"version https://git-lfs": (
        "a Git LFS pointer and not the file itself",
        "Fetch it with `git lfs pull`, and upload it",
    ),
}
# Of a line that was meant as JSON, and of a line of text.
_LIKE_JSON = re.compile(rb'[{\[\]}"\x00]|^\s*(null|true|false|-?\d)')
_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2}")
_LINES_OF_PROSE = 20
_PYTHON = re.compile(rb"\A\[?\s*\{\s*'")
# Of files of text, after white space; the first that fits says what the file is.
_TEXTS: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"(?i)<!doctype html|<html|<head|<body|<script"), "an HTML page", _PAGE),
    (re.compile(rb"(?i)<\?xml"), "XML", _RECORDS),
    (re.compile(rb"<"), "HTML or XML", _RECORDS),
    (_PYTHON, "in Python's notation, whose single quotes are no JSON", _CONVERT),
    # `key:` alone, or a list of such: with a value behind it the line may be one of a plain text.
    (re.compile(rb"\A(---[^\S\n]*\n|- [\w-]+:(\s|$)|[\w-]+:[^\S\n]*\n\s*(-|[\w-]+:))"), "YAML", _YAML),
)
# A workbook or document is a ZIP archive with this file at its beginning.
_OFFICE = b"[Content_Types].xml"
# `ustar` stands far behind the beginning of a tar archive.
_TAR, _TAR_AT = b"ustar", 257

# Other names could say something of their own to the shell that the command is pasted into.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def explain_foreign(head: bytes, file: str) -> tuple[str, str] | None:
    """What a file is that begins like this and is no data set, and the way out; None for all others."""
    kind = next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), None) or _kind_of_text(head)
    if head.startswith(b"PK") and _OFFICE in head:
        kind = ("an Office document", _RECORDS)
    if head[_TAR_AT:].startswith(_TAR):
        kind = ("a tar archive", _UNPACK.replace("{command}", "tar xf"))
    if kind is None:
        return None
    what, remedy = kind
    shown = file if _PLAIN_NAME.fullmatch(file) else "data"
    stem = shown.partition(".")[0]
    # A shell empties the file that it writes into before the command reads it.
    new = f"{stem}.jsonl" if shown != f"{stem}.jsonl" else f"{stem}.converted.jsonl"
    return f"The file is {what}.", f"{remedy.replace('{file}', shown).replace('{stem}', stem).replace('{new}', new)}."


def is_python(head: bytes) -> bool:
    """Whether a file that begins like this has records in Python's notation."""
    return _PYTHON.match(_text(head)) is not None


def is_prose(head: bytes) -> bool:
    """Whether none of the first lines has anything of JSON, but letters: who wrote them had no records in mind."""
    lines = [line for line in _text(head).splitlines()[:_LINES_OF_PROSE] if line.strip()]
    return len(lines) > 1 and not any(_LIKE_JSON.search(line) for line in lines) and all(map(_WORD.search, lines))


def _text(head: bytes) -> bytes:
    return head.removeprefix(BYTE_ORDER_MARK).lstrip()


def _kind_of_text(head: bytes) -> tuple[str, str] | None:
    text = _text(head)
    return next(((what, remedy) for pattern, what, remedy in _TEXTS if pattern.match(text)), None)
