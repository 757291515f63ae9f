"""What AWS's services do with the roles of an environment: what no statement allows fails as on AWS."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from botocore.exceptions import ClientError
from ministack.services.stepfunctions import _ExecutionError

from local.embedded_aws import ACCOUNT, EmbeddedAws
from local.permissions.account import EmbeddedAccount
from local.permissions.evaluator import Evaluator
from local.permissions.guard import Guard
from local.permissions.record import DecisionRecord, recorded
from local.permissions.state_machine_role import StateMachineRole
from stacks.batch_role import BatchRole
from tests.local.conftest import ROLE, Sandbox, make_role, policy

pytestmark = pytest.mark.xdist_group("embedded-aws")

ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
BUCKET = "items"
ECHO = "def handler(event, context):\n    return event\n"


def all_but(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "NotAction": list(actions), "Resource": "*"}


@pytest.fixture(name="sandbox", scope="module")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One whose own role may do anything."""
    with EmbeddedAws(tmp_path_factory.mktemp("enforcing")) as aws:
        make_role(aws, ROLE.rpartition("/")[2], ANYTHING)
        yield Sandbox(aws)


@pytest.fixture(name="bucket", scope="module")
def _bucket(sandbox: Sandbox) -> Iterator[str]:
    s3 = sandbox.aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    s3.put_object(Bucket=BUCKET, Key="list.jsonl", Body=b'{"number": 1}\n')
    yield BUCKET


def a_map(bucket: str) -> dict[str, Any]:
    """A distributed map over a list in the bucket."""
    return {
        "States": {
            "Each": {
                "Type": "Map",
                "Label": "Each",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "JSONL"},
                    "Parameters": {"Bucket": bucket, "Key": "list.jsonl"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Pass",
                    "States": {"Pass": {"Type": "Pass", "End": True}},
                },
                "End": True,
            }
        }
    }


def test_a_state_machine_calls_only_the_functions_that_its_role_allows(sandbox: Sandbox) -> None:
    function = sandbox.function(ECHO)
    definition = {"States": {"Call": {"Type": "Task", "Resource": function, "End": True}}}
    role = make_role(sandbox.aws, "calls", ANYTHING)
    machine = sandbox.state_machine(definition, role)

    def run() -> dict[str, Any]:
        return sandbox.end_of(sandbox.states.start_execution(stateMachineArn=machine)["executionArn"])

    assert run()["status"] == "SUCCEEDED"
    # A statement that is taken away counts at once.
    sandbox.aws.client("iam").put_role_policy(
        RoleName="calls", PolicyName="it", PolicyDocument=policy(all_but("lambda:InvokeFunction"))
    )
    end = run()
    assert (end["status"], end["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert f"assumed-role/calls/{end['name']} is not authorized to perform: lambda:InvokeFunction" in end["cause"]
    assert function in end["cause"]


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        ("s3:GetObject", "States.ItemReaderFailed"),
        ("states:StartExecution", "States.TaskFailed"),
        ("states:DescribeExecution", "States.TaskFailed"),
    ],
)
def test_a_distributed_map_needs_its_list_and_its_children(
    missing: str, error: str, sandbox: Sandbox, bucket: str
) -> None:
    role = make_role(sandbox.aws, f"maps-without-{missing.replace(':', '-')}", all_but(missing))
    end = sandbox.run(a_map(bucket), role=role)
    assert (end["status"], end["error"]) == ("FAILED", error)
    assert f"is not authorized to perform: {missing}" in end["cause"]


def test_a_distributed_map_with_its_permissions_runs(sandbox: Sandbox, bucket: str) -> None:
    assert sandbox.run(a_map(bucket))["status"] == "SUCCEEDED"


