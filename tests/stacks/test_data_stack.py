"""The data stack, by properties."""

import json
from typing import Any

import pytest

from tests.stacks.conftest import Templates, listed, text


@pytest.fixture(params=["templates", "keyed_templates"])
def either(request: pytest.FixtureRequest) -> Templates:
    """Both deployments: what holds for one holds for the other."""
    found: Templates = request.getfixturevalue(request.param)
    return found


def test_buckets_are_encrypted_versioned_private_and_tidied(either: Templates) -> None:
    """Every bucket alike; training data is often confidential."""
    buckets = either.of_type("AWS::S3::Bucket")
    assert len(buckets) == 3
    for bucket in buckets:
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert "BucketName" not in bucket
        [rule] = bucket["LifecycleConfiguration"]["Rules"]
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30
        assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


def test_buckets_refuse_plain_http(either: Templates) -> None:
    """A denial without TLS in the policy of each bucket."""
    policies = either.of_type("AWS::S3::BucketPolicy")
    assert len(policies) == 3
    for policy in policies:
        denials = [s["Condition"] for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert {"Bool": {"aws:SecureTransport": "false"}} in denials


def test_only_the_input_bucket_sends_events(templates: Templates) -> None:
    """What a run writes can start no other run."""
    senders = [b for b in templates.of_type("AWS::S3::Bucket") if "NotificationConfiguration" in b]
    assert len(senders) == 1
    input_bucket = templates.data["Outputs"]["InputBucket"]["Value"]["Ref"]
    assert templates.data["Resources"][input_bucket]["Properties"] == senders[0]
    assert senders[0]["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


@pytest.mark.assumption("permission-service-role-is-assumed-for-own-jobs")
def test_bedrock_alone_assumes_the_role_for_this_accounts_jobs(templates: Templates) -> None:
    """Without both conditions another account could have Bedrock read these buckets (the confused deputy)."""
    arn = templates.data["Outputs"]["CustomizationRoleArn"]["Value"]["Fn::GetAtt"][0]
    [statement] = templates.data["Resources"][arn]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert text(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == (
        'arn:aws:bedrock:us-east-1:{"Ref": "AWS::AccountId"}:model-customization-job/*'
    )


def test_service_role_reads_data_sets_writes_outputs_and_nothing_else(templates: Templates) -> None:
    """Bedrock sees one folder of a run and writes another."""
    granted = {
        (action, text(resource).rpartition("}")[2])
        for statement in templates.statements("/Customization/")
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    assert granted == {
        ("s3:GetObject", "/runs/*/dataset/*"),
        ("s3:GetObject", "/runs/*/customization/*"),
        ("s3:PutObject", "/runs/*/customization/*"),
        ("s3:ListBucket", ""),
    }
    [listing] = [s for s in templates.statements("/Customization/") if s["Action"] == "s3:ListBucket"]
    assert listing["Condition"]["StringLikeIfExists"]["s3:prefix"] == ["runs/*/dataset/*", "runs/*/customization/*"]


def test_bedrock_alone_assumes_the_batch_role_for_this_accounts_batch_jobs(templates: Templates) -> None:
    """It is another role than that of the customization jobs, which may ask no model."""
    arn = templates.data["Outputs"]["BatchRoleArn"]["Value"]["Fn::GetAtt"][0]
    [statement] = templates.data["Resources"][arn]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert text(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == (
        'arn:aws:bedrock:us-east-1:{"Ref": "AWS::AccountId"}:model-invocation-job/*'
    )


def test_the_batch_role_reads_questions_asks_models_writes_answers_and_nothing_else(templates: Templates) -> None:
    """Data sets and the files of other jobs are out of its reach."""
    statements = templates.statements("/Batch/")
    granted = {
        (action, text(resource).rpartition("}")[2])
        for statement in statements
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }
    assert granted == {
        ("s3:GetObject", "/runs/*/batch/*/asks.jsonl"),
        ("s3:GetObject", "/runs/*/batch/*/output/*"),
        ("s3:PutObject", "/runs/*/batch/*/output/*"),
        ("s3:ListBucket", ""),
        ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/*"),
        ("bedrock:InvokeModel", ":inference-profile/*"),
        ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*"),
    }
    [elsewhere] = [s for s in statements if s["Resource"] == "arn:aws:bedrock:*::foundation-model/*"]
    assert "bedrock:InferenceProfileArn" in elsewhere["Condition"]["StringLike"]


@pytest.fixture(params=["templates", "keyed_templates"])
def keeping(request: pytest.FixtureRequest) -> Templates:
    """Both deployments that keep data; cdk-nag has passed them with what is acknowledged."""
    found: Templates = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["disposable_templates", "keyed_disposable_templates"])
def disposable(request: pytest.FixtureRequest) -> Templates:
    """Both that do not."""
    found: Templates = request.getfixturevalue(request.param)
    return found


def test_without_keep_data_nothing_is_retained(disposable: Templates) -> None:
    """`cdk destroy` leaves nothing: no bucket, no log group, no key."""
    for resource in disposable.resources:
        if resource["Type"] != "AWS::KMS::Key":
            assert resource.get("DeletionPolicy", "Delete") == "Delete", resource["Metadata"]
    # The key goes by a custom resource, which tells the stack's deletion from a setting that goes back.
    keys = {name for name, one in disposable.data["Resources"].items() if one["Type"] == "AWS::KMS::Key"}
    assert {one["KeyId"]["Ref"] for one in disposable.of_type("Custom::DeleteKey")} == keys
    assert disposable.data["Outputs"]["DataAfterDestroy"]["Value"] == "deleted"


def test_without_keep_data_every_bucket_is_emptied_before_it_is_deleted(disposable: Templates) -> None:
    """CloudFormation deletes empty buckets only; the objects go after the policy that lets S3 deliver logs."""
    emptied = {
        properties["BucketName"]["Ref"]: name
        for name, resource in disposable.data["Resources"].items()
        if resource["Type"] == "Custom::EmptyBucket" and (properties := resource["Properties"])
    }
    for name, resource in disposable.data["Resources"].items():
        if resource["Type"] == "AWS::S3::Bucket":
            assert name in emptied
        if resource["Type"] == "AWS::S3::BucketPolicy":
            assert emptied[resource["Properties"]["Bucket"]["Ref"]] in resource["DependsOn"]


def test_by_default_data_and_all_it_needs_outlive_the_stack(keeping: Templates) -> None:
    """Buckets, their policies, the key; nothing exists that could empty a bucket, and nothing else is left behind."""
    policies = [(one["Type"], one.get("DeletionPolicy", "Delete")) for one in keeping.resources]
    kept = sorted(kind for kind, policy in policies if policy != "Delete")
    keys = ["AWS::KMS::Key"] * len(keeping.of_type("AWS::KMS::Key"))
    assert kept == [*keys, *["AWS::S3::Bucket"] * 3, *["AWS::S3::BucketPolicy"] * 3]
    # A first deployment that fails takes its empty buckets away again.
    assert {policy for _, policy in policies} == {"Delete", "RetainExceptOnCreate"}
    assert not keeping.of_type("Custom::EmptyBucket")
    assert not [one for one in keeping.data["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]


def test_outputs_tell_what_destroy_keeps(keeping: Templates) -> None:
    """`make destroy` tells it from them: after the stack is gone nothing else knows the buckets' names."""
    outputs = keeping.data["Outputs"]
    assert outputs["DataAfterDestroy"]["Value"] == "kept"
    named = {outputs[name]["Value"]["Ref"] for name in ("InputBucket", "OutputBucket", "AccessLogsBucket")}
    buckets = {name for name, one in keeping.data["Resources"].items() if one["Type"] == "AWS::S3::Bucket"}
    assert named == buckets


def test_customer_key_rotates_and_encrypts_data_and_topic(keyed_templates: Templates) -> None:
    """The setting reaches everything that holds what users wrote."""
    [key] = keyed_templates.of_type("AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    rules = [
        rule["ServerSideEncryptionByDefault"]
        for bucket in keyed_templates.of_type("AWS::S3::Bucket")
        for rule in bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    ]
    assert sorted(rule["SSEAlgorithm"] for rule in rules) == ["AES256", "aws:kms", "aws:kms"]
    for topic in keyed_templates.of_type("AWS::SNS::Topic"):
        assert "KeyArn" in json.dumps(topic["KmsMasterKeyId"])


def _key_statement(templates: Templates, service: str) -> dict[str, Any]:
    [key] = templates.of_type("AWS::KMS::Key")
    [found] = [each for each in key["KeyPolicy"]["Statement"] if each["Principal"].get("Service") == service]
    assert isinstance(found, dict)
    return found


def test_bedrock_may_decrypt_a_nova_model_for_its_throughput(keyed_templates: Templates) -> None:
    """Without it a trained and paid model under the key could not be served."""
    statement = _key_statement(keyed_templates, "bedrock.amazonaws.com")
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "aws:bedrock:custom-model"},
        "StringEqualsIfExists": {"aws:SourceAccount": "123456789012"},
    }


def test_all_log_groups_are_under_the_customer_key_and_logs_may_use_it(keyed_templates: Templates) -> None:
    """An execution's log has what users wrote."""
    groups = keyed_templates.of_type("AWS::Logs::LogGroup")
    assert groups
    assert all("KeyArn" in json.dumps(group["KmsKeyId"]) for group in groups)
    statement = _key_statement(keyed_templates, "logs.us-east-1.amazonaws.com")
    groups_of_account = "arn:aws:logs:us-east-1:123456789012:log-group:*"
    assert statement["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups_of_account}}
    assert {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"} <= set(statement["Action"])


def test_without_a_customer_key_log_groups_have_none(templates: Templates) -> None:
    """CloudWatch Logs encrypts them all the same, with its own."""
    assert not [group for group in templates.of_type("AWS::Logs::LogGroup") if "KmsKeyId" in group]


# What CloudFormation cannot tag: policies belong to what they are attached to, a layer's version to its layer.
UNTAGGED = {
    "AWS::IAM::Policy",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::Subscription",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::CDK::Metadata",
    "AWS::CloudWatch::Dashboard",
    "Custom::EmptyBucket",
    "Custom::DeleteKey",
    "Custom::ReconcileThroughput",
}


def test_every_resource_that_can_be_tagged_is_tagged(keyed_templates: Templates) -> None:
    """Cost and ownership are read from tags; the deployment's name among them says whose a resource is."""
    for resource in keyed_templates.resources:
        if resource["Type"] not in UNTAGGED:
            written = resource["Properties"]["Tags"]
            # A parameter's are a mapping.
            tags = written if isinstance(written, dict) else {tag["Key"]: tag["Value"] for tag in written}
            assert tags.items() >= {"deployment": "team-a", "cost-centre": "7"}.items(), resource["Metadata"]


def test_stacks_are_named_after_the_deployment(keyed_templates: Templates) -> None:
    """Two deployments live side by side in one account."""
    assert keyed_templates.names == ("team-a-data", "team-a-pipeline")


def test_a_data_stack_that_keeps_data_cannot_be_deleted_by_a_slip(keeping: Templates, disposable: Templates) -> None:
    """The pipeline would be left without its data; a demo's is as easily deleted as before."""
    assert keeping.protected == [keeping.names[0]]
    assert disposable.protected == []


def test_a_data_stack_made_anew_makes_the_pipeline_be_deployed_again(templates: Templates) -> None:
    """Its template would be the same, and the CDK CLI would skip it with the names of old buckets."""
    [identity] = templates.of_type("AWS::SSM::Parameter")
    assert identity["Value"] == {"Ref": "AWS::StackId"}
    parameter = templates.pipeline["Parameters"]["DataStack"]
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
    assert parameter["Default"] == identity["Name"] == "/fine-tuning/data-stack"
    assert templates.pipeline["Outputs"]["DataStackId"]["Value"] == {"Ref": "DataStack"}


def test_jobs_in_a_vpc_make_interfaces_in_the_set_subnets_only(keyed_templates: Templates) -> None:
    """As AWS's page on protecting customization jobs has it; other networks of the account are out of reach."""
    statements = [s for s in keyed_templates.statements("/Customization/") if "ec2:" in json.dumps(s["Action"])]
    ec2 = "arn:aws:ec2:us-east-1:123456789012"
    subnets = [f"{ec2}:subnet/subnet-1", f"{ec2}:subnet/subnet-2"]
    made = [s for s in statements if s["Action"] == "ec2:CreateNetworkInterface" and "Condition" not in s]
    assert [sorted(s["Resource"]) for s in made] == [[f"{ec2}:security-group/sg-1", *subnets]]
    [deleted] = [s for s in statements if "ec2:DeleteNetworkInterface" in listed(s["Action"])]
    assert deleted["Condition"]["ArnEquals"]["ec2:Subnet"] == subnets


def test_without_a_vpc_the_role_may_nothing_in_ec2(templates: Templates) -> None:
    """Nothing asks for it."""
    assert "ec2:" not in json.dumps(templates.statements(""))


def test_the_key_stays_where_the_setting_goes_back(keyed_disposable_templates: Templates) -> None:
    """What it encrypts, custom models among it, could not be read any more."""
    [key] = [one for one in keyed_disposable_templates.resources if one["Type"] == "AWS::KMS::Key"]
    assert key["DeletionPolicy"] == "RetainExceptOnCreate"
    assert key["UpdateReplacePolicy"] == "Retain"


def test_the_key_goes_after_the_objects(keyed_disposable_templates: Templates) -> None:
    """A deletion goes the other way round than what depends on what."""
    resources = keyed_disposable_templates.data["Resources"]
    [deletion] = [name for name, one in resources.items() if one["Type"] == "Custom::DeleteKey"]
    emptied = [one for one in resources.values() if one["Type"] == "Custom::EmptyBucket"]
    assert len(emptied) == 3
    assert all(deletion in listed(one["DependsOn"]) for one in emptied)
