"""The tags of all resources: ListTagsForResource, TagResource, UntagResource."""

from collections.abc import Sequence
from typing import Any

from local.bedrock.clock import SimulationClock
from local.bedrock.errors import TooManyTagsError, UnknownResourceError
from local.bedrock.lags import Lags

TAGS_PER_RESOURCE = 50


class Tags:
    """Tags by ARN, and each change of them with its time; the names of all resources, also of those that are gone.

    Writes are checked against what is there now, reads may show what was before. A resource that is so new that its
    tags do not show yet has none: that is harder on a caller than to be told that there is no such resource.
    """

    def __init__(self, clock: SimulationClock, lags: Lags) -> None:
        self._clock = clock
        self._lags = lags
        self._names: dict[str, str] = {}
        # None once the resource is gone.
        self._changes: dict[str, list[tuple[float, dict[str, str] | None]]] = {}

    def add(self, arn: str, name: str, tags: Sequence[dict[str, str]]) -> None:
        """A new resource with its tags."""
        merged = _merged(arn, {}, tags)
        self._names[arn] = name
        self._changes[arn] = [(self._clock.now(), merged)]

    def forget(self, arn: str) -> None:
        """The resource is gone."""
        self._change(arn, None)

    def name_of(self, arn: str) -> str | None:
        """The name of a resource that is there, or was."""
        return self._names.get(arn)

    def of(self, arn: str) -> dict[str, str]:
        """A resource's tags now; none where it cannot have any."""
        changes = self._changes.get(arn)
        return dict(changes[-1][1] or {}) if changes else {}

    def list_tags(self, params: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource: what it shows may be old."""
        arn = params["resourceARN"]
        moment = self._lags.tagged_at(self._names.get(arn, ""))
        shown = [tags for since, tags in self._changes.get(arn, []) if since <= moment]
        tags = shown[-1] if shown else {} if arn in self._changes else None
        if tags is None:
            raise _unknown(arn)
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def tag(self, params: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        arn = params["resourceARN"]
        self._change(arn, _merged(arn, self._now(arn), params["tags"]))
        return {}

    def untag(self, params: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        arn = params["resourceARN"]
        removed = params["tagKeys"]
        self._change(arn, {key: value for key, value in self._now(arn).items() if key not in removed})
        return {}

    def _now(self, arn: str) -> dict[str, str]:
        changes = self._changes.get(arn)
        tags = changes[-1][1] if changes else None
        if tags is None:
            raise _unknown(arn)
        return tags

    def _change(self, arn: str, tags: dict[str, str] | None) -> None:
        self._changes[arn].append((self._clock.now(), tags))


def _unknown(arn: str) -> UnknownResourceError:
    return UnknownResourceError(f"Could not find the resource {arn}.", "The provided resource ARN is invalid.")


def _merged(arn: str, tags: dict[str, str], more: Sequence[dict[str, str]]) -> dict[str, str]:
    merged = tags | {tag["key"]: tag["value"] for tag in more}
    if len(merged) > TAGS_PER_RESOURCE:
        raise TooManyTagsError(f"A resource can have {TAGS_PER_RESOURCE} tags; {arn} would have {len(merged)}.")
    return merged
