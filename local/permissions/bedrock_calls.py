"""What Bedrock checks, of its control plane and of inference.

A resource that is about to be made has no tags yet: its ARN ends in NEW, and only the request's tags count. One that a
call names and that does not exist has no tags either.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local.bedrock.foundation_models import PROFILE_PREFIXES, without_profile
from local.permissions.calls import AccountState, AwsCall, Needed, Needs, TaggedResource, key_use, simple
from local.permissions.request import ContextValue

JOB, BATCH_JOB, MODEL = "model-customization-job", "model-invocation-job", "custom-model"
THROUGHPUT, DEPLOYMENT = "provisioned-model", "custom-model-deployment"
TAGGED = (JOB, BATCH_JOB, MODEL, THROUGHPUT, DEPLOYMENT)
NEW = "new000000000"
# Where a geographic inference profile may send a question, beside the caller's own Region.
ELSEWHERE = {"us.": "us-east-2", "eu.": "eu-west-1", "apac.": "ap-southeast-2", "jp.": "ap-northeast-3"}


def _named(call: AwsCall, account: AccountState, kind: str, identifier: str) -> TaggedResource:
    """A resource that a call names; one that does not exist has the ARN that it would have."""
    found = account.bedrock_resource(kind, identifier)
    if found is not None:
        return found
    return TaggedResource(identifier if identifier.startswith("arn:") else call.arn("bedrock", f"{kind}/{identifier}"))


def _kind_of(identifier: str) -> str | None:
    return next((kind for kind in TAGGED if f":{kind}/" in identifier), None)


def _tags_of(resource: TaggedResource) -> dict[str, ContextValue]:
    return {f"aws:ResourceTag/{key}": value for key, value in resource.tags.items()}


def _foundation_model(call: AwsCall, identifier: str) -> str:
    return call.arn("bedrock", f"foundation-model/{identifier.rpartition('/')[2]}", account="")


def _tagging(tags: list[Mapping[str, Any]] | None, resource: TaggedResource) -> Iterator[Needed]:
    if tags:
        asked: dict[str, ContextValue] = {f"aws:RequestTag/{tag['key']}": str(tag["value"]) for tag in tags}
        keys = tuple(str(tag["key"]) for tag in tags)
        yield Needed("bedrock:TagResource", (resource.arn,), {**asked, "aws:TagKeys": keys, **_tags_of(resource)})


def _on(action: str, kind: str, parameter: str) -> Needs:
    """An action on one resource, with its tags."""

    def needs(call: AwsCall, account: AccountState) -> Iterator[Needed]:
        resource = _named(call, account, kind, call.text(parameter))
        yield Needed(action, (resource.arn,), _tags_of(resource))

    return needs


def _creates_job(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    base = call.text("baseModelIdentifier")
    model = TaggedResource(call.arn("bedrock", f"custom-model/{base.rpartition('/')[2]}/{NEW}"))
    job = TaggedResource(call.arn("bedrock", f"{JOB}/{base.rpartition('/')[2]}/{NEW}"))
    custom = _kind_of(base) == MODEL
    trained = _named(call, account, MODEL, base).arn if custom else _foundation_model(call, base)
    yield Needed("bedrock:CreateModelCustomizationJob", (model.arn, trained))
    yield from _tagging(call.parameters.get("jobTags"), job)
    yield from _tagging(call.parameters.get("customModelTags"), model)
    yield Needed("iam:PassRole", (call.text("roleArn"),), {"iam:PassedToService": "bedrock.amazonaws.com"})
    key = call.text("customModelKmsKeyId")
    yield from _model_key(call, account.key_arn(key) or key)


def _creates_batch_job(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    """On the job and the model. Of the profile that it asks it through, IAM's reference knows nothing."""
    job = TaggedResource(call.arn("bedrock", f"{BATCH_JOB}/{NEW}"))
    model = _foundation_model(call, without_profile(call.text("modelId").rpartition("/")[2]))
    yield Needed("bedrock:CreateModelInvocationJob", (job.arn, model))
    yield from _tagging(call.parameters.get("tags"), job)
    yield Needed("iam:PassRole", (call.text("roleArn"),), {"iam:PassedToService": "bedrock.amazonaws.com"})


def _model_key(call: AwsCall, key: str | None) -> Iterator[Needed]:
    yield from key_use(key, "bedrock", call, "CreateGrant", "DescribeKey", "GenerateDataKey", "Decrypt")


def _serves(action: str, parameter: str, kind: str) -> Needs:
    """A throughput or a deployment is made from a model; its own ARN is told only when it is tagged."""

    def needs(call: AwsCall, account: AccountState) -> Iterator[Needed]:
        identifier = call.text(parameter)
        served = account.bedrock_resource(MODEL, identifier)
        if served is None and _kind_of(identifier) is None and action == "bedrock:CreateProvisionedModelThroughput":
            served = TaggedResource(_foundation_model(call, identifier))
        resource = served or _named(call, account, MODEL, identifier)
        yield Needed(action, (resource.arn,), _tags_of(resource))
        yield from _tagging(call.parameters.get("tags"), TaggedResource(call.arn("bedrock", f"{kind}/{NEW}")))
        yield from _model_key(call, resource.key)

    return needs


