"""The arms of an evaluation: which model answers the test set, and with how many examples before each question."""

from collections.abc import Mapping

from pydantic import Field

from lambdas.domain.core.fact import Fact

TUNED, BASE = "tuned", "base"
# Not an arm: earlier runs' tuned model, whose stored answers the tuned arm is compared with.
CHAMPION = "champion"
_CANDIDATE = "candidate-"


class Arm(Fact):
    """A model that answers; `model_id` is null for the tuned model, which nothing serves yet when arms are planned."""

    model_id: str | None
    few_shot: int = Field(default=0, ge=0)


Arms = dict[str, Arm]


def candidate_arm(number: int) -> str:
    """The arm of a served candidate that was not chosen; the chosen one's is `tuned`."""
    return f"{_CANDIDATE}{number}"


def candidate_number(arm: str) -> int | None:
    """The number of the candidate whose arm it is; None for another arm."""
    number = arm.removeprefix(_CANDIDATE)
    return int(number) if number != arm and number.isdecimal() else None


def plan_arms(models: Mapping[str, str], examples: int) -> Arms:
    """The arms by name, the tuned model first, each followed by its twin with few-shot examples where there are any.

    `models` has the models that are asked beside the tuned one. So three models with `examples` make six arms.
    """
    arms: Arms = {}
    for name, model_id in {TUNED: None, **models}.items():
        arms[name] = Arm(model_id=model_id)
        if examples:
            arms[few_shot_name(name, examples)] = Arm(model_id=model_id, few_shot=examples)
    return arms


def few_shot_name(name: str, examples: int) -> str:
    """`base` with 3 examples is `base-few-shot-3`."""
    return f"{name}-few-shot-{examples}"


def needing_throughput(arms: Arms) -> Arms:
    """The arms that can only answer while the throughput bills."""
    return {name: arm for name, arm in arms.items() if arm.model_id is None}


def baselines(arms: Arms) -> Arms:
    """The arms that answer before anything is bought."""
    return {name: arm for name, arm in arms.items() if arm.model_id is not None}
