"""What a run's state is made of: immutable facts, checked where they enter and dumped where they leave."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from lambdas.domain.core.errors import InvalidState

# A JSON object whose keys are not known here.
JsonObject = dict[str, Any]


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return None


# Of a fact that may be missing: null as well where it cannot be read. For what must go on whatever the state holds.
READABLE = WrapValidator(_or_none)


class Fact(BaseModel):
    """A fact of a run, or a part of one.

    Its schema is built at its first use, so that a function's cold start does not pay for the facts that it never sees.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def parse(cls, value: object, name: str | None = None) -> Self:
        """The fact in a state's value. Raises InvalidState, which names the fact and each key that is wrong.

        `name` is the fact's key in the state, where that is not the name of its type.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in error.errors()
            )
            fact = f"{name} ({cls.__name__})" if name else cls.__name__
            raise InvalidState(f"The state's {fact} is not what it must be: {wrong}.") from error

    @classmethod
    def parse_from(cls, state: JsonObject, name: str) -> Self:
        """The fact of that name in a state's input. Raises InvalidState, also where there is none."""
        if name not in state:
            raise InvalidState(f"The state has no {name}: it cannot go on.")
        return cls.parse(state[name], name)

    def dump(self) -> JsonObject:
        """The fact as a state keeps it: JSON values."""
        return self.model_dump(mode="json")
