"""The logs of functions as CloudWatch Logs has them: lines of every level, each with an id of its own."""

import os
from typing import Any
from uuid import uuid4

from ministack.services import cloudwatch_logs

from local import patches


def apply() -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    patches._expect(cloudwatch_logs, "_append_log_events")
    append = cloudwatch_logs._append_log_events

    def append_with_ids(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
        append(stream, [{"eventId": uuid4().hex, **event} for event in events])

    cloudwatch_logs._append_log_events = append_with_ids


def forget_own_level() -> None:
    """The level is ministack's own, which has read it: a function's logger would take it for the function's."""
    os.environ.pop("LOG_LEVEL", None)