def test_a_state_machine_tells_only_the_topics_that_its_role_allows(sandbox: Sandbox) -> None:
    topic = sandbox.aws.client("sns").create_topic(Name="told")["TopicArn"]
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Message": "It ended."},
        "End": True,
    }
    assert sandbox.run({"States": {"Tell": tell}})["status"] == "SUCCEEDED"
    end = sandbox.run({"States": {"Tell": tell}}, role=make_role(sandbox.aws, "silent", all_but("sns:Publish")))
    assert (end["status"], end["error"]) == ("FAILED", "SNS.AuthorizationErrorException")


def test_step_functions_assumes_only_a_role_that_trusts_it(sandbox: Sandbox) -> None:
    role = make_role(sandbox.aws, "of-a-function", ANYTHING)
    distrust(sandbox, role)
    call = {"Type": "Task", "Resource": sandbox.function(ECHO), "End": True}
    end = sandbox.run({"States": {"Call": call}}, role=role)
    assert (end["status"], end["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "states.amazonaws.com, nor the regional one is authorized to assume" in end["cause"]


@pytest.mark.parametrize(("missing", "status"), [("iam:*", "CREATE_COMPLETE"), ("logs:CreateLogDelivery", "ROLLBACK_")])
def test_a_state_machine_that_logs_is_made_only_where_its_role_may(missing: str, status: str, sandbox: Sandbox) -> None:
    name = f"logs-{missing.partition(':')[0]}"
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": make_role(sandbox.aws, name, all_but(missing)),
            "DefinitionString": json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
            "LoggingConfiguration": {"Level": "ALL", "Destinations": []},
        },
    }
    cloudformation = sandbox.aws.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Machine": machine}}))

    def made() -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    assert sandbox.until(made, lambda now: not now.endswith("_IN_PROGRESS")).startswith(status)


def distrust(sandbox: Sandbox, role: str) -> None:
    """Let Lambda alone assume the role."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    sandbox.aws.client("iam").update_assume_role_policy(RoleName=role.rpartition("/")[2], PolicyDocument=policy(trust))


class Rules:
    """Rules for events of one source, each with a dead-letter queue."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.events, self.sqs = sandbox.aws.client("events"), sandbox.aws.client("sqs")

    def rule(self, name: str, target: str, role: str | None = None) -> str:
        """A rule with a target; returns its ARN. The queue is open to it."""
        arn = str(self.events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"])
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        queue = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        opened = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
        }
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(opened)})
        called = {"Id": "one", "Arn": target, "DeadLetterConfig": {"Arn": queue}}
        self.events.put_targets(Rule=name, Targets=[{**called, **({"RoleArn": role} if role else {})}])
        return arn

    def happen(self, name: str) -> None:
        """An event for the rule of this name."""
        self.events.put_events(Entries=[{"Source": name, "DetailType": "it", "Detail": "{}"}])

    def dead_letters(self, name: str) -> int:
        """How many events the rule's target did not take."""
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture(name="rules", scope="module")
def _rules(sandbox: Sandbox) -> Rules:
    return Rules(sandbox)


def test_a_rule_starts_only_what_its_targets_role_allows(rules: Rules) -> None:
    sandbox = rules.sandbox
    machine = sandbox.state_machine({"States": {"Pass": {"Type": "Pass", "End": True}}})

    def started() -> int:
        return len(sandbox.states.list_executions(stateMachineArn=machine)["executions"])

    rules.rule("starts", machine, make_role(sandbox.aws, "starter", ANYTHING))
    rules.happen("starts")
    sandbox.until(started, lambda number: number == 1)
    rules.rule("starts-nothing", machine, make_role(sandbox.aws, "no-starter", all_but("states:StartExecution")))
    rules.happen("starts-nothing")
    sandbox.until(lambda: rules.dead_letters("starts-nothing"), lambda number: number == 1)
    distrusting = make_role(sandbox.aws, "distrusting", ANYTHING)
    distrust(sandbox, distrusting)
    rules.rule("not-trusted", machine, distrusting)
    rules.happen("not-trusted")
    sandbox.until(lambda: rules.dead_letters("not-trusted"), lambda number: number == 1)
    assert started() == 1
    assert rules.dead_letters("starts") == 0


