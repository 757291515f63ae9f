"""A function on the embedded AWS may do what its role's policies allow, and is told AWS's words where it may not."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest

from local.embedded_aws import ACCOUNT, EmbeddedAws, host_runtime
from local.permissions.record import recorded
from local.permissions.request import role_name

pytestmark = pytest.mark.xdist_group("embedded-aws")

# Makes the calls that it is given, and tells each answer's error.
SOURCE = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    told = []
    for service, operation, parameters in event["calls"]:
        client = boto3.client(service)
        try:
            getattr(client, operation)(**parameters)
            told.append(None)
        except ClientError as error:
            told.append([error.response["Error"]["Code"], error.response["Error"]["Message"],
                         error.response["ResponseMetadata"]["HTTPStatusCode"]])
    return told
"""
ROLE, BUCKET, SECRETS, TOPIC = "caller", "data", "secrets", f"arn:aws:sns:us-west-2:{ACCOUNT}:topic"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/function"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/runs/*"}
WRITE = {**READ, "Action": "s3:PutObject"}
LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
OURS = {
    "Effect": "Allow",
    "Action": "bedrock:TagResource",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:RequestTag/deployment": "ours"}},
}
PLACE = {"Bucket": BUCKET, "Key": "runs/1"}
THROUGHPUT = f"arn:aws:bedrock:us-west-2:{ACCOUNT}:provisioned-model/abcdefghijkl"


@dataclass
class Caller:
    """A function whose role a test gives statements."""

    aws: EmbeddedAws

    def may(self, *statements: Any) -> None:
        """The role's only policy."""
        document = json.dumps({"Version": "2012-10-17", "Statement": [*statements]})
        self.aws.client("iam").put_role_policy(RoleName=ROLE, PolicyName="own", PolicyDocument=document)

    def call(self, *calls: tuple[str, str, dict[str, Any]]) -> list[list[Any] | None]:
        """The error of each call, or None."""
        answer = self.aws.client("lambda").invoke(FunctionName="function", Payload=json.dumps({"calls": calls}))
        told = json.load(answer["Payload"])
        assert "FunctionError" not in answer, told
        return list(told)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with EmbeddedAws(tmp_path_factory.mktemp("enforced")) as aws:
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "*"}]}
        aws.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
        location: Any = {"LocationConstraint": aws.region}
        aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        aws.client("s3").put_object(**PLACE, Body=b"{}")
        code = BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", SOURCE)
        aws.client("lambda").create_function(
            FunctionName="function",
            Runtime=host_runtime()[0],
            Role=f"arn:aws:iam::{ACCOUNT}:role/{ROLE}",
            Handler="index.handler",
            Code={"ZipFile": code.getvalue()},
            Timeout=20,
        )
        yield Caller(aws)


