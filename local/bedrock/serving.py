"""What throughputs and deployments have in common: when they begin to serve a model, and when they are gone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from local.bedrock.clock import SimulationClock
from local.bedrock.errors import ValidationError, WrongStateError
from local.bedrock.resources import request_fingerprint
from local.bedrock.tags import Tags


@dataclass
class Server:
    """A throughput or deployment; times in epoch seconds. It exists until some time after `delete_requested`."""

    arn: str
    request: dict[str, Any]
    name: str
    created: float
    delete_requested: float | None = field(default=None, kw_only=True)


S = TypeVar("S", bound=Server)


class Servers(Generic[S]):
    """The servers of one kind that exist; durations in seconds of the simulation's clock."""

    def __init__(self, clock: SimulationClock, tags: Tags, creation_seconds: float, deletion_seconds: float) -> None:
        self._clock = clock
        self._tags = tags
        self._creation_seconds = creation_seconds
        self._deletion_seconds = deletion_seconds
        self._by_arn: dict[str, S] = {}
        self._gone: list[S] = []

    def __iter__(self) -> Iterator[S]:
        return iter(self._by_arn.values())

    def add(self, server: S, tags: list[dict[str, str]]) -> None:
        """A new one, with the tags that its request has."""
        self._tags.add(server.arn, server.name, tags)
        self._by_arn[server.arn] = server

    def of_token(self, params: dict[str, Any]) -> S | None:
        """The one that an earlier request with the same token made, which must have asked for the same."""
        token = params.get("clientRequestToken")
        known = next((item for item in self if token and item.request.get("clientRequestToken") == token), None)
        if known is not None and request_fingerprint(known.request) != request_fingerprint(params):
            raise ValidationError("The provided clientRequestToken was used with different request parameters.")
        return known

    def find(self, identifier: str) -> S | None:
        """By ARN or name."""
        return next((item for item in self if identifier in (item.arn, item.name)), None)

    def ready(self, server: S) -> float:
        """When it begins to serve."""
        return server.created + self._creation_seconds

    def is_ready(self, server: S, at: float | None = None) -> bool:
        """Whether it serves by now, or did at another moment."""
        return (self._clock.now() if at is None else at) >= self.ready(server)

    def existed_at(self, moment_of: Callable[[str], float]) -> Iterator[tuple[S, float]]:
        """Those that were there at the moment that counts for their name, and that moment."""
        for server in [*self, *self._gone]:
            moment = moment_of(server.name)
            if server.created <= moment and not self._is_gone(server, moment):
                yield server, moment

    def request_deletion(self, server: S) -> None:
        """It goes some time after the request; another one is refused meanwhile."""
        if server.delete_requested is not None:
            raise WrongStateError(f"{server.arn} is being deleted already.", "The resource is in a mutating state")
        server.delete_requested = self._clock.now()

    def refresh(self) -> None:
        """Forget those whose deletion has taken its time."""
        now = self._clock.now()
        for server in list(self):
            if self._is_gone(server, now):
                self._gone.append(self._by_arn.pop(server.arn))
                self._tags.forget(server.arn)

    def _is_gone(self, server: S, moment: float) -> bool:
        requested = server.delete_requested
        return requested is not None and moment >= requested + self._deletion_seconds
