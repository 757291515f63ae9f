"""IAM's reference: an action, resource or condition key that AWS would never match fails `make check`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lambdas.domain.preflight.simulations import PolicySimulation
from local import authorization as command
from local.authorization import all_findings, preflight_findings
from stacks import authorization
from stacks.authorization import KNOWN_DIFFERENCES, findings
from tests.stacks.conftest import Templates

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/*"
THROUGHPUT = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/*"
JOB = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/*"


def template(*statements: Mapping[str, object], **resources: Mapping[str, object]) -> dict[str, Any]:
    """A role with a policy of these statements, beside other resources."""
    role = {"Type": "AWS::IAM::Role", "Metadata": {"aws:cdk:path": "pipeline/StartJobsRole/Resource"}}
    properties = {"PolicyDocument": {"Statement": list(statements)}, "Roles": [{"Ref": "Role"}]}
    policy = {"Type": "AWS::IAM::Policy", "Properties": properties}
    return {"Resources": {"Role": role, "Policy": policy, **resources}}


def found(*statements: Mapping[str, object], **resources: Mapping[str, object]) -> list[str]:
    return list(findings("pipeline.template.json", template(*statements, **resources), {}))


def allow(action: str | list[str], *resources: object, **conditions: Mapping[str, object]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), "Condition": conditions}


def of_all(templates: Templates) -> list[str]:
    """What is found in both templates of a synth."""
    both = dict(zip(templates.names, (templates.data, templates.pipeline), strict=True))
    return [each for name, one in both.items() for each in findings(name, one, both)]


def test_an_action_that_no_service_has_is_named_with_template_role_and_statement() -> None:
    """IAM takes it, and never allows what was meant."""
    good = allow("bedrock:GetCustomModel", MODEL)
    assert found(good, allow(["bedrock:GetCustomModels"], MODEL)) == [
        "pipeline.template.json: role StartJobsRole, statement 2: bedrock:GetCustomModels is no action of AWS."
    ]
    assert found(allow("bedrok:GetCustomModel", MODEL))
    assert found(allow("bedrock:Undo*", MODEL))


def test_an_action_without_resources_is_found_on_anything_but_all() -> None:
    """Such a statement never allows a list."""
    assert found(allow("bedrock:ListCustomModels", "*")) == []
    [sentence] = found(allow("bedrock:ListCustomModels", MODEL))
    assert sentence.endswith(f"bedrock:ListCustomModels does not take {MODEL}; it takes nothing but *.")


def test_an_arn_of_another_type_is_found() -> None:
    """Each action of the statement must take each of its resources."""
    [sentence] = found(allow("bedrock:DeleteCustomModel", MODEL, THROUGHPUT))
    assert sentence.endswith(f"bedrock:DeleteCustomModel does not take {THROUGHPUT}; it takes * and custom-model.")
    assert len(found(allow(["bedrock:GetCustomModel", "s3:GetObject"], MODEL))) == 1


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("s3:GetObject", "arn:aws:s3:::bucket"),
        ("s3:ListBucket", "arn:aws:s3:::bucket/runs/*"),
        ("bedrock:DeleteCustomModelDeployment", MODEL),
        ("bedrock:GetFoundationModel", "arn:aws:bedrock:us-east-1:123456789012:foundation-model/*"),
        ("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:alias/one"),
        ("states:DescribeExecution", "arn:aws:states:us-east-1:123456789012:stateMachine:one"),
        ("ssm:GetParameter", "champion"),
    ],
)
def test_types_with_similar_arns_are_told_apart(action: str, arn: str) -> None:
    """A bucket is no object, a model no deployment, and a base model belongs to no account."""
    assert len(found(allow(action, arn))) == 1


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("s3:GetObject", "arn:aws:s3:::bucket/runs/*"),
        ("s3:ListBucket", "arn:aws:s3:::bucket*"),
        ("s3:*", "arn:aws:s3:::bucket"),
        ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:one:*"),
        ("states:DescribeExecution", "arn:aws:states:us-east-1:123456789012:execution:one/*"),
        ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*"),
    ],
)
def test_what_aws_matches_is_not_found(action: str, arn: str) -> None:
    """A `*` stands for the rest of an ARN, colons and slashes included."""
    assert found(allow(action, arn)) == []


def test_a_condition_key_that_no_such_request_has_is_found() -> None:
    """Such a statement allows nothing; with IfExists it has no condition at all."""
    assert found(allow("s3:ListBucket", "arn:aws:s3:::bucket", StringLike={"s3:prefix": "runs/*"})) == []
    [sentence] = found(allow("s3:GetObject", "arn:aws:s3:::bucket/*", StringLikeIfExists={"s3:prefix": "runs/*"}))
    assert sentence.endswith("no request for s3:GetObject on arn:aws:s3:::bucket/* has the condition key s3:prefix.")


def test_keys_about_tags_are_checked_by_action_and_global_ones_are_known_by_name() -> None:
    """A base model has no tags, and nothing is tagged by the request that deletes it."""
    tagged = {"aws:ResourceTag/deployment": "one"}
    assert found(allow("bedrock:DeleteCustomModel", MODEL, StringEquals=tagged)) == []
    assert found(allow("bedrock:GetFoundationModel", "arn:aws:bedrock:us-east-1::foundation-model/*", Null=tagged))
    assert found(allow("bedrock:DeleteCustomModel", MODEL, StringEquals={"aws:RequestTag/deployment": "one"}))
    assert found(allow("bedrock:DeleteCustomModel", MODEL, Bool={"aws:SecureTransport": "true"})) == []
    assert found(allow("bedrock:DeleteCustomModel", MODEL, Bool={"aws:SecureTransprot": "true"}))


def test_policies_of_resources_keys_trust_and_permissions_to_invoke_are_read_too() -> None:
    """Each type keeps its policy in a property of its own."""
    wrong = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoll"}}
    places: dict[str, tuple[str, dict[str, object]]] = {
        "Bucket": ("AWS::S3::BucketPolicy", {"PolicyDocument": wrong}),
        "Key": ("AWS::KMS::Key", {"KeyPolicy": wrong}),
        "Trust": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": wrong, "Policies": [{"PolicyDocument": wrong}]}),
        "Call": ("AWS::Lambda::Permission", {"Action": "lambda:Invoke", "FunctionName": "one"}),
    }
    resources = {name: {"Type": kind, "Properties": properties} for name, (kind, properties) in places.items()}
    sentences = found(**resources)
    assert [sentence.split(", statement")[0].split()[-1] for sentence in sentences] == [
        "Bucket",
        "Key",
        "Trust",
        "Trust",
        "Call",
    ]


def test_references_are_read_as_the_arn_of_what_they_name() -> None:
    """Of another stack's outputs, too; one that cannot be read is said, and not passed over."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {}}
    output = {"Fn::GetStackOutput": {"StackName": "data", "OutputName": "Role"}}
    beside = {"data": {"Resources": {}, "Outputs": {"Role": {"Value": "arn:aws:iam::123456789012:role/one"}}}}
    policy = template(allow("sns:Publish", {"Ref": "Topic"}), allow("s3:GetObject", output), Topic=topic)
    [sentence] = findings("pipeline", policy, beside)
    assert "s3:GetObject does not take arn:aws:iam::123456789012:role/one" in sentence
    [unread] = found(allow("sns:Publish", {"Fn::ImportValue": "topic"}))
    assert "stacks/template_values.py" in unread