def denied(code: str, action: str, resource: str) -> list[object]:
    message = (
        f"User: {SESSION} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return [code, message, 403]


def test_a_call_is_refused_as_soon_as_its_statement_is_removed(caller: Caller) -> None:
    """The negative control: what passes here passes because a statement allows it."""
    call = ("s3", "put_object", {**PLACE, "Body": "{}"})
    caller.may(READ, WRITE)
    assert caller.call(call) == [None]
    caller.may(READ)
    assert caller.call(call) == [denied("AccessDenied", "s3:PutObject", f'"arn:aws:s3:::{BUCKET}/runs/1"')]


def test_each_service_refuses_in_its_own_code(caller: Caller) -> None:
    caller.may(READ)
    tagging = {"resourceARN": THROUGHPUT, "tags": [{"key": "deployment", "value": "ours"}]}
    assert caller.call(
        ("s3", "head_object", {**PLACE, "Key": "other"}),
        ("bedrock", "tag_resource", tagging),
        ("stepfunctions", "list_executions", {"stateMachineArn": f"arn:aws:states:us-west-2:{ACCOUNT}:stateMachine:x"}),
        ("sns", "publish", {"TopicArn": TOPIC, "Message": "x"}),
        ("bedrock-runtime", "converse", {"modelId": "amazon.nova-micro-v1:0", "messages": []}),
    ) == [
        ["403", "Forbidden", 403],
        denied("AccessDeniedException", "bedrock:TagResource", THROUGHPUT),
        denied("AccessDeniedException", "states:ListExecutions", f"arn:aws:states:us-west-2:{ACCOUNT}:stateMachine:x"),
        denied("AuthorizationError", "sns:Publish", TOPIC),
        denied(
            "AccessDeniedException",
            "bedrock:InvokeModel",
            "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-micro-v1:0",
        ),
    ]


def test_a_missing_object_is_told_only_to_who_may_list_the_bucket(caller: Caller) -> None:
    """A handler that reads a missing object as "not yet" would fail on AWS without the grant."""
    call = ("s3", "get_object", {**PLACE, "Key": "runs/2"})
    caller.may(READ)
    assert caller.call(call) == [denied("AccessDenied", "s3:ListBucket", f'"arn:aws:s3:::{BUCKET}"')]
    caller.may(READ, LIST)
    [refused] = caller.call(call)
    assert refused is not None
    assert refused[0] == "NoSuchKey"


def test_a_tag_of_the_request_decides(caller: Caller) -> None:
    caller.may(OURS)
    tags = [[{"key": "deployment", "value": value}] for value in ("other", "ours")]
    other, ours = caller.call(
        *(("bedrock", "tag_resource", {"resourceARN": THROUGHPUT, "tags": each}) for each in tags)
    )
    assert other == denied("AccessDeniedException", "bedrock:TagResource", THROUGHPUT)
    # It gets as far as Bedrock, which has no such throughput.
    assert ours is not None
    assert ours[0] == "ResourceNotFoundException"


def test_a_bucket_s_policy_refuses_what_the_role_may(caller: Caller) -> None:
    caller.may(READ)
    deny = {**READ, "Effect": "Deny", "Principal": "*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.3"}}}
    s3 = caller.aws.client("s3")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    [refused] = caller.call(("s3", "get_object", PLACE))
    s3.delete_bucket_policy(Bucket=BUCKET)
    assert refused is not None
    assert refused[1].endswith("with an explicit deny in a resource-based policy")
    assert caller.call(("s3", "get_object", PLACE)) == [None]


@pytest.fixture(name="key", scope="module")
def _key(caller: Caller) -> str:
    """The key of a bucket and a topic that CloudFormation has made; the account may use it."""
    key = caller.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    by_key = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    bucket = {"BucketName": SECRETS, "BucketEncryption": {"ServerSideEncryptionConfiguration": [by_key]}}
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "secrets", "KmsMasterKeyId": key}},
    }
    stacks = caller.aws.client("cloudformation")
    stacks.create_stack(StackName="secrets", TemplateBody=json.dumps({"Resources": resources}))
    stacks.get_waiter("stack_create_complete").wait(StackName="secrets", WaiterConfig={"Delay": 1})
    caller.aws.client("s3").put_object(Bucket=SECRETS, Key="runs/1", Body=b"{}")
    return str(key)


def test_what_is_under_a_customer_s_key_needs_the_key(caller: Caller, key: str) -> None:
    """The role and the key's own policy must both allow it."""
    place = {"Bucket": SECRETS, "Key": "runs/1"}
    publish = ("sns", "publish", {"TopicArn": TOPIC.replace("topic", "secrets"), "Message": "x"})
    calls = [("s3", "get_object", place), ("s3", "put_object", {**place, "Body": "{}"}), publish]
    work = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "sns:Publish"], "Resource": "*"}
    use = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key}
    caller.may(work)
    assert caller.call(*calls) == [
        denied("AccessDenied", "kms:Decrypt", f'"{key}"'),
        denied("AccessDenied", "kms:GenerateDataKey", f'"{key}"'),
        denied("AuthorizationError", "kms:GenerateDataKey", key),
    ]
    caller.may(work, use)
    assert caller.call(*calls) == [None, None, None]
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    other = {**root, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}}
    kms = caller.aws.client("kms")
    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": [other]}))
    [refused] = caller.call(calls[0])
    assert refused is not None
    assert refused[1].endswith("because no resource-based policy allows the kms:Decrypt action")


