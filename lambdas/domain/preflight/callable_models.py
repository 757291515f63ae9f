"""Checks of the models that answer or judge: each must answer a question before anything is spent."""

from collections.abc import Mapping
from typing import NamedTuple

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check

CALLABLE = "models-callable"


class Asked(NamedTuple):
    """A model of the run, and what it is asked for: "the base model", "a judge"."""

    model_id: str
    purpose: str


def callable_models(asked: Mapping[Asked, Unknown | None]) -> Check:
    """The check `models-callable`; None stands for an answer.

    A model that cannot be asked is an error, a judge, too: after hours of training its answers would be missing.
    """
    findings = tuple(_finding(model, unknown) for model, unknown in asked.items() if unknown is not None)
    busy = bool(findings) and all(unknown.busy for unknown in asked.values() if unknown is not None)
    return Check(CALLABLE, findings, busy=busy)


def _finding(model: Asked, unknown: Unknown) -> Finding:
    remedy = (
        "Upload the data set again later."
        if unknown.busy
        else "Get access to it in the Bedrock console, check that it can be asked on demand in this Region (some "
        "only through an inference profile, such as us.…) and is not past its end of life, or name another one."
    )
    return Finding(
        check=CALLABLE,
        severity="error",
        message=f"{model.model_id}, {model.purpose}, does not answer: {unknown.reason}",
        remedy=remedy,
    )
