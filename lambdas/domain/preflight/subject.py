"""What is checked: the facts of a run, or of one that a person thinks of, that its checks start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.domain.preflight.answering import Asked
from lambdas.domain.run import bedrock_name


@dataclass(frozen=True)
class Deployment:
    """What the run's deployment has; `names` are those that the run gives to what it makes in Bedrock."""

    name: str
    run_id: str
    training_uri: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A run; `deployment` is None where there is none yet, and what it has cannot be checked."""

    base_model: str
    serving: str
    asked: tuple[Asked, ...]
    deployment: Deployment | None


def subject_of(run: Mapping[str, Any], plan: Mapping[str, Any], deployment: str) -> Subject:
    """The subject of a run as it stands after PrepareDataset."""
    return Subject(
        base_model=plan["base_model"],
        serving=plan["serving"],
        asked=asked_models(plan["arms"], plan["evaluation"].get("judges", [])),
        deployment=Deployment(
            name=deployment,
            run_id=run["id"],
            training_uri=plan["dataset"]["train"]["uri"],
            names=(bedrock_name(deployment, run["id"]),),
        ),
    )


def asked_models(arms: Mapping[str, Mapping[str, Any]], judges: list[str]) -> tuple[Asked, ...]:
    """Each model that answers or judges, once; the tuned arms' model does not exist yet."""
    purposes: dict[str, str] = {}
    for name, arm in arms.items():
        if arm["model_id"]:
            purposes.setdefault(arm["model_id"], f"which answers as arm {name}")
    for judge in judges:
        purposes.setdefault(judge, "a judge")
    return tuple(Asked(model_id, purpose) for model_id, purpose in purposes.items())
