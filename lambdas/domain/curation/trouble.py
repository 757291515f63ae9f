"""What keeps models from replying: the most frequent error stands for all."""

from collections.abc import Mapping

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.outside_text import sentence

# It stands in the run's state.
_LONGEST_ERROR = 300


class ModelTrouble(Fact):
    """The error that a model gave most often in place of a reply, and to how many questions."""

    model: str
    error: str
    asks: int

    def tell(self) -> str:
        """The error in words."""
        return f"{self.model} gave no reply to {counted(self.asks, 'question')}: {sentence(self.error)}".rstrip(".")


def most_frequent(errors: Mapping[tuple[str, str], int]) -> ModelTrouble | None:
    """The most frequent of errors, which are known by the model and the message; None where there is none."""
    if not errors:
        return None
    (model, error), asks = max(errors.items(), key=lambda each: each[1])
    return ModelTrouble(model=model, error=error[:_LONGEST_ERROR], asks=asks)
