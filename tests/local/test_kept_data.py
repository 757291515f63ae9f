"""`keep_data`: what the destruction of a stack keeps on the embedded AWS, and a deployment beside it."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from local import deployment
from local.checkout import CHECKOUT
from local.deployment import deploy
from local.embedded_aws import EmbeddedAws
from stacks.app import build

# They deploy from one folder of templates, which one CDK CLI at a time may use.
pytestmark = pytest.mark.xdist_group("embedded-aws")
STACK = "fine-tuning-data"


def kept_template() -> str:
    """The data stack as cdk.json sets it; without an emptier it has no assets, so that it needs no CDK CLI."""
    flags = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    data, _ = build(cdk.App(context={**flags, "aws:cdk:bundling-stacks": []}), account=None)
    template = dict(Template.from_stack(data).to_json())
    # They ask for the version of a bootstrap stack, which this account has not.
    template.pop("Rules", None)
    template.pop("Parameters", None)
    return json.dumps(template)


def create(cloudformation: Any, template: str) -> dict[str, str]:
    cloudformation.create_stack(StackName=STACK, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_destroyed_stacks_leave_data_and_another_deployment_works_beside_it(tmp_path: Path) -> None:
    """Uploads and reports are their user's; nothing that was kept stands in the way of the next deployment."""
    template = kept_template()
    with EmbeddedAws(tmp_path) as aws:
        cloudformation, s3 = aws.client("cloudformation"), aws.client("s3")
        first = create(cloudformation, template)
        s3.put_object(Bucket=first["OutputBucket"], Key="runs/r/report.json", Body=b"{}")
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        second = create(cloudformation, template)

        assert s3.get_object(Bucket=first["OutputBucket"], Key="runs/r/report.json")["Body"].read() == b"{}"
        for name in ("InputBucket", "OutputBucket", "AccessLogsBucket"):
            assert first[name] != second[name]
            assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=first[name])["Policy"]


class Recorded:
    """Stands in for an embedded AWS: records the commands, and answers like a finished deployment."""

    region = "us-west-2"

    def __init__(self, directory: Path) -> None:
        self.temporary = directory
        self.commands: dict[str, list[str]] = {}

    def run(self, name: str, command: list[str | Path], **_: object) -> None:
        self.commands[name] = list(map(str, command))
        outputs = {"InputBucket": "in", "OutputBucket": "out", "StateMachineArn": "arn"}
        (self.temporary / "outputs.json").write_text(json.dumps({"stack": outputs}))


def test_demo_fault_bench_and_tests_keep_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they deploy is as easily destroyed as it was before users' data was kept; it tunes the demo's model."""
    aws: Any = Recorded(tmp_path)
    monkeypatch.setattr(deployment, "subscribe_reader", lambda *_: None)
    deploy(aws)
    assert f"fine-tuning:base_model={deployment.DEMO_MODEL}" in aws.commands["cdk-deploy"]
    assert "fine-tuning:keep_data=false" in aws.commands["cdk-deploy"]


def test_a_pipeline_uses_the_buckets_of_a_data_stack_made_anew(tmp_path: Path) -> None:
    """Somebody deleted the data stack alone. The pipeline's template is the same, so that the CDK CLI would skip it."""
    with EmbeddedAws(tmp_path) as aws:
        cloudformation, functions = aws.client("cloudformation"), aws.client("lambda")
        first = deploy(aws)
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        second = deploy(aws)

        assert second.output_bucket != first.output_bucket
        used = {
            variables["OUTPUT_BUCKET"]
            for page in functions.get_paginator("list_functions").paginate()
            for function in page["Functions"]
            if "OUTPUT_BUCKET" in (variables := function.get("Environment", {}).get("Variables", {}))
        }
        assert used == {second.output_bucket}
