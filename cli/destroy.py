"""`make destroy`: the CDK CLI deletes the stacks of an environment, and you are told what stays.

The deployed stack decides what stays, not the present settings, so its outputs are read before it goes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.account import NoAccountError, account_of
from cli.stack_outputs import outputs_of
from cli.target import Model, Name, Region, run_cdk, target_of
from lambdas.adapters.aws.bedrock import Bedrock, Listed
from lambdas.adapters.aws.custom_model_deployments import CustomModelDeployments
from lambdas.adapters.aws.provisioned_throughputs import ProvisionedThroughputs
from lambdas.adapters.aws.service_errors import NotFound, Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.models.catalogue import ServingKind, UnknownBaseModelError
from lambdas.domain.serving.kinds import ON_DEMAND, PROVISIONED, noun
from lambdas.domain.serving.standing import is_standing_name
from local.terminal import App, Console, failed
from stacks.settings import SettingsError

# A service's name → its boto3 client.
Clients = Callable[[str], Any]
BUCKETS = ("InputBucket", "OutputBucket", "AccessLogsBucket")
MORE = 'What it costs, and how to delete it: docs/operations.md, "What goes and what stays".'


def destroy(clients: Clients, environment: str, *, cdk: Callable[[], int], tell: Callable[[str], None]) -> int:
    """Tells what will stay, lets `cdk` ask and delete, and tells what did stay. Returns the exit status of `cdk`.

    Where AWS refuses to tell, that is told, and `cdk` runs all the same: it may have more permissions.
    """
    stack = f"{environment}-data"
    try:
        outputs = outputs_of(clients("cloudformation"), stack)
    except (BotoCoreError, ClientError) as error:
        tell(f"What stays cannot be told: {error}\n{MORE}")
        return cdk()
    if outputs is None:
        tell(f"There is no stack {stack} in this account and Region.")
        return cdk()
    served = [*_served(clients, environment)]
    ends = [f"This ends what serves models of {environment} for applications:", *served] if served else []
    tell(
        "\n".join(
            [
                *ends,
                f"This deletes the stacks of {environment}. What stays:",
                *_staying(clients, environment, outputs),
            ]
        )
    )
    with _unprotected(clients("cloudformation"), stack, tell):
        status = cdk()
    # Whoever answers the CDK CLI's question with no keeps everything, with the exit status 0.
    if status == 0 and outputs_of(clients("cloudformation"), stack) is None:
        tell(
            "\n".join(
                [f"The stacks of {environment} are deleted. What stays:", *_staying(clients, environment, outputs)]
            )
        )
    return status


@contextmanager
def _unprotected(cloudformation: Any, stack: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Lifts the stack's protection from deletion, which keeps it from going alone, and puts it back if it stays."""
    lifted = False
    try:
        [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        if described.get("EnableTerminationProtection"):
            cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
            lifted = True
    except (BotoCoreError, ClientError) as error:
        tell(f"The protection of {stack} from deletion cannot be lifted, so that it may stay: {error}")
    try:
        yield
    finally:
        if lifted and outputs_of(cloudformation, stack) is not None:
            cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)


def _served(clients: Clients, environment: str) -> Iterator[str]:
    """What serves applications, which the reconciler ends with its stack, or the deletion fails and says why."""
    client = clients("bedrock")
    listings: Mapping[ServingKind, Callable[[], Sequence[Listed]]] = {
        PROVISIONED: ProvisionedThroughputs(client).list_all,
        ON_DEMAND: CustomModelDeployments(client).list_all,
    }
    try:
        for kind, listing in listings.items():
            for one in listing():
                if is_standing_name(environment, one.name) and _is_of(environment, client, one.arn):
                    yield f"- the {noun(kind)} {one.arn}"
    except (Refused, ServiceBusy) as error:
        yield f"- what cannot be listed: {error}"


def _staying(clients: Clients, environment: str, outputs: dict[str, str]) -> Iterator[str]:
    if outputs.get("DataAfterDestroy") == "kept":
        for name in BUCKETS:
            yield f"- the bucket s3://{outputs[name]} ({name}) with all its objects"
        if "KeyArn" in outputs:
            yield f"- the key {outputs['KeyArn']}"
    elif "KeyArn" in outputs:
        yield f"- for seven days the key {outputs['KeyArn']}; without it no model under it can be used"
    yield from _custom_models(clients, environment)
    yield f"- the parameters /{environment}/champion and /{environment}/endpoint, where a run has been promoted"
    yield MORE


def _custom_models(clients: Clients, environment: str) -> Iterator[str]:
    try:
        models = list(_models_of(clients("bedrock"), environment))
    except (BotoCoreError, ClientError, Refused, ServiceBusy) as error:
        yield f"- the custom models of {environment}, which cannot be listed: {error}"
        return
    for arn in models:
        yield f"- the custom model {arn}, billed by the month"


def _models_of(bedrock: Any, environment: str) -> Iterator[str]:
    """By their tag: the name of another environment may begin alike."""
    for page in bedrock.get_paginator("list_custom_models").paginate(isOwned=True):
        for model in page["modelSummaries"]:
            if model["modelName"].startswith(f"{environment}-") and _is_of(environment, bedrock, model["modelArn"]):
                yield str(model["modelArn"])


def _is_of(environment: str, bedrock: Any, arn: str) -> bool:
    """Whether it has the environment's tag; not one that is gone, which a list may still show."""
    try:
        return Bedrock(bedrock).tags_of(arn).get("deployment") == environment
    except NotFound:
        return False


def main(model: Model = None, region: Region = None, deployment: Name = None) -> None:
    """Tell what stays, let the CDK CLI ask and delete, and tell what did stay."""
    try:
        target = target_of(model, region, deployment, any_model=True)
        account = account_of(target.settings.region)
    except (SettingsError, UnknownBaseModelError, NoAccountError) as error:
        raise failed(error, 2) from None
    status = destroy(
        account.client, target.settings.deployment, cdk=lambda: run_cdk("destroy", target), tell=Console().write_lines
    )
    raise typer.Exit(status)


app = App(add_completion=False)
app.command()(main)

if __name__ == "__main__":
    app()
