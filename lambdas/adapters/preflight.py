"""Makes every check of a run before anything is started: asks AWS for the facts, and lets the domain judge them.

A call that AWS refuses, or has no time for, becomes a fact of its own (`Untold`): no check hides another.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

from lambdas.adapters import foundation_models, taken_names
from lambdas.adapters.service_errors import Refused
from lambdas.domain.errors import ServiceBusy
from lambdas.domain.models import base_model
from lambdas.domain.preflight import Check, Untold
from lambdas.domain.preflight.answering import callable_models
from lambdas.domain.preflight.model import model_checks
from lambdas.domain.preflight.names import NAMES, names_free
from lambdas.domain.preflight.subject import Subject
from lambdas.domain.timestamps import now

NOT_DEPLOYED = "There is no deployment yet."

Fact = TypeVar("Fact")


def run_checks(subject: Subject) -> list[Check]:
    """The outcome of each check, whatever comes of the others."""
    return [check for group in GROUPS for check in group(subject)]


def told(ask: Callable[[], Fact]) -> Fact | Untold:
    """What AWS answers, or that it does not."""
    try:
        return ask()
    except ServiceBusy as busy:
        return Untold(str(busy), busy=True)
    except Refused as refusal:
        return Untold(str(refusal), busy=False)


def _model(subject: Subject) -> list[Check]:
    entry = base_model(subject.base_model)
    details = told(lambda: foundation_models.describe_model(entry.customization_id))
    return model_checks(entry, details, foundation_models.region(), subject.serving, date.fromisoformat(now()[:10]))


def _answering(subject: Subject) -> list[Check]:
    def ask(model_id: str) -> Untold | None:
        return told(lambda: foundation_models.ask_one_token(model_id))

    # At the same time: a model that takes its time for a refusal must not use up the function's.
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = pool.map(ask, [model.model_id for model in subject.asked])
    return [callable_models(dict(zip(subject.asked, answers, strict=True)))]


def _names(subject: Subject) -> list[Check]:
    place = subject.deployment
    if place is None:
        return [Check(NAMES, skipped=NOT_DEPLOYED)]
    return [names_free(told(lambda: taken_names.taken(place)))]


# Each asks AWS for what its checks need, and for no more.
GROUPS: tuple[Callable[[Subject], list[Check]], ...] = (_model, _answering, _names)
