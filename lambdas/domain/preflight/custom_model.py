"""Check of the custom model that run.json names, and the checks that a run without training has no need of."""

from collections.abc import Iterable, Mapping

from lambdas.domain.core.unknown import Unknown
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.preflight import quotas, role
from lambdas.domain.preflight.checks import Check, fail, report_unknown
from lambdas.domain.preflight.network import NETWORK
from lambdas.domain.serving.kinds import ON_DEMAND
from lambdas.domain.training.given_model import ACTIVE, GivenModel

CUSTOM_MODEL = "custom-model"
NOT_NAMED = "run.json names no custom model: the run trains one."
_NOTHING_IS_TRAINED = "run.json names a custom model: nothing is trained."
_OF_TRAINING = {
    "model-customizable", "region", quotas.JOBS, quotas.MODELS, role.TRUST, role.PASSED, role.READS, role.WRITES,
    NETWORK,
}  # fmt: skip


def skip_training(checks: Iterable[Check], serving: str) -> list[Check]:
    """The checks of a run that trains nothing. A legacy base model still allows deployments of earlier models."""
    unneeded = _OF_TRAINING | ({"model-lifecycle"} if serving == ON_DEMAND else set())
    return [Check(each.check, skipped=_NOTHING_IS_TRAINED) if each.check in unneeded else each for each in checks]


def usable(
    arn: str,
    found: GivenModel | Unknown | None,
    tags: Mapping[str, str] | Unknown,
    *,
    entry: BaseModelEntry,
    region: str,
    account: str | None,
    environment: str | None,
) -> Check:
    """The check `custom-model`. `account` and `environment` are None where no stacks tell them.

    The tag `deployment` says whose model it is: an environment buys for no other's.
    """
    _, _, _, where, owner, _ = arn.split(":", 5)
    if where != region or owner != (account or owner):
        message = f"The custom model {arn} is in account {owner} and Region {where}; the run is in {account}, {region}."
        return fail(CUSTOM_MODEL, message, 'Name a model of this account and Region as "custom_model" in run.json.')
    if isinstance(found, Unknown):
        return report_unknown(CUSTOM_MODEL, found, "error", "Allow bedrock:GetCustomModel on the model.")
    if found is None or found.status != ACTIVE:
        state = "does not exist" if found is None else f"is {found.status}"
        return fail(CUSTOM_MODEL, f"The custom model {arn} {state}.", 'Correct "custom_model" in run.json.')
    if found.base_model not in (entry.customization_id, entry.inference_id, entry.foundation_model_id):
        message = f"The custom model {arn} is tuned from {found.base_model}, not from {entry.customization_id}."
        return fail(CUSTOM_MODEL, message, f'Set "base_model" in run.json to "{found.base_model}".')
    if isinstance(tags, Unknown):
        return report_unknown(CUSTOM_MODEL, tags, "error", "Allow bedrock:ListTagsForResource on the model.")
    if environment is not None and tags.get("deployment") != environment:
        message = f'The custom model {arn} does not belong to this environment: its tag "deployment" is not its name.'
        command = f"aws bedrock tag-resource --resource-arn {arn} --tags key=deployment,value={environment}"
        return fail(CUSTOM_MODEL, message, f"If this environment may serve it, say so: {command}")
    return Check(CUSTOM_MODEL)
