"""A person's approval of a purchase, or before it of a removal: the request, the answer, and what happens without one.

`runs/<id>/approval.json` holds the request, and the answer once there is one. The task token in it ends the pause. It
is in that file alone, never in a message, a function's log or the run's report.
"""

import json
from typing import Literal

from pydantic import ConfigDict

from lambdas.domain.core import run as runs
from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.notification import Notification, notification
from lambdas.domain.core.outside_text import sentence
from lambdas.domain.core.timestamps import later, seconds_between
from lambdas.domain.cost.estimate import Estimate, amount, most_text, unconfirmed_text
from lambdas.domain.cost.lines import CostLine, training_factor_text
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.report.section import Section

Decision = Literal["approved", "rejected"]
# What is asked about: the purchase of what serves the model, or that judges leave many training records out.
About = Literal["purchase", "removal"]

_UNDONE: dict[About, str] = {"purchase": "Nothing was bought.", "removal": "Nothing was removed, and nothing trained."}
_WHETHER: dict[About, str] = {"purchase": "whether to buy", "removal": "whether to remove so many training records"}


class Answer(Fact):
    """Who decided what, when (a timestamp), and why; all null until somebody has decided.

    It comes from outside, as the result or the cause that ends the pause, so that it may have keys of its own.
    """

    model_config = ConfigDict(extra="ignore")

    decision: Decision | None = None
    by: str | None = None
    answered_at: str | None = None
    reason: str | None = None


class Approval(Answer):
    """`approval.json`: what is asked, from when until when (timestamps), and the answer.

    `task_token` is null once it is used; `estimate` is the preflight's, null where there is none. A request about the
    purchase keeps in `removal` how an earlier one about the removal was answered.
    """

    task_token: str | None
    execution_arn: str
    requested_at: str
    answer_until: str
    estimate: Estimate | None = None
    # Earlier versions asked about nothing else.
    about: About = "purchase"
    removal: Answer | None = None

    def outcome(self) -> "ApprovalOutcome":
        """What the run's report says of it."""
        further = {"about": self.about != "purchase", "removal": self.removal is not None}
        names = (name for name in ApprovalOutcome.model_fields if further.get(name, True))
        return ApprovalOutcome(**{name: getattr(self, name) for name in names})

    @property
    def answer(self) -> Answer | None:
        """How it was answered; None where it was not yet."""
        given = Answer(**{name: getattr(self, name) for name in Answer.model_fields})
        return given if given.decision else None


class ApprovalOutcome(Section):
    """Who was asked before the purchase, from when until when, and who answered what.

    `removal` is the answer to an earlier request, before many training records were left out.
    """

    requested_at: str | None = None
    answer_until: str | None = None
    decision: Decision | None = None
    by: str | None = None
    answered_at: str | None = None
    reason: str | None = None
    about: About = "purchase"
    removal: Answer | None = None


def outcome_of(request: Approval | None, answer: Answer | None) -> ApprovalOutcome | None:
    """What the report says of a request and of an answer that nobody may have stored yet."""
    known = request.outcome() if request else None
    if answer is None:
        return known
    given = {name: getattr(answer, name) for name in Answer.model_fields}
    return known.model_copy(update=given) if known else ApprovalOutcome(**given)


def key(run_id: str) -> str:
    """Where a run's approval is in the output bucket."""
    return f"{runs.prefix(run_id)}approval.json"


def request(
    execution_arn: str,
    task_token: str,
    now: str,
    timeout_seconds: float,
    estimate: Estimate | None,
    *,
    about: About = "purchase",
    earlier: Approval | None = None,
) -> Approval:
    """A new request; `earlier` is the one that it takes the place of."""
    removal = None
    if earlier is not None and about == "purchase":
        removal = earlier.answer if earlier.about == "removal" else earlier.removal
    return Approval(
        task_token=task_token,
        execution_arn=execution_arn,
        requested_at=now,
        answer_until=later(now, timeout_seconds),
        estimate=estimate,
        about=about,
        removal=removal,
    )


def rejection(answer: Answer, about: About = "purchase") -> str:
    """The cause that ends the pause, JSON as of a Lambda's error: a sentence, and the answer for the run's report."""
    said = f": {sentence(answer.reason)}" if answer.reason else ""
    text = f"The {about} was rejected by {sentence(str(answer.by))} at {answer.answered_at}{said}".rstrip(".")
    return json.dumps({"errorMessage": f"{text}. {_UNDONE[about]}", **answer.model_dump()})


def answer_in(cause: str) -> Answer | None:
    """The answer in a cause that `rejection` made; None in any other."""
    try:
        answer = Answer.model_validate_json(cause)
    except ValueError:
        return None
    return answer if answer.decision else None


