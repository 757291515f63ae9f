"""Check of the account's access to the models that it asks: a first call may succeed, and later ones be denied.

The first call of a third-party model starts a subscription in AWS Marketplace. Calls may succeed for up to 15 minutes
meanwhile; where the caller may not subscribe they are denied from then on (Bedrock user guide, "Request access to
models"). A preflight that only asks the models would pass, and their answers be missing after the training.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.outside_text import name, sentence
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.callable_models import Asked
from lambdas.domain.preflight.checks import Check

ACCESS = "models-accessible"
_GUIDE = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html"
# They are not sold in AWS Marketplace, so that nobody subscribes to them (AWS re:Post, "bedrock-resolve-marketplace-
# permission").
_WITHOUT_AGREEMENT = ("amazon", "deepseek", "meta", "mistral", "openai", "qwen")
_NO_CALL = "Allow bedrock:GetFoundationModelAvailability on *: it knows no resources."


@dataclass(frozen=True)
class ModelAvailability:
    """What Bedrock says of the account's access to a model; `trouble` is its message on an agreement that failed.

    `model_id` has no prefix of an inference profile. `agreement` is AVAILABLE, PENDING, NOT_AVAILABLE or ERROR.
    """

    model_id: str
    agreement: str
    is_authorized: bool
    is_entitled: bool
    is_in_region: bool
    trouble: str | None = None

    @property
    def needs_agreement(self) -> bool:
        """Whether the account subscribes to it."""
        return self.model_id.partition(".")[0] not in _WITHOUT_AGREEMENT


Answer = ModelAvailability | Unknown | None


def accessible_models(asked: Mapping[Asked, Answer], region: str) -> Check:
    """The check `models-accessible`; None stands for a model that Bedrock tells nothing of, such as a custom one."""
    findings = []
    busy = []
    for model, answer in asked.items():
        found = _judge(model, answer, region)
        if found is not None:
            findings.append(Finding(check=ACCESS, severity="error", message=found[0], remedy=found[1]))
            busy.append(_is_busy(answer))
    return Check(ACCESS, tuple(findings), busy=bool(busy) and all(busy))


def _is_busy(answer: Answer) -> bool:
    """Whether asking again later may help: an agreement takes minutes to be made."""
    if isinstance(answer, Unknown):
        return answer.busy
    return answer is not None and answer.is_authorized and answer.agreement == "PENDING"


def _judge(model: Asked, answer: Answer, region: str) -> tuple[str, str] | None:
    """What is wrong, and what to do."""
    subject = f"{name(model.model_id)}, {model.purpose},"
    if answer is None:
        return None
    if isinstance(answer, Unknown):
        return f"Whether the account has access to {subject} could not be checked: {answer.reason}", _NO_CALL
    if not answer.is_authorized:
        remedy = "Somebody who manages the account's IAM policies and service control policies (SCP) allows it."
        return f"A policy of the account or its organization denies {subject} to the account.", remedy
    if answer.needs_agreement and answer.agreement == "PENDING":
        return f"The account's subscription to {subject} is being made.", "Upload the data set again in some minutes."
    if answer.needs_agreement and (answer.agreement != "AVAILABLE" or not answer.is_entitled):
        trouble = f" Bedrock says: {sentence(answer.trouble, 200)}" if answer.trouble else ""
        message = f"The account has no subscription to {subject} so that calls end with AccessDenied, after 15 minutes"
        return f"{message} at the latest.{trouble}", _subscribe(answer, region)
    # A cross-Region profile answers where the model itself is not.
    if not answer.is_in_region and model.model_id == answer.model_id:
        return f"{subject} is not available in {region}.", "Name it by its inference profile (us.…), or another model."
    return None


def _subscribe(answer: ModelAvailability, region: str) -> str:
    form = " the form on the use case is sent there first," if answer.model_id.startswith("anthropic.") else ""
    return (
        "Once for the account, somebody with aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions opens the "
        f"model in the catalog of the Bedrock console in {region},{form} and asks it something in the playground "
        f"({_GUIDE}). Then upload the data set again."
    )
