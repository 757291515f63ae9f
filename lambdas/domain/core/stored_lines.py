"""JSONL that a run stores, read back line by line."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from lambdas.domain.core.errors import InvalidState

Line = TypeVar("Line")


def read_stored_lines(lines: Iterable[bytes], line_type: TypeAdapter[Line], what: str) -> Iterator[Line]:
    """The lines of a file of `what`, one at a time; empty ones count, and are left out.

    Raises InvalidState, which names the first wrong line and each wrong key.
    """
    for number, text in enumerate(lines, start=1):
        if not text:
            continue
        try:
            yield line_type.validate_json(text)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in error.errors()
            )
            raise InvalidState(f"Line {number} of the stored {what} is not what it must be: {wrong}.") from error


def parse_stored_lines(content: bytes, line_type: TypeAdapter[Line], what: str) -> list[Line]:
    """The lines of a small file, as `read_stored_lines`."""
    return list(read_stored_lines(content.split(b"\n"), line_type, what))
