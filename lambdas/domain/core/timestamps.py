"""Times in a run's facts: ISO 8601 in UTC with milliseconds and `Z`, such as `2026-11-21T21:40:37.123Z`."""

from datetime import UTC, datetime, timedelta


def timestamp(moment: datetime) -> str:
    """The text of an aware datetime."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """The present moment."""
    return timestamp(datetime.now(UTC))


def later(moment: str, seconds: float) -> str:
    """The timestamp so many seconds after another, or before it where they are negative."""
    return timestamp(datetime.fromisoformat(moment) + timedelta(seconds=seconds))


def seconds_between(start: str, end: str) -> float:
    """The seconds from one timestamp to a later one."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
