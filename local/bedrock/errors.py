"""The errors that the service answers with, named as in Bedrock's own service model."""

TOO_MANY_REQUESTS = "Too many requests, please wait before trying again."
SPENT_FOR_TODAY = "Too many tokens per day, please wait before trying again."


class BedrockError(Exception):
    """An error of the API: `code` is the error shape's name, `message` what the caller reads."""

    code = "InternalServerException"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationError(BedrockError):
    """The request breaks a constraint of the service model or a rule of the service."""

    code = "ValidationException"


class NotFoundError(BedrockError):
    """No such job, model, throughput or deployment."""

    code = "ResourceNotFoundException"


class NoSuchQuotaError(BedrockError):
    """Service Quotas has no such service or quota."""

    code = "NoSuchResourceException"


class ConflictError(BedrockError):
    """The request contradicts the state of a resource, or a name that is taken."""

    code = "ConflictException"


class UndocumentedError(BedrockError):
    """A refusal for which no document tells the code.

    It is `code`, or a ValidationException whose text is `validation`.
    """

    def __init__(self, message: str, validation: str) -> None:
        super().__init__(message)
        self._validation = validation

    def as_validation(self) -> ValidationError:
        """The same refusal, by the other code."""
        return ValidationError(self._validation)


class UnknownResourceError(UndocumentedError):
    """A name, id or ARN that nothing has, or nothing any more."""

    code = NotFoundError.code


class WrongStateError(UndocumentedError):
    """The resource is in a state that does not allow the call."""

    code = ConflictError.code


class QuotaError(BedrockError):
    """More than the account's quota."""

    code = "ServiceQuotaExceededException"


class TooManyTagsError(BedrockError):
    """A resource can have 50 tags."""

    code = "TooManyTagsException"


class NotReadyError(BedrockError):
    """The throughput or deployment is not in service yet."""

    code = "ModelNotReadyException"


class ThrottledError(BedrockError):
    """Too many requests, or more tokens than a quota allows."""

    code = "ThrottlingException"


class ModelFailedError(BedrockError):
    """The model itself failed (424); only faults raise it."""

    code = "ModelErrorException"


class ModelTimedOutError(BedrockError):
    """The model took too long (408); only faults raise it."""

    code = "ModelTimeoutException"


class DeniedError(BedrockError):
    """The caller lacks a permission; only faults raise it."""

    code = "AccessDeniedException"


class InternalError(BedrockError):
    """The service failed; faults raise it, and a defect of the simulation does."""

    code = "InternalServerException"


class UnknownOperationError(BedrockError):
    """No operation of the service model has this method and path."""

    code = "UnknownOperationException"


class UnsupportedOperationError(BedrockError):
    """An operation of the service model that is not simulated."""

    code = "NotImplementedException"