def test_a_statement_that_says_what_it_is_not_about_is_refused() -> None:
    """Nothing in it could be checked."""
    [sentence] = found({"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"})
    assert "NotAction cannot be checked" in sentence


def test_what_the_preflight_lets_iam_simulate_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt action is simulated as denied, and every run would be refused for it."""
    assert list(preflight_findings()) == []

    def wrong() -> Iterator[tuple[str, PolicySimulation]]:
        yield "key-usable", PolicySimulation(("kms:Decript",), ("*",))
        yield (
            "role-can-be-passed",
            PolicySimulation(("iam:PassRole",), ("*",), {"iam:PassedTo": "bedrock.amazonaws.com"}),
        )

    monkeypatch.setattr(command, "samples", wrong)
    assert list(preflight_findings()) == [
        "preflight: key-usable: kms:Decript is no action of AWS.",
        "preflight: role-can-be-passed: no request for iam:PassRole on * has the condition key iam:PassedTo.",
    ]


def test_templates_with_every_other_choice_have_no_finding(keyed_templates: Templates) -> None:
    """`make check` checks those of cdk.json."""
    assert of_all(keyed_templates) == []


def test_each_known_difference_is_one(keyed_templates: Templates, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the reference or the templates no longer have is to be deleted."""
    monkeypatch.setattr(authorization, "KNOWN_DIFFERENCES", ())
    sentences = of_all(keyed_templates)
    assert sentences
    for difference in KNOWN_DIFFERENCES:
        assert any(f"{difference.action} does not take" in each for each in sentences), difference


def test_the_command_reads_the_folder_and_fails_without_templates(tmp_path: Path) -> None:
    """A folder that is empty by mistake is no success."""
    assert list(all_findings(tmp_path)) == [f"{tmp_path} has no templates: run make synth first."]
    (tmp_path / "one.template.json").write_text(json.dumps(template(allow("s3:GetObjects", "*"))))
    assert list(all_findings(tmp_path)) == [
        "one.template.json: role StartJobsRole, statement 1: s3:GetObjects is no action of AWS."
    ]
