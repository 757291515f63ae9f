"""botocore's errors, as what a handler can act on: busy, or refused with AWS's own words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError
from botocore.parsers import ResponseParserError

from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.outside_text import name, sentence

# Time heals these: the state machine repeats the call for minutes after botocore has done so for seconds.
_BUSY = {
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded",
    "ServiceUnavailableException", "ServiceUnavailable", "InternalServerException", "InternalServerError",
    "InternalFailure", "ModelNotReadyException", "RequestTimeout", "RequestTimeoutException",
}  # fmt: skip
_OF_A_MODEL = {"ModelErrorException", "ModelTimeoutException"}
_SERVER_ERROR = 500
# "Too many tokens per day, please wait before trying again."
_A_DAY = re.compile(r"\bper day\b", re.IGNORECASE)


class Refused(Exception):  # noqa: N818 - a domain word, like the named errors
    """AWS refused a call: repeating it as it is would not help."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        self.operation = operation
        self.code = code
        self.message = sentence(message)
        super().__init__(f"{operation}: {code}: {self.message}")


class NotFound(Refused):
    """AWS knows no such resource."""


class ModelFailed(ServiceBusy):
    """A model failed over one question, or took too long for it: it may answer when it is asked again.

    botocore does not repeat such a call by itself.
    """


class SpentForToday(ServiceBusy):
    """A quota of a day is used up: the same call may succeed tomorrow."""


class Conflict(Refused):
    """The resource's present state does not allow the call."""


VALIDATION = "ValidationException"
ACCESS_DENIED = "AccessDeniedException"
# Bedrock's documents do not tell with which of its codes an operation refuses a name that nothing has, or a resource
# whose state forbids the call: a ValidationException may say what ResourceNotFoundException or ConflictException says.
_SAYS_UNKNOWN = re.compile(
    r"identifier is invalid|\barn is invalid|\bnot (?:be )?found\b|could not (?:find|resolve)|unable to find"
    r"|does(?:n't| not) exist|no such\b",
    re.IGNORECASE,
)
_SAYS_CONFLICT = re.compile(
    r"mutating state|\bin use\b|\bbeing (?:created|deleted|updated|stopped)\b|\balready (?:being |been )?"
    r"(?:deleted|deleting|stopped|stopping|completed|failed)\b|\bcannot be (?:stopped|deleted)\b.*\bstatus\b",
    re.IGNORECASE,
)
_REFUSALS = {
    "ResourceNotFoundException": NotFound,
    "ExecutionDoesNotExist": NotFound,
    "NoSuchBucket": NotFound,
    "InvalidArn": NotFound,
    "ConflictException": Conflict,
    "ParameterNotFound": NotFound,
    "ParameterAlreadyExists": Conflict,
}


@contextmanager
def errors_about_one(operation: str) -> Iterator[None]:
    """As `named_errors`, of a call about one resource that exists, or did: NotFound and Conflict by whichever code."""
    try:
        with named_errors(operation):
            yield
    except Refused as refusal:
        if refusal.code != VALIDATION:
            raise
        if _SAYS_UNKNOWN.search(refusal.message):
            raise NotFound(refusal.operation, refusal.code, refusal.message) from refusal
        if _SAYS_CONFLICT.search(refusal.message):
            raise Conflict(refusal.operation, refusal.code, refusal.message) from refusal
        raise


def failure_words(message: str | None) -> str | None:
    """What Bedrock says of why something failed, in one line; None where it says nothing."""
    return sentence(message) if message else None


@contextmanager
def named_errors(operation: str) -> Iterator[None]:
    """Raises ServiceBusy, NotFound, Conflict or Refused instead of botocore's errors."""
    try:
        yield
    except ClientError as error:
        code = name(error.response["Error"].get("Code", "Unknown"))
        message = sentence(error.response["Error"].get("Message", ""))
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        if code in _BUSY or code in _OF_A_MODEL or status >= _SERVER_ERROR:
            kind = ModelFailed if code in _OF_A_MODEL else SpentForToday if _A_DAY.search(message) else ServiceBusy
            raise kind(f"{operation} failed: {code}: {message}. The same call may succeed later.") from error
        raise _REFUSALS.get(code, Refused)(operation, code, message) from error
    except (HTTPClientError, BotocoreConnectionError, ResponseParserError) as error:
        reason = sentence(str(error))
        raise ServiceBusy(f"{operation} got no answer: {reason}. The same call may succeed later.") from error
