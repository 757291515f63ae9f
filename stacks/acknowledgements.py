"""Findings of cdk-nag that stay, each with its exact id and the reason, declared beside the construct they concern."""

import json
from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

# Why an ARN in a policy ends with, or holds, a `*`: by the part of the ARN that does.
WILDCARDS = {
    "/runs/*": "A run's folder is named by its id, which exists only once data has been dropped.",
    "/input/*": "The names of data sets are their users' own.",
    ":foundation-model/*": "Each run names its base model and those it compares; they are AWS's own.",
    ":inference-profile/*": "Some base models are asked only through one; they are AWS's own, too.",
    ":custom-model/*": "Bedrock makes a custom model's id when its job starts.",
    ":model-customization-job/*": "Bedrock makes a job's id when it starts.",
    ":model-invocation-job/*": "Bedrock makes a batch job's id when it starts.",
    ":custom-model-deployment/*": "Bedrock makes a deployment's id when the model is deployed.",
    ":provisioned-model/*": "Bedrock makes a throughput's id when it is bought.",
    "throughput-slots/*": "A slot per throughput that an environment may have: their number is a setting.",
    "told-uploads/*": "An hour and an upload: their number is open.",
    "test-sets/*": "A test set and a run on it: their number is open.",
    "model-notices/*": "A notice for each model: their number is open.",
    "standing-notices/*": "A notice for each run whose model is served for applications: their number is open.",
    "run-index/*": "A run and the time of its claim: their number is open.",
    "run-limits/*": "A day and a number of it: how many there are is a setting.",
    ":network-interface/*": "EC2 makes an interface's id; Bedrock makes and tags the interface for its job.",
    ":execution:": "Step Functions names the executions of a distributed map's items.",
}


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledges findings on the construct and what it holds: `{"AwsSolutions::AwsSolutions-S1": reason}`."""
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=identifier, reason=reason) for identifier, reason in reasons.items())
    )


def acknowledge_wildcards(construct: IConstruct, statements: Iterable[iam.PolicyStatement]) -> None:
    """Acknowledges the ARNs with a `*` in the statements; raises KeyError for one that no reason is known for."""
    for statement in statements:
        for arn in statement.resources:
            # Actions that know no resources are acknowledged where the policy is made.
            if "*" in arn and arn != "*":
                acknowledge(construct, {resource_finding(construct, arn): _reason(arn)})


def resource_finding(construct: IConstruct, arn: str) -> str:
    """The id of the finding on a policy's ARN, in cdk-nag's notation for what only a deployed stack knows."""
    return f"AwsSolutions::AwsSolutions-IAM5[Resource::{_flat(cdk.Stack.of(construct).resolve(arn))}]"


def _reason(arn: str) -> str:
    for part, reason in WILDCARDS.items():
        if part in arn:
            return reason
    raise KeyError(f"A policy names {arn}: say in WILDCARDS why it needs the wildcard")


def _flat(value: object) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(_flat, parts))
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return json.dumps(value, separators=(",", ":"))
