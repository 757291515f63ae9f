"""Files of kinds that the gate does not read, told by their first bytes: what each is, and what converts it."""

import re

_PANDAS = (
    "python -c \"import pandas; pandas.read_{kind}('{file}').to_json('{stem}.jsonl', orient='records', lines=True)\""
)
_UNPACK = "Unpack it with `{command} {file}`, and upload what is in it"
# What a file is that begins with these bytes, and the way out.
_KINDS: dict[bytes, tuple[str, str]] = {
    b"PAR1": ("a Parquet file", f"Convert it with `{_PANDAS.replace('{kind}', 'parquet')}`"),
    b"ARROW1": ("an Arrow file (Feather)", f"Convert it with `{_PANDAS.replace('{kind}', 'feather')}`"),
    b"ORC": ("an ORC file", f"Convert it with `{_PANDAS.replace('{kind}', 'orc')}`"),
    b"\xd0\xcf\x11\xe0": ("an Excel file of the old kind (.xls)", "Save it as .xlsx or CSV"),
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
    b"<": ("HTML or XML", "Upload the records themselves, as JSON Lines or CSV"),
}
# `ustar` stands far behind the beginning of a tar archive.
_TAR, _TAR_AT = b"ustar", 257

# Other names could say something of their own to the shell that the command is pasted into.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def explain_foreign(head: bytes, file: str) -> tuple[str, str] | None:
    """What a file is that begins like this and is no data set, and the way out; None for all others."""
    kind = next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), None)
    if head[_TAR_AT:].startswith(_TAR):
        kind = ("a tar archive", _UNPACK.replace("{command}", "tar xf"))
    if kind is None:
        return None
    what, remedy = kind
    shown = file if _PLAIN_NAME.fullmatch(file) else "data"
    stem = shown.partition(".")[0]
    return f"The file is {what}.", f"{remedy.replace('{file}', shown).replace('{stem}', stem)}."
