"""Asks Bedrock in the course of the life cycle, waits where that takes a while, and notes what was seen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.conformance.calls import AwsCaller, AwsRequest, AwsResponse, Json
from local.conformance.check import BUSY, ConformanceCheck, Outcome, Tier, judge
from local.conformance.checks.inference import MESSAGES
from local.conformance.checks.questions import FEW_TOKENS
from local.conformance.expectations import Expectation, Includes, answered
from local.conformance.pace import Pace, Time


class Probe:
    """In one Region. `outcomes` and `times` (seconds by state) fill up."""

    def __init__(self, caller: AwsCaller, region: str, pace: Pace, time: Time) -> None:
        self._caller = caller
        self._region = region
        self._pace = pace
        self._time = time
        self.outcomes: list[Outcome] = []
        self.times: dict[str, float] = {}

    def request(self, operation: str, parameters: Json) -> AwsRequest:
        """To Bedrock's control plane."""
        return AwsRequest("bedrock", operation, parameters, self._region)

    def check(self, name: str, operation: str, parameters: Json, expects: Expectation) -> AwsResponse:
        """Sends a request, and holds what comes of it against what is expected."""
        seen = self._caller.send(self.request(operation, parameters))
        self.judge(name, seen, expects)
        return seen

    def check_soon(self, name: str, operation: str, parameters: Json, expects: Expectation) -> None:
        """What lists and tags tell may lag behind: how far is measured."""
        with self.timed(f"until {name}"):
            seen = self.until(
                self.request(operation, parameters),
                lambda told: expects.difference(AwsResponse(self.request(operation, parameters), told, None)) is None,
                self._pace.lag,
            )
        self.judge(name, seen, expects)

    def judge(self, name: str, seen: AwsResponse, expects: Expectation) -> None:
        """Notes how what was seen differs from what is expected."""
        self.outcomes.append(judge(ConformanceCheck(name, Tier.DOLLARS, seen.request, expects), seen))

    def check_tags(self, what: str, arn: str) -> None:
        """The tags of a run are there."""
        told = answered(Includes("tags", ("project", "deployment", "run-id", "lease-ends-at"), "key"))
        self.check_soon(f"{what}-has-its-tags", "ListTagsForResource", {"resourceARN": arn}, told)

    def ask(self, name: str, model_id: str, expects: Expectation) -> None:
        """A brief question."""
        config = {"maxTokens": FEW_TOKENS, "temperature": 0.0}
        parameters: Json = {"modelId": model_id, "messages": MESSAGES, "inferenceConfig": config}
        seen = self._caller.send(AwsRequest("bedrock-runtime", "Converse", parameters, self._region))
        self.judge(name, seen, expects)

    def until(self, request: AwsRequest, done: Callable[[Json], bool], seconds: float) -> AwsResponse:
        """The answer that is `done`, a refusal, or the last answer within so many seconds."""
        deadline = self._time.now() + seconds
        while True:
            seen = self._caller.send(request)
            is_busy = seen.refusal is not None and seen.refusal.code in BUSY
            is_over = done(seen.answer) if seen.answer is not None else not is_busy
            if is_over or self._time.now() >= deadline:
                return seen
            self._time.sleep(self._pace.poll)

    @contextmanager
    def timed(self, state: str) -> Iterator[None]:
        """Measures how long the block takes."""
        start = self._time.now()
        try:
            yield
        finally:
            self.times[state] = round(self._time.now() - start, 1)
