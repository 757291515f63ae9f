"""What is asked before anything is checked: whether the caller may, and whether the account has room."""

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.models.catalogue import BaseModelEntry
from lambdas.domain.preflight.quotas import InUse, Needs, Quota, quota_checks
from local.conformance.calls import NO_ANSWER, AwsCaller, AwsRequest
from local.conformance.check import DENIED
from local.conformance.checks.unknown_names import absent_model
from local.conformance.impossible import ABSENT, require_harmless
from local.conformance.place import Place


class NotPossibleError(Exception):
    """The checks cannot be made; the message says why, and what to do. Nothing was created."""


def require_permissions(place: Place, caller: AwsCaller) -> None:
    """Raises NotPossibleError where the caller may not send what the checks send, or nothing answers.

    What it asks comes to nothing, as the free checks do.
    """
    denied = []
    for operation, parameters in _asked(place).items():
        request = AwsRequest("bedrock", operation, parameters, place.home)
        require_harmless(request)
        refusal = caller.send(request).refusal
        if refusal is not None and refusal.code == NO_ANSWER:
            raise NotPossibleError(f"Bedrock does not answer in {place.home}: {refusal.message} Name another --region.")
        if refusal is not None and refusal.code in DENIED:
            denied.append(f"bedrock:{operation}")
    if denied:
        raise NotPossibleError(
            f"The caller may not {', '.join(denied)}: the checks need a role that may, and nothing was created."
        )


def _asked(place: Place) -> dict[str, dict[str, object]]:
    return {
        "ListFoundationModels": {},
        "ListModelCustomizationJobs": {},
        "CreateModelCustomizationJob": {"jobName": ABSENT},
        "StopModelCustomizationJob": {"jobIdentifier": ABSENT},
        "DeleteCustomModel": {"modelIdentifier": ABSENT},
        "CreateProvisionedModelThroughput": {"provisionedModelName": ABSENT},
        "DeleteProvisionedModelThroughput": {"provisionedModelId": ABSENT},
        "CreateCustomModelDeployment": {"modelDeploymentName": ABSENT, "modelArn": absent_model(place)},
        "DeleteCustomModelDeployment": {"customModelDeploymentIdentifier": ABSENT},
    }


def require_quotas(entry: BaseModelEntry, region: str, adapters: Adapters) -> None:
    """Raises NotPossibleError where the account may not have one more job, model or deployment."""
    try:
        in_use = InUse(
            jobs=len(adapters.bedrock.list_running_jobs()),
            custom_models=len(adapters.bedrock.list_custom_models()),
            model_units=0,
            deployments=adapters.quotas.deployments_in_use(),
        )
        # What nobody ever changed may be listed as a default only.
        quotas: list[Quota] = [*adapters.quotas.list_quotas(), *adapters.quotas.list_default_quotas()]
    except (Refused, ServiceBusy) as error:
        raise NotPossibleError(f"The account's quotas cannot be read ({error}), and nothing was created.") from error
    needs = Needs(entry, "on_demand", 1, region)
    short = [one for one in quota_checks(needs, quotas, in_use) if any(found.quota_code for found in one.findings)]
    if short:
        found = short[0].findings[0]
        raise NotPossibleError(f"{found.message} {found.remedy} Nothing was created.")
