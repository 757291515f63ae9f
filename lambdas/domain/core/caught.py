"""What a Catch of the state machine stores of an error."""

from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from lambdas.domain.core.fact import Fact


class Failure(Fact):
    """An error's name, and its cause, which may be any text."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    error: str = Field(default="Unknown", alias="Error")
    cause: str = Field(default="", alias="Cause")


def _or_unknown(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return None if value is None else read(value)
    except ValidationError:
        return Failure()


# Null where nothing was caught; an unknown failure where it cannot be read, since it must not hide that there is one.
Caught = Annotated[Failure | None, WrapValidator(_or_unknown)]
