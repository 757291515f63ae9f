"""What IAM is asked of a call: the actions, on which resources, with which condition keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lambdas.adapters.aws import clients
from local.permissions import bedrock_calls, s3_calls, service_calls
from local.permissions.calls import AwsCall, TaggedResource, UnknownCallError, access_requests
from local.permissions.evaluator import Evaluator, Policies
from local.permissions.request import AccessRequest

ACCOUNT, REGION = "111122223333", "us-west-2"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
PRINCIPAL = f"arn:aws:sts::{ACCOUNT}:assumed-role/function-role/function"
BUCKET, OBJECT = "arn:aws:s3:::data", "arn:aws:s3:::data/runs/1/x"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
BASE = "amazon.nova-micro-v1:0:128k"
PLACE = {"Bucket": "data", "Key": "runs/1/x"}
TAGS = [{"key": "deployment", "value": "ours"}, {"key": "run-id", "value": "1"}]


@dataclass
class FakeAccount:
    """Has what a test gives it."""

    resources: dict[tuple[str, str], TaggedResource] = field(default_factory=dict)
    key: str | None = None
    objects: set[tuple[str, str, str]] = field(
        default_factory=lambda: {("data", "runs/1/x", ""), ("data", "runs/1/x", "v"), ("data", "removed", "v")}
    )

    def bedrock_resource(self, kind: str, identifier: str) -> TaggedResource | None:
        return self.resources.get((kind, identifier))

    def bucket_key(self, _bucket: str) -> str | None:
        return self.key

    def key_arn(self, key: str) -> str | None:
        return self.key if key else None

    def topic_key(self, _topic: str) -> str | None:
        return self.key

    def role_arn(self, name: str) -> str | None:
        return f"arn:aws:iam::{ACCOUNT}:role/path/{name}" if name == "job" else None

    def object_exists(self, bucket: str, key: str, version: str) -> bool:
        return (bucket, key, version) in self.objects


def requests(
    service: str, operation: str, parameters: Mapping[str, Any], account: FakeAccount | None = None
) -> list[AccessRequest]:
    call = AwsCall(service, operation, parameters, REGION, ACCOUNT)
    return access_requests(call, PRINCIPAL, account or FakeAccount())


def needed(*asked: Any, **options: Any) -> list[tuple[str, ...]]:
    return [(each.action, *each.resources) for each in requests(*asked, **options)]


def bedrock(resource: str, *, account: str = ACCOUNT) -> str:
    return f"arn:aws:bedrock:{REGION}:{account}:{resource}"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetObject", PLACE, [("s3:GetObject", OBJECT)]),
        ("GetObject", {**PLACE, "VersionId": "v"}, [("s3:GetObjectVersion", OBJECT)]),
        # A version that was named is there although the object was removed later, or the reverse.
        ("GetObject", {**PLACE, "Key": "removed", "VersionId": "v"}, [("s3:GetObjectVersion", f"{BUCKET}/removed")]),
        ("GetObject", {**PLACE, "VersionId": "w"}, [("s3:GetObjectVersion", OBJECT), ("s3:ListBucket", BUCKET)]),
        ("HeadObject", {**PLACE, "Key": "gone"}, [("s3:GetObject", f"{BUCKET}/gone"), ("s3:ListBucket", BUCKET)]),
        ("PutObject", {**PLACE, "IfNoneMatch": "*"}, [("s3:PutObject", OBJECT)]),
        ("PutObject", {**PLACE, "IfMatch": "e"}, [("s3:PutObject", OBJECT), ("s3:GetObject", OBJECT)]),
        ("UploadPart", PLACE, [("s3:PutObject", OBJECT)]),
        ("AbortMultipartUpload", PLACE, [("s3:AbortMultipartUpload", OBJECT)]),
        (
            "CopyObject",
            {"Bucket": "other", "Key": "y", "CopySource": {"Bucket": "data", "Key": "runs/1/x"}},
            [("s3:GetObject", OBJECT), ("s3:PutObject", "arn:aws:s3:::other/y")],
        ),
        (
            "CopyObject",
            {"Bucket": "other", "Key": "y", "CopySource": "data/runs/1/x?versionId=v"},
            [("s3:GetObjectVersion", OBJECT), ("s3:PutObject", "arn:aws:s3:::other/y")],
        ),
        ("DeleteObject", {**PLACE, "VersionId": "v"}, [("s3:DeleteObjectVersion", OBJECT)]),
        (
            "DeleteObjects",
            {"Bucket": "data", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "v"}]}},
            [("s3:DeleteObject", f"{BUCKET}/a"), ("s3:DeleteObjectVersion", f"{BUCKET}/b")],
        ),
    ],
)
def test_s3(operation: str, parameters: dict[str, Any], expected: list[tuple[str, ...]]) -> None:
    assert needed("s3", operation, parameters) == expected


def test_a_list_names_its_prefix() -> None:
    [asked] = requests("s3", "ListObjectsV2", {"Bucket": "data", "Prefix": "runs/"})
    assert (asked.action, asked.resources, asked.context["s3:prefix"]) == ("s3:ListBucket", (BUCKET,), "runs/")
    [missing] = [each for each in requests("s3", "GetObject", {**PLACE, "Key": "no"}) if each.action == "s3:ListBucket"]
    assert "s3:prefix" not in missing.context


@pytest.mark.parametrize(
    ("operation", "actions"),
    [
        ("GetObject", ["kms:Decrypt"]),
        ("PutObject", ["kms:GenerateDataKey"]),
        ("UploadPart", ["kms:GenerateDataKey", "kms:Decrypt"]),
    ],
)
def test_a_bucket_under_a_customer_s_key_needs_the_key(operation: str, actions: list[str]) -> None:
    [_, *of_the_key] = requests("s3", operation, PLACE, FakeAccount(key=KEY))
    assert [each.action for each in of_the_key] == actions
    for each in of_the_key:
        assert each.resources == (KEY,)
        assert each.context["kms:ViaService"] == f"s3.{REGION}.amazonaws.com"
        assert each.context["kms:EncryptionContext:aws:s3:arn"] == BUCKET


def test_a_job_needs_its_model_its_base_its_tags_and_its_role() -> None:
    parameters = {"baseModelIdentifier": BASE, "roleArn": ROLE, "jobTags": TAGS, "customModelTags": TAGS[:1]}
    asked = requests("bedrock", "CreateModelCustomizationJob", parameters)
    model = bedrock(f"custom-model/{BASE}/{bedrock_calls.NEW}")
    job = bedrock(f"model-customization-job/{BASE}/{bedrock_calls.NEW}")
    assert [(each.action, each.resources) for each in asked] == [
        ("bedrock:CreateModelCustomizationJob", (model, bedrock(f"foundation-model/{BASE}", account=""))),
        ("bedrock:TagResource", (job,)),
        ("bedrock:TagResource", (model,)),
        ("iam:PassRole", (ROLE,)),
    ]
    assert asked[1].context["aws:RequestTag/deployment"] == "ours"
    assert asked[1].context["aws:TagKeys"] == ("deployment", "run-id")
    assert asked[2].context["aws:TagKeys"] == ("deployment",)
    assert asked[3].context["iam:PassedToService"] == "bedrock.amazonaws.com"


@pytest.mark.parametrize("model", ["amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"])
def test_a_batch_job_needs_its_model_its_tags_and_its_role(model: str) -> None:
    asked = requests("bedrock", "CreateModelInvocationJob", {"modelId": model, "roleArn": ROLE, "tags": TAGS})
    job = bedrock(f"model-invocation-job/{bedrock_calls.NEW}")
    assert [(each.action, each.resources) for each in asked] == [
        (
            "bedrock:CreateModelInvocationJob",
            (job, bedrock("foundation-model/amazon.nova-lite-v1:0", account="")),
        ),
        ("bedrock:TagResource", (job,)),
        ("iam:PassRole", (ROLE,)),
    ]
    assert asked[1].context["aws:RequestTag/deployment"] == "ours"
    assert asked[2].context["iam:PassedToService"] == "bedrock.amazonaws.com"


def test_each_action_of_batch_jobs_can_be_decided() -> None:
    """IAM's reference as data must know each resource that a call is said to need."""
    calls: dict[str, dict[str, Any]] = {
        "CreateModelInvocationJob": {"modelId": "us.amazon.nova-lite-v1:0", "roleArn": ROLE, "tags": TAGS},
        "GetModelInvocationJob": {"jobIdentifier": bedrock("model-invocation-job/abcdefghijkl")},
        "StopModelInvocationJob": {"jobIdentifier": bedrock("model-invocation-job/abcdefghijkl")},
        "ListModelInvocationJobs": {},
    }
    anything = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    policies = Policies(identity=(("own", anything),))
    with Evaluator() as evaluator:
        for operation, parameters in calls.items():
            for asked in requests("bedrock", operation, parameters):
                for resource in asked.resources:
                    assert evaluator.decide(asked, resource, policies).allowed, (operation, resource)