def test_a_rule_calls_only_functions_whose_policy_lets_it(rules: Rules, bucket: str) -> None:
    """EventBridge has no role for a function: the function's own policy names the rule."""
    sandbox = rules.sandbox
    function = sandbox.function(
        f"import boto3\ndef handler(event, context):\n"
        f"    boto3.client('s3').put_object(Bucket={bucket!r}, Key='called', Body=b'')\n"
    )
    rule = rules.rule("calls", function)
    rules.happen("calls")
    sandbox.until(lambda: rules.dead_letters("calls"), lambda number: number == 1)
    sandbox.aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    rules.happen("calls")
    s3 = sandbox.aws.client("s3")
    sandbox.until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="called")["KeyCount"], lambda number: number == 1)
    assert rules.dead_letters("calls") == 1


def test_an_event_that_no_queue_may_take_is_gone(rules: Rules) -> None:
    """As on AWS: the queue's policy must name the rule."""
    function = rules.sandbox.function(ECHO)
    rules.rule("lost", function)
    url = rules.sqs.get_queue_url(QueueName="lost")["QueueUrl"]
    rules.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    rules.happen("lost")
    rules.rule("after", function)
    rules.happen("after")
    rules.sandbox.until(lambda: rules.dead_letters("after"), lambda number: number == 1)
    assert rules.dead_letters("lost") == 0


@pytest.fixture(name="job", scope="module")
def _job(sandbox: Sandbox, bucket: str) -> dict[str, Any]:
    """A job's parameters, but for its name and role."""
    sandbox.aws.client("s3").put_object(Bucket=bucket, Key="runs/1/train.jsonl", Body=b"{}\n")
    return {
        "baseModelIdentifier": "anthropic.claude-3-haiku-20240307-v1:0:200k",
        "trainingDataConfig": {"s3Uri": f"s3://{bucket}/runs/1/train.jsonl"},
        "outputDataConfig": {"s3Uri": f"s3://{bucket}/runs/1/customization/"},
        "hyperParameters": {"epochCount": "1"},
    }


def create_job(sandbox: Sandbox, job: dict[str, Any], role: str) -> str:
    name = role.rpartition("/")[2]
    bedrock = sandbox.aws.client("bedrock")
    made = bedrock.create_model_customization_job(**job, jobName=name, customModelName=name, roleArn=role)
    return str(made["jobArn"])


@pytest.mark.assumption("job-writes-an-access-check-file")
def test_a_job_needs_what_its_role_may(sandbox: Sandbox, job: dict[str, Any], bucket: str) -> None:
    """With it, Bedrock has looked whether it may write."""
    role = make_role(sandbox.aws, "trains", all_but("iam:*"))
    assert create_job(sandbox, job, role).startswith("arn:aws:bedrock:")
    listed = sandbox.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="runs/1/customization/")["Contents"]
    assert [each["Key"] for each in listed] == ["runs/1/customization/.write_access_check_file.temp"]


@pytest.mark.assumption("job-access-to-data-is-checked-when-created")
@pytest.mark.parametrize(
    ("missing", "place"),
    [
        ("s3:GetObject", "GetObject permissions to access Amazon S3 bucket: items at key runs/1/train.jsonl"),
        ("s3:ListBucket", "GetObject permissions to access Amazon S3 bucket: items at key runs/1/train.jsonl"),
        (
            "s3:PutObject",
            "PutObject permissions to access S3 bucket: items at key "
            "runs/1/customization/.write_access_check_file.temp",
        ),
    ],
)
def test_a_job_whose_role_may_not_is_not_created(
    missing: str, place: str, sandbox: Sandbox, job: dict[str, Any]
) -> None:
    role = make_role(sandbox.aws, f"without-{missing.replace(':', '-')}", all_but(missing))
    with pytest.raises(ClientError, match=r"ValidationException.*Could not validate") as refused:
        create_job(sandbox, job, role)
    assert place in str(refused.value)


