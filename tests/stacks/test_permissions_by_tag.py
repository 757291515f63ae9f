"""What the functions may do to whose resources in Bedrock: the synthesised policies, evaluated as IAM does."""

import json

import pytest
from ministack.core import iam_evaluator

from lambdas.domain.core.run import PROJECT
from tests.stacks.conftest import Templates, listed

# `keyed_templates` has this account, Region and name.
BEDROCK = "arn:aws:bedrock:us-east-1:123456789012"
OURS, THEIRS = "team-a", "team-b"
MODEL, JOB = f"{BEDROCK}:custom-model/m/abcdefghijkl", f"{BEDROCK}:model-customization-job/m/abcdefghijkl"
BATCH_JOB = f"{BEDROCK}:model-invocation-job/abcdefghijkl"
THROUGHPUT, DEPLOYED = f"{BEDROCK}:provisioned-model/abcdefghijkl", f"{BEDROCK}:custom-model-deployment/abcdefghijkl"
BASE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k"


def is_allowed(
    templates: Templates, state: str, action: str, resource: str, *, tag: str | None = None, request: str | None = None
) -> bool:
    """By the policies of a state's function; `tag` and `request` are the resource's and the request's `deployment`."""
    statements = [
        # What is known only at deployment is no resource of Bedrock's.
        each
        for each in templates.statements(f"/{state}Role/")
        if all(isinstance(arn, str) for arn in listed(each["Resource"]))
    ]
    policy = iam_evaluator.parse_policy_document(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    context = iam_evaluator.EvalContext(
        principal_arn="arn:aws:iam::123456789012:role/one",
        principal_type="AssumedRole",
        principal_account="123456789012",
        action=action,
        resource_arn=resource,
        region="us-east-1",
        request_tags={} if request is None else {"deployment": request},
        service_context={} if tag is None else {"aws:resourcetag/deployment": tag},
    )
    return bool(iam_evaluator.evaluate(context, [policy]).decision == "Allow")


@pytest.mark.assumption("permission-by-resource-tag")
@pytest.mark.parametrize(
    ("state", "action", "resource"),
    [
        ("PurchaseThroughputOrDeploy", "bedrock:CreateProvisionedModelThroughput", MODEL),
        ("PurchaseThroughputOrDeploy", "bedrock:CreateCustomModelDeployment", MODEL),
        ("AnswerShard", "bedrock:InvokeModel", THROUGHPUT),
        ("AnswerShard", "bedrock:InvokeModel", DEPLOYED),
        ("DeleteThroughputOrDeployment", "bedrock:DeleteProvisionedModelThroughput", THROUGHPUT),
        ("DeleteThroughputOrDeployment", "bedrock:DeleteCustomModelDeployment", DEPLOYED),
        ("StopJobs", "bedrock:StopModelCustomizationJob", JOB),
        ("StopJobs", "bedrock:StopModelInvocationJob", BATCH_JOB),
        ("CurateTrainingSet", "bedrock:StopModelInvocationJob", BATCH_JOB),
        ("AskBaselinesInBatch", "bedrock:StopModelInvocationJob", BATCH_JOB),
        ("AskJudgesInBatch", "bedrock:StopModelInvocationJob", BATCH_JOB),
        ("ReconcileThroughput", "bedrock:StopModelInvocationJob", BATCH_JOB),
        ("ReconcileThroughput", "bedrock:DeleteProvisionedModelThroughput", THROUGHPUT),
        ("ReconcileThroughput", "bedrock:DeleteCustomModelDeployment", DEPLOYED),
        ("ReconcileThroughput", "bedrock:StopModelCustomizationJob", JOB),
    ],
)
def test_what_another_environment_has_is_out_of_reach(
    state: str, action: str, resource: str, keyed_templates: Templates
) -> None:
    """Whatever the code decides. What has lost its tags is in reach: it would bill for ever."""
    assert is_allowed(keyed_templates, state, action, resource, tag=OURS)
    assert not is_allowed(keyed_templates, state, action, resource, tag=THEIRS)
    assert is_allowed(keyed_templates, state, action, resource)


@pytest.mark.assumption("permission-by-request-tag")
@pytest.mark.parametrize(
    ("state", "resources"),
    [
        ("StartJobs", (JOB, MODEL)),
        ("CurateTrainingSet", (BATCH_JOB,)),
        ("AskBaselinesInBatch", (BATCH_JOB,)),
        ("AskJudgesInBatch", (BATCH_JOB,)),
        ("PurchaseThroughputOrDeploy", (THROUGHPUT, DEPLOYED)),
    ],
)
def test_only_what_is_made_here_gets_the_environment_s_tag_and_nothing_gets_another(
    state: str, resources: tuple[str, ...], keyed_templates: Templates
) -> None:
    """Who could set the tag of what is another's could reach it by that."""
    for resource in resources:
        assert is_allowed(keyed_templates, state, "bedrock:TagResource", resource, request=OURS)
        assert not is_allowed(keyed_templates, state, "bedrock:TagResource", resource, request=THEIRS)
        assert not is_allowed(keyed_templates, state, "bedrock:TagResource", resource)
        assert not is_allowed(keyed_templates, state, "bedrock:TagResource", resource, request=OURS, tag=THEIRS)
    others = {JOB, BATCH_JOB, MODEL, THROUGHPUT, DEPLOYED, BASE} - set(resources)
    assert not [
        other for other in others if is_allowed(keyed_templates, state, "bedrock:TagResource", other, request=OURS)
    ]


def test_nothing_is_bought_for_a_base_model(keyed_templates: Templates) -> None:
    """Throughput is for models that were tuned here."""
    state, action = "PurchaseThroughputOrDeploy", "bedrock:CreateProvisionedModelThroughput"
    assert not is_allowed(keyed_templates, state, action, BASE)
    assert is_allowed(keyed_templates, "StartJobs", "bedrock:CreateModelCustomizationJob", BASE)


def test_chosen_models_are_in_the_reconciler_s_reach_only_where_it_deletes_them_by_age(
    templates: Templates, keyed_templates: Templates
) -> None:
    """And then only those whose tags say that a run of this environment made them."""
    reach = []
    for each in (templates, keyed_templates):
        found = [
            statement["Condition"]
            for statement in each.statements("/ReconcileThroughputRole/")
            if "bedrock:DeleteCustomModel" in listed(statement["Action"])
        ]
        reach.append(found)
    [discarded], [other, aged] = reach
    assert discarded["Null"] == other["Null"] == {"aws:ResourceTag/sweep-candidate": "false"}
    assert aged == {"StringEquals": {"aws:ResourceTag/deployment": OURS, "aws:ResourceTag/project": PROJECT}}