def test_a_model_under_a_customer_s_key_needs_the_key_through_bedrock() -> None:
    parameters = {"baseModelIdentifier": BASE, "roleArn": ROLE, "customModelKmsKeyId": KEY}
    asked = requests("bedrock", "CreateModelCustomizationJob", parameters, FakeAccount(key=KEY))
    via = {each.action for each in asked if each.context.get("kms:ViaService") == f"bedrock.{REGION}.amazonaws.com"}
    assert via == {"kms:CreateGrant", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"}


def test_what_serves_a_model_is_decided_by_the_model_s_tags_and_its_own() -> None:
    model = TaggedResource(bedrock(f"custom-model/{BASE}/abc"), {"deployment": "ours"})
    account = FakeAccount({("custom-model", model.arn): model})
    for operation, parameter, kind in (
        ("CreateProvisionedModelThroughput", "modelId", "provisioned-model"),
        ("CreateCustomModelDeployment", "modelArn", "custom-model-deployment"),
    ):
        made, tagged = requests("bedrock", operation, {parameter: model.arn, "tags": TAGS}, account)
        assert (made.action, made.resources) == (f"bedrock:{operation}", (model.arn,))
        assert made.context["aws:ResourceTag/deployment"] == "ours"
        assert (tagged.action, tagged.resources) == ("bedrock:TagResource", (bedrock(f"{kind}/{bedrock_calls.NEW}"),))
        assert "aws:ResourceTag/deployment" not in tagged.context


def test_an_update_of_a_deployment_is_about_the_deployment_and_its_new_model() -> None:
    model = TaggedResource(bedrock(f"custom-model/{BASE}/abc"), {"deployment": "ours"}, KEY)
    deployment = TaggedResource(bedrock("custom-model-deployment/abc"), {"deployment": "ours"})
    account = FakeAccount(
        {("custom-model", model.arn): model, ("custom-model-deployment", "fine-tuning-champion"): deployment}
    )
    parameters = {"customModelDeploymentIdentifier": "fine-tuning-champion", "modelArn": model.arn}
    asked = requests("bedrock", "UpdateCustomModelDeployment", parameters, account)
    updates = [each for each in asked if each.action == "bedrock:UpdateCustomModelDeployment"]
    assert [each.resources for each in updates] == [(deployment.arn,), (model.arn,)]
    assert {each.context["aws:ResourceTag/deployment"] for each in updates} == {"ours"}
    assert ("kms:Decrypt", (KEY,)) in {(each.action, each.resources) for each in asked}


def test_a_resource_that_is_named_by_its_name_is_found_with_its_tags() -> None:
    job = TaggedResource(bedrock(f"model-customization-job/{BASE}/abc"), {"deployment": "ours"})
    account = FakeAccount({("model-customization-job", "run-c1"): job})
    [asked] = requests("bedrock", "StopModelCustomizationJob", {"jobIdentifier": "run-c1"}, account)
    assert (asked.resources, asked.context["aws:ResourceTag/deployment"]) == ((job.arn,), "ours")
    assert needed("bedrock", "GetModelCustomizationJob", {"jobIdentifier": "run-c2"}, account) == [
        ("bedrock:GetModelCustomizationJob", bedrock("model-customization-job/run-c2"))
    ]


def test_a_question_to_a_model_on_demand_is_about_the_model() -> None:
    model = "amazon.nova-micro-v1:0"
    assert needed("bedrock-runtime", "Converse", {"modelId": model}) == [
        ("bedrock:InvokeModel", bedrock(f"foundation-model/{model}", account=""))
    ]


@pytest.mark.parametrize(("prefix", "elsewhere"), [("us.", "us-east-2"), ("global.", "")])
def test_a_question_through_a_profile_is_about_the_models_of_its_regions_too(prefix: str, elsewhere: str) -> None:
    model = "anthropic.claude-haiku-4-5-20251001-v1:0"
    profile, models = requests("bedrock-runtime", "Converse", {"modelId": f"{prefix}{model}"})
    assert profile.resources == (bedrock(f"inference-profile/{prefix}{model}"),)
    assert models.resources == tuple(
        f"arn:aws:bedrock:{each}::foundation-model/{model}" for each in (REGION, elsewhere)
    )
    assert models.context["bedrock:InferenceProfileArn"] == profile.resources[0]


def test_a_question_to_what_serves_a_model_is_decided_by_its_tags() -> None:
    throughput = TaggedResource(bedrock("provisioned-model/abc"), {"deployment": "other"})
    account = FakeAccount({("provisioned-model", throughput.arn): throughput})
    [asked] = requests("bedrock-runtime", "Converse", {"modelId": throughput.arn}, account)
    assert asked.resources == (throughput.arn,)
    assert asked.context["aws:ResourceTag/deployment"] == "other"


def test_a_question_to_a_throughput_by_its_name_is_about_the_throughput() -> None:
    throughput = TaggedResource(bedrock("provisioned-model/abc"), {"deployment": "ours"}, KEY)
    account = FakeAccount({("provisioned-model", "run-c1"): throughput})
    assert needed("bedrock-runtime", "Converse", {"modelId": "run-c1"}, account) == [
        ("bedrock:InvokeModel", throughput.arn),
        ("kms:Decrypt", KEY),
    ]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("iam", "GetRole", {"RoleName": "job"}, ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/path/job")),
        ("iam", "GetRole", {"RoleName": "gone"}, ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/gone")),
        (
            "ssm",
            "PutParameter",
            {"Name": "/x/y"},
            ("ssm:PutParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/x/y"),
        ),
        ("bedrock", "ListCustomModels", {}, ("bedrock:ListCustomModels", "*")),
        ("kms", "DescribeKey", {"KeyId": "k"}, ("kms:DescribeKey", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k")),
    ],
)
def test_other_services(service: str, operation: str, parameters: dict[str, Any], expected: tuple[str, str]) -> None:
    assert needed(service, operation, parameters) == [expected]


def test_a_topic_under_a_customer_s_key_needs_the_key() -> None:
    asked = requests("sns", "Publish", {"TopicArn": "arn:aws:sns:us-west-2:1:t"}, FakeAccount(key=KEY))
    assert [each.action for each in asked] == ["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"]


@pytest.mark.parametrize(("service", "operation"), [("s3", "DeleteBucket"), ("dynamodb", "GetItem")])
def test_a_call_that_nobody_has_thought_of_is_an_error_that_names_it(service: str, operation: str) -> None:
    with pytest.raises(UnknownCallError, match=f"{service}'s {operation}"):
        requests(service, operation, {})


def test_every_request_goes_over_tls_in_the_name_of_the_role() -> None:
    [asked] = requests("s3", "GetObject", PLACE)
    assert asked.context["aws:SecureTransport"] == "true"
    assert asked.context["s3:TlsVersion"] == "1.2"
    assert asked.context["aws:PrincipalArn"] == f"arn:aws:iam::{ACCOUNT}:role/function-role"


def test_every_client_of_the_functions_is_known() -> None:
    known = {"s3", "bedrock", "bedrock-runtime", *service_calls.NEEDS}
    made: set[str] = set()

    class Recorder:
        def client(self, service_name: str, **_: object) -> None:
            made.add(service_name)

    recorded = clients.Clients(Recorder())
    for name in [name for name in vars(clients.Clients) if not name.startswith("_")]:
        getattr(recorded, name)
    assert made <= known
    assert s3_calls.NEEDS