@pytest.mark.parametrize("missing", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_a_job_needs_the_key_of_its_bucket(missing: str, sandbox: Sandbox, job: dict[str, Any]) -> None:
    """Whoever may read an object cannot without the key that it lies under."""
    s3, bucket = sandbox.aws.client("s3"), f"keyed-{missing.partition(':')[2].lower()}"
    key = sandbox.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="runs/1/train.jsonl", Body=b"{}\n")
    there = json.loads(json.dumps(job).replace(f"s3://{BUCKET}/", f"s3://{bucket}/"))
    with pytest.raises(ClientError, match=f"ValidationException.*Could not validate.*{bucket}"):
        create_job(sandbox, there, make_role(sandbox.aws, f"without-{bucket}", all_but(missing)))
    assert create_job(sandbox, there, make_role(sandbox.aws, f"with-{bucket}", ANYTHING))


@pytest.mark.assumption("job-role-must-trust-bedrock")
@pytest.mark.parametrize(
    ("condition", "trusted"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:us-west-2:{ACCOUNT}:model-customization-job/*"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "444455556666"}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:us-west-2:{ACCOUNT}:evaluation-job/*"}}, False),
    ],
)
def test_bedrock_assumes_only_a_role_that_trusts_it_for_such_a_job(
    condition: dict[str, Any], trusted: bool, sandbox: Sandbox, job: dict[str, Any]
) -> None:
    number = json.dumps(condition).encode().hex()[-12:]
    role = make_role(sandbox.aws, f"trusts-{number}-{trusted}", ANYTHING)
    trust = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
    sandbox.aws.client("iam").update_assume_role_policy(
        RoleName=role.rpartition("/")[2], PolicyDocument=policy({**trust, "Condition": condition})
    )
    if trusted:
        assert create_job(sandbox, job, role)
    else:
        with pytest.raises(ClientError, match=r"ValidationException.*Could not assume"):
            create_job(sandbox, job, role)


def test_a_role_that_is_not_there_can_do_nothing(sandbox: Sandbox, job: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Could not assume"):
        create_job(sandbox, job, ROLE.replace("/test", "/nobody"))


@pytest.mark.assumption("job-in-a-vpc-needs-network-permissions")
def test_a_job_in_a_vpc_is_refused_whose_role_may_make_no_network_interfaces(
    sandbox: Sandbox, job: dict[str, Any]
) -> None:
    """The stack grants it where the settings name a VPC, and nowhere else. The decisions count in the record."""
    inside = {**job, "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}
    with pytest.raises(ClientError, match=r"ValidationException.*ec2:CreateNetworkInterface on .*:subnet/subnet-1"):
        create_job(sandbox, inside, make_role(sandbox.aws, "outside", all_but("ec2:CreateNetworkInterface")))
    assert ("ec2:CreateNetworkInterface", "implicitDeny") in {
        (each.action, each.decision) for each in recorded(sandbox.aws.decisions) if each.origin == "bedrock"
    }
    assert create_job(sandbox, inside, make_role(sandbox.aws, "inside", ANYTHING))


def test_a_batch_job_answers_in_the_role_that_the_stack_makes(sandbox: Sandbox) -> None:
    """Through an inference profile, on the files of a run: nothing else is granted."""
    bucket = "batches"
    stack = cdk.Stack(
        cdk.App(context={"@aws-cdk/core:enablePartitionLiterals": True}),
        "data",
        env=cdk.Environment(account=ACCOUNT, region=sandbox.aws.region),
    )
    BatchRole(stack, "Batch", bucket=s3.Bucket(stack, "Outputs"), key=None)
    [made] = [each for each in stack.node.find_all() if isinstance(each, iam.Policy)]
    document = json.dumps(stack.resolve(made.document.to_json()))
    arn = re.escape('{"Fn::GetAtt": ["') + r"\w+" + re.escape('", "Arn"]}')
    document = re.sub(rf'{{"Fn::Join": \["", \[{arn}, "([^"]+)"\]\]}}', rf'"arn:aws:s3:::{bucket}\1"', document)
    statements = json.loads(re.sub(arn, f'"arn:aws:s3:::{bucket}"', document))["Statement"]
    storage, bedrock = sandbox.aws.client("s3"), sandbox.aws.client("bedrock")
    storage.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": sandbox.aws.region})
    question = {"messages": [{"role": "user", "content": [{"text": "Say yes."}]}], "inferenceConfig": {"maxTokens": 9}}
    lines = [json.dumps({"recordId": f"{number:011}", "modelInput": question}) for number in range(100)]
    storage.put_object(Bucket=bucket, Key="runs/a/batch/b1/asks.jsonl", Body="\n".join(lines).encode())
    request: dict[str, Any] = {
        "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": f"s3://{bucket}/runs/a/batch/b1/asks.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"s3://{bucket}/runs/a/batch/b1/output/"}},
    }
    without = [each for each in statements if each["Action"] != "bedrock:InvokeModel"]
    with pytest.raises(ClientError, match=r"ValidationException.*bedrock:InvokeModel"):
        role = make_role(sandbox.aws, "asks-nothing", *without)
        bedrock.create_model_invocation_job(**request, jobName="refused", roleArn=role)
    role = make_role(sandbox.aws, "batch", *statements)
    job = bedrock.create_model_invocation_job(**request, jobName="batch", roleArn=role)["jobArn"]
    sandbox.until(lambda: bedrock.get_model_invocation_job(jobIdentifier=job)["status"], lambda end: end == "Completed")
    key = f"runs/a/batch/b1/output/{job.rpartition('/')[2]}/asks.jsonl.out"
    assert storage.get_object(Bucket=bucket, Key=key)["Body"].read().count(b"modelOutput") == 100


def test_a_target_that_the_tables_do_not_have_gets_no_event(rules: Rules) -> None:
    """It would pass unseen; the record has it, so that whoever reads the record fails."""
    target = f"arn:aws:logs:us-west-2:{ACCOUNT}:log-group:/aws/events/all"
    rules.rule("logged", target)
    rules.happen("logged")
    path = rules.sandbox.aws.decisions
    asked = rules.sandbox.until(lambda: [each for each in recorded(path) if each.resource == target], bool)
    assert [(each.origin, each.decision) for each in asked] == [("rule", "undecided")]


def test_what_cannot_be_decided_for_a_state_machine_ends_the_execution(sandbox: Sandbox) -> None:
    """A topic's name that is no ARN: IAM cannot tell whether a policy allows it."""
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": f"arn:aws:sqs:us-west-2:{ACCOUNT}:no-topic", "Message": "It ended."},
        "End": True,
    }
    end = sandbox.run({"States": {"Tell": tell}})
    assert (end["status"], end["error"]) == ("FAILED", "States.Runtime")
    assert "EvaluatorError" in end["cause"]
    assert [each.action for each in recorded(sandbox.aws.decisions) if each.decision == "undecided"][
        -1
    ] == "sns:Publish"


def test_what_no_known_execution_asks_for_is_not_allowed(tmp_path: Path) -> None:
    """Outside of an execution there is no role to decide by."""
    record = DecisionRecord(tmp_path / "permissions.jsonl")
    with Evaluator() as evaluator:
        role = StateMachineRole(Guard(evaluator, EmbeddedAccount("http://127.0.0.1", ""), record))
        with pytest.raises(_ExecutionError, match=r"UnknownCallError"):
            role._require("States.TaskFailed", "s3", "GetObject", Bucket="b", Key="k")
    assert [each.decision for each in recorded(tmp_path / "permissions.jsonl")] == ["undecided"]