def answer_of(output: object) -> Answer | None:
    """The answer in what ended the pause, which may be any JSON; None where it holds none."""
    try:
        answer = Answer.model_validate(output)
    except ValueError:
        return None
    return answer if answer.decision else None


def is_approved(output: object) -> bool:
    """Whether what ended the pause buys: only `{"decision": "approved"}` does, as the state machine has it."""
    return isinstance(output, dict) and output.get("decision") == "approved"


def silence(requested_at: str | None, answer_until: str | None, about: About = "purchase") -> str:
    """The sentence on a request that nobody answered."""
    if requested_at is None or answer_until is None:
        return f"Nobody answered in time {_WHETHER[about]}. {_UNDONE[about]}"
    hours = seconds_between(requested_at, answer_until) / 3600
    return f"Nobody answered within {counted(hours, 'hour')} {_WHETHER[about]}. {_UNDONE[about]}"


def request_message(
    run_id: str,
    request: Approval,
    purchase: str,
    validation_loss: float | None,
    *,
    deleted_models: int,
    environment: str,
    region: str,
    dataset_page: str,
    findings: str,
) -> Notification:
    """Asks for an answer; `deleted_models` says how many models are deleted when the run ends.

    `dataset_page` and `findings` are the URIs of what the check of the data set left for people.
    """
    loss = "not known" if validation_loss is None else f"{validation_loss:.4f}"
    many = f"the {deleted_models} models that were not chosen are deleted when the run ends; "
    others = {0: "", 1: "the model that was not chosen is deleted when the run ends; "}.get(deleted_models, many)
    paragraphs = [
        f"The model of run {run_id} is trained. Before it is measured, the run would buy: {purchase}.",
        f"Validation loss: {loss}.",
        estimate_text(request.estimate),
        f"Data set: {dataset_page}\nAll findings in it: {findings}",
        how_to_answer(run_id, environment, region),
        f"Without an answer until {request.answer_until} the run ends, and nothing is bought. The tuned model is kept "
        f"all the same, and billed monthly for its storage; {others}nothing else is billed while the run waits.",
        f"Run: {run_id}\nExecution: {request.execution_arn}",
    ]
    return notification(f"{run_id} waits for your approval{_about(request.estimate)}", "\n\n".join(paragraphs))


def how_to_answer(run_id: str, environment: str, region: str) -> str:
    """The commands that answer a request."""
    where = f"--deployment {environment} --region {region}"
    return (
        "Answer in a checkout of the project, with credentials of this account:\n"
        f"  fine-tune approve {run_id} {where}\n"
        f'  fine-tune reject {run_id} {where} --reason "..."'
    )


def purchase_text(serving: ServingKind, model_units: int, longest_lease_hours: float, models: int = 1) -> str:
    """What is about to be bought for so many models, in words."""
    until = (
        f"deleted after the test set is answered, at the latest {counted(longest_lease_hours, 'hour')} after "
        "the purchase"
    )
    if serving == "on_demand":
        what = "an on-demand deployment of the model" if models == 1 else f"on-demand deployments of {models} models"
        return f"{what}, {'' if models == 1 else 'each '}{until}; its tokens are billed"
    units = f"{counted(model_units, 'model unit')}"
    each = "" if models == 1 else f" for each of {models} models"
    return f"Provisioned Throughput without commitment, {units}{each}, billed by the hour and {until}"


def estimate_text(estimate: Estimate | None) -> str:
    """The estimate with its lines, what is unknown in it, and the date and source of its prices."""
    if estimate is None:
        return "The costs are not known: the run has no estimate."
    source = f"prices of {estimate.prices.as_of}, source: {estimate.prices.source}"
    total = (
        f"not known; no price for: {'; '.join(estimate.unknown)}. The rest is {amount(estimate.known_usd)} USD"
        if estimate.total_usd is None
        else f"{amount(estimate.total_usd)} USD"
    )
    lines = [f"  {_line_text(line)}" for line in estimate.lines]
    told = [
        f"  {text}" for text in (training_factor_text(estimate.training_factor), unconfirmed_text(estimate)) if text
    ]
    return "\n".join(
        [
            f"Estimate for the whole run, its training included ({source}):",
            *lines,
            f"  Total: {total}{most_text(estimate)}",
            *told,
        ]
    )


def _line_text(line: CostLine) -> str:
    usd = "price not known" if line.usd is None else f"{amount(line.usd)} USD"
    return f"{line.item}: {line.quantity:,.2f} x {line.unit}, {usd}"


def _about(estimate: Estimate | None) -> str:
    if estimate is None or estimate.total_usd is None:
        return ""
    return f", about {amount(estimate.total_usd)} USD"