def test_a_bucket_under_aws_s_own_key_needs_none(caller: Caller) -> None:
    """The CDK's bootstrap bucket is one."""
    by_aws = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    bucket = {"BucketName": "open", "BucketEncryption": {"ServerSideEncryptionConfiguration": [by_aws]}}
    stacks = caller.aws.client("cloudformation")
    template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket}}}
    stacks.create_stack(StackName="open", TemplateBody=json.dumps(template))
    stacks.get_waiter("stack_create_complete").wait(StackName="open", WaiterConfig={"Delay": 1})
    caller.may({**WRITE, "Resource": "arn:aws:s3:::open/*"})
    assert caller.call(("s3", "put_object", {"Bucket": "open", "Key": "x", "Body": "{}"})) == [None]
    # As the CDK CLI does with the bootstrap bucket: it asks, and writes with what is told.
    s3 = caller.aws.client("s3")
    [rule] = s3.get_bucket_encryption(Bucket="open")["ServerSideEncryptionConfiguration"]["Rules"]
    told = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert s3.put_object(Bucket="open", Key="x", Body=b"{}", ServerSideEncryption=told)["ETag"]


def test_a_call_that_nobody_has_thought_of_ends_the_function(caller: Caller) -> None:
    """A free pass would be a hole that nobody sees."""
    answer = caller.aws.client("lambda").invoke(
        FunctionName="function", Payload=json.dumps({"calls": [("s3", "delete_bucket", {"Bucket": BUCKET})]})
    )
    told = json.load(answer["Payload"])
    assert told["errorType"] == "PermissionsError"
    assert "s3's DeleteBucket" in told["errorMessage"]
    # Whoever reads the record can fail, although a function may catch the error.
    last = list(recorded(caller.aws.decisions))[-1]
    assert (last.action, last.decision) == ("s3:DeleteBucket", "undecided")
    assert "UnknownCallError" in last.why


def test_each_decision_is_recorded_with_the_statement_that_decided(caller: Caller) -> None:
    """From this, grants that nobody uses are found."""
    caller.may(WRITE, READ)
    caller.call(("s3", "get_object", PLACE), ("s3", "get_object", {**PLACE, "Key": "other"}))
    allowed, refused = list(recorded(caller.aws.decisions))[-2:]
    assert (role_name(allowed.principal), allowed.origin, allowed.action) == (ROLE, "function", "s3:GetObject")
    assert allowed.context["aws:SecureTransport"] == "true"
    assert [(each.policy, each.number) for each in allowed.statements] == [("own", 2)]
    assert (refused.resource, refused.decision) == (f"arn:aws:s3:::{BUCKET}/other", "implicitDeny")


def test_a_version_is_read_although_its_object_is_removed(caller: Caller) -> None:
    """S3 looks at the version that is named: who may not list the bucket is told of a missing one only by a denial."""
    s3, place = caller.aws.client("s3"), {"Bucket": "versioned", "Key": "runs/1"}
    s3.create_bucket(Bucket="versioned", CreateBucketConfiguration={"LocationConstraint": caller.aws.region})
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    written = s3.put_object(**place, Body=b"{}")["VersionId"]
    marker = s3.delete_object(**place)["VersionId"]
    caller.may({"Effect": "Allow", "Action": "s3:GetObjectVersion", "Resource": "arn:aws:s3:::versioned/*"})
    kept, removed = caller.call(
        ("s3", "get_object", {**place, "VersionId": written}), ("s3", "get_object", {**place, "VersionId": marker})
    )
    assert kept is None
    assert removed == denied("AccessDenied", "s3:ListBucket", '"arn:aws:s3:::versioned"')
