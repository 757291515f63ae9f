"""JSONL that a run stores, read back line by line."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from lambdas.domain.core.errors import InvalidState

Line = TypeVar("Line")


def parse_stored_lines(content: bytes, line_type: TypeAdapter[Line], what: str, context: object = None) -> list[Line]:
    """The lines of a file of `what`; `context` is for their validators.

    Raises InvalidState, which names the first wrong line and each wrong key.
    """
    lines = []
    for number, text in enumerate(content.split(b"\n"), start=1):
        if not text:
            continue
        try:
            lines.append(line_type.validate_json(text, context=context))
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in error.errors()
            )
            raise InvalidState(f"Line {number} of the stored {what} is not what it must be: {wrong}.") from error
    return lines
