"""What jobs, models and throughput have in common: ids, request tokens, and lists in pages."""

import base64
import binascii
import json
import secrets
import string
from collections.abc import Callable
from typing import Any

from local.bedrock.clock import as_datetime
from local.bedrock.errors import ValidationError

PAGE_SIZE = 100
# As AWS words it where a model's identifier names none.
UNKNOWN_MODEL = "The provided model identifier is invalid."


def new_id() -> str:
    """Twelve lower-case letters and digits, as in Bedrock's ARNs."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))


def request_fingerprint(params: dict[str, Any]) -> str:
    """Equal for requests that ask for the same thing, whatever their token."""
    return json.dumps({key: value for key, value in params.items() if key != "clientRequestToken"}, sort_keys=True)


def page(
    summaries: list[dict[str, Any]],
    params: dict[str, Any],
    *,
    key: str,
    name_key: str,
    time_key: str = "creationTime",
    keep: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> dict[str, Any]:
    """One page of a list with the filters that all lists share, newest first unless asked otherwise.

    Filters by time are named for the key: `creationTimeAfter` for `creationTime`, `createdAfter` for `createdAt`.
    """
    stem = time_key.removesuffix("At")
    after, before = params.get(f"{stem}After"), params.get(f"{stem}Before")
    name_part = params.get("nameContains", "")
    chosen = [
        summary
        for summary in summaries
        if name_part in summary[name_key]
        and (after is None or summary[time_key] > after)
        and (before is None or summary[time_key] < before)
        and keep(summary)
    ]
    chosen.sort(key=lambda summary: summary[time_key], reverse=params.get("sortOrder") != "Ascending")
    items, token = cut_page(chosen, params.get("nextToken"), params.get("maxResults", PAGE_SIZE))
    return without_nones({key: items, "nextToken": token})


def cut_page(items: list[dict[str, Any]], token: str | None, size: int) -> tuple[list[dict[str, Any]], str | None]:
    """The page that a token names, and the token of the next one, if any."""
    start = _offset(token)
    end = start + size
    return items[start:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else None


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token.encode()))
    except (ValueError, binascii.Error) as error:
        raise ValidationError("The provided nextToken is invalid.") from error


def without_nones(values: dict[str, Any]) -> dict[str, Any]:
    """A response leaves out what is not set."""
    return {key: value for key, value in values.items() if value is not None}


def times(**epoch_seconds: float | None) -> dict[str, Any]:
    """The given moments as a response's timestamps."""
    return {key: None if value is None else as_datetime(value) for key, value in epoch_seconds.items()}