def _updates_deployment(call: AwsCall, account: AccountState) -> Iterator[Needed]:
    """The deployment, and the model that it is to serve."""
    action = "bedrock:UpdateCustomModelDeployment"
    deployment = _named(call, account, DEPLOYMENT, call.text("customModelDeploymentIdentifier"))
    model = _named(call, account, MODEL, call.text("modelArn"))
    for resource in (deployment, model):
        yield Needed(action, (resource.arn,), _tags_of(resource))
    yield from _model_key(call, model.key)


def _on_foundation_model(call: AwsCall, _account: AccountState) -> Iterator[Needed]:
    yield Needed("bedrock:GetFoundationModel", (_foundation_model(call, call.text("modelIdentifier")),))


def _tags(action: str) -> Needs:
    def needs(call: AwsCall, account: AccountState) -> Iterator[Needed]:
        arn = call.text("resourceARN")
        kind = _kind_of(arn)
        resource = _named(call, account, kind, arn) if kind else TaggedResource(arn)
        if action == "bedrock:TagResource":
            yield from _tagging(call.parameters.get("tags"), resource)
        else:
            yield Needed(action, (resource.arn,), _tags_of(resource))

    return needs


def _asks(action: str) -> Needs:
    """A question to a model: of Bedrock's own, of a profile that sends it to several Regions, or to what serves one."""

    def needs(call: AwsCall, account: AccountState) -> Iterator[Needed]:
        identifier = call.text("modelId")
        # The id of a foundation model has a dot, which names and ids of an account's own resources cannot have.
        kind = _kind_of(identifier) or (None if "." in identifier else THROUGHPUT)
        if kind is None:
            yield from _asks_foundation_model(action, call, identifier.rpartition("/")[2])
            return
        resource = _named(call, account, kind, identifier)
        yield Needed(action, (resource.arn,), _tags_of(resource))
        yield from key_use(resource.key, "bedrock", call, "Decrypt")

    return needs


def _asks_foundation_model(action: str, call: AwsCall, name: str) -> Iterator[Needed]:
    prefix = next((prefix for prefix in PROFILE_PREFIXES if name.startswith(prefix)), "")
    if not prefix:
        yield Needed(action, (_foundation_model(call, name),))
        return
    profile = call.arn("bedrock", f"inference-profile/{name}")
    yield Needed(action, (profile,))
    regions = (call.region, ELSEWHERE.get(prefix, ""))
    models = (f"foundation-model/{without_profile(name)}",)
    arns = tuple(call.arn("bedrock", model, region=region, account="") for region in regions for model in models)
    yield Needed(action, arns, {"bedrock:InferenceProfileArn": profile})


LISTS = (
    "ListModelCustomizationJobs",
    "ListModelInvocationJobs",
    "ListCustomModels",
    "ListProvisionedModelThroughputs",
    "ListCustomModelDeployments",
    "ListFoundationModels",
    "GetFoundationModelAvailability",
)
CONTROL: dict[str, Needs] = {
    **{name: simple(f"bedrock:{name}") for name in LISTS},
    "CreateModelCustomizationJob": _creates_job,
    "GetModelCustomizationJob": _on("bedrock:GetModelCustomizationJob", JOB, "jobIdentifier"),
    "StopModelCustomizationJob": _on("bedrock:StopModelCustomizationJob", JOB, "jobIdentifier"),
    "CreateModelInvocationJob": _creates_batch_job,
    "GetModelInvocationJob": _on("bedrock:GetModelInvocationJob", BATCH_JOB, "jobIdentifier"),
    "StopModelInvocationJob": _on("bedrock:StopModelInvocationJob", BATCH_JOB, "jobIdentifier"),
    "GetCustomModel": _on("bedrock:GetCustomModel", MODEL, "modelIdentifier"),
    "DeleteCustomModel": _on("bedrock:DeleteCustomModel", MODEL, "modelIdentifier"),
    "CreateProvisionedModelThroughput": _serves("bedrock:CreateProvisionedModelThroughput", "modelId", THROUGHPUT),
    "GetProvisionedModelThroughput": _on("bedrock:GetProvisionedModelThroughput", THROUGHPUT, "provisionedModelId"),
    "DeleteProvisionedModelThroughput": _on(
        "bedrock:DeleteProvisionedModelThroughput", THROUGHPUT, "provisionedModelId"
    ),
    "CreateCustomModelDeployment": _serves("bedrock:CreateCustomModelDeployment", "modelArn", DEPLOYMENT),
    "GetCustomModelDeployment": _on("bedrock:GetCustomModelDeployment", DEPLOYMENT, "customModelDeploymentIdentifier"),
    "UpdateCustomModelDeployment": _updates_deployment,
    "DeleteCustomModelDeployment": _on(
        "bedrock:DeleteCustomModelDeployment", DEPLOYMENT, "customModelDeploymentIdentifier"
    ),
    "GetFoundationModel": _on_foundation_model,
    "ListTagsForResource": _tags("bedrock:ListTagsForResource"),
    "TagResource": _tags("bedrock:TagResource"),
    "UntagResource": _tags("bedrock:UntagResource"),
}
INFERENCE: dict[str, Needs] = {
    "Converse": _asks("bedrock:InvokeModel"),
    "InvokeModel": _asks("bedrock:InvokeModel"),
    "CountTokens": _asks("bedrock:CountTokens"),
}
