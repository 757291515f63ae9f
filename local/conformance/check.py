"""A check: one request, what this project assumes of its answer, and what was seen."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from local.conformance.assumed import assumptions_of
from local.conformance.calls import NO_ANSWER, AwsCaller, AwsRequest, AwsResponse
from local.conformance.expectations import Expectation
from local.conformance.impossible import require_harmless

# Time heals these.
BUSY = {
    NO_ANSWER,
    "ThrottlingException",
    "TooManyRequestsException",
    "ServiceUnavailableException",
    "InternalServerException",
}
DENIED = {"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"}
# A caller who may not, or may not now, has seen nothing of what Bedrock does.
_NOT_SEEN = {*BUSY, *DENIED, "UnrecognizedClientException", "ExpiredTokenException"}
Status = Literal["as assumed", "different", "not checked"]


class Tier(StrEnum):
    """How much a check may cost; each tier has the checks of those before it, too."""

    FREE = "free"
    CENTS = "cents"
    DOLLARS = "dollars"

    @property
    def included(self) -> tuple["Tier", ...]:
        """The tiers that a run of this one has."""
        tiers = tuple(Tier)
        return tiers[: tiers.index(self) + 1]


@dataclass(frozen=True)
class ConformanceCheck:
    """One check, by an id that says what it is about.

    `request` may need another answer first, such as a page's token: then it is a function of the caller, which
    gives None where that answer was none.
    """

    id: str
    tier: Tier
    request: AwsRequest | Callable[[AwsCaller], AwsRequest | None]
    expects: Expectation

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The ids of the assumptions that it tests (local/bedrock/assumptions)."""
        return assumptions_of(self.id)


@dataclass(frozen=True)
class Outcome:
    """What a check saw; `seen` is None where nothing was asked, `text` says how it differs, or why it was not made."""

    check: ConformanceCheck
    status: Status
    seen: AwsResponse | None
    text: str


def run_check(check: ConformanceCheck, caller: AwsCaller) -> Outcome:
    """Makes a check that creates nothing; raises HarmfulRequestError where its request could create something."""
    request = check.request if isinstance(check.request, AwsRequest) else check.request(caller)
    if request is None:
        return Outcome(check, "different", None, "The answer that the request needs did not come.")
    require_harmless(request)
    return judge(check, caller.send(request))


def judge(check: ConformanceCheck, seen: AwsResponse) -> Outcome:
    """Holds what was seen against what is expected."""
    difference = check.expects.difference(seen)
    if difference is None:
        return Outcome(check, "as assumed", seen, "")
    if seen.refusal is not None and seen.refusal.code in _NOT_SEEN:
        return Outcome(check, "not checked", seen, f"{seen.refusal.code}: {seen.refusal.message}")
    return Outcome(check, "different", seen, difference)
