"""The words in the cause of an error that a Catch has stored."""

import orjson

from lambdas.domain.core.outside_text import own_sentence

_LONGEST_WORDS = 4_000


def read_message(cause: str, *, lines: bool = False) -> str:
    """The words in a cause without a stack trace, in one line unless an error of the project has `lines`."""
    text = _words(cause)
    return "\n".join(map(own_sentence, text.split("\n"))) if lines else own_sentence(text, _LONGEST_WORDS)


def _words(cause: str) -> str:
    """Lambda gives a JSON object with `errorMessage`, others plain text."""
    try:
        parsed = orjson.loads(cause)
    except orjson.JSONDecodeError:
        return _untraced(cause)
    if isinstance(parsed, dict) and isinstance(parsed.get("errorMessage"), str):
        return _untraced(str(parsed["errorMessage"]))
    if isinstance(parsed, dict):
        parsed.pop("stackTrace", None)
        return orjson.dumps(parsed).decode()
    return _untraced(cause)


def _untraced(text: str) -> str:
    """Of a text with a Python stack trace what stands before it and its last line, the error."""
    before, trace, after = text.partition("Traceback (most recent call last)")
    if not trace:
        return text.strip()
    return " ".join(part for part in (before.strip(), after.strip().rpartition("\n")[2].strip()) if part)
