"""The synthesised templates: one synth without bundling serves all tests that only read templates."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from stacks.app import build

ROOT = Path(__file__).parents[2]
# As the CDK CLI sets them; without bundling no layer is packed, and the templates are the same.
CLI = {"aws:cdk:bundling-stacks": [], "aws:cdk:enable-path-metadata": True}


class Templates:
    """The two templates of one synth, and what tests ask of them."""

    def __init__(self, context: Mapping[str, Any], account: str | None = None) -> None:
        flags = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = cdk.App(context={**flags, **CLI, **context})
        data, pipeline = build(app, account=account)
        # This synthesises: a finding of cdk-nag fails here, too.
        self.data = dict(Template.from_stack(data).to_json())
        self.pipeline = dict(Template.from_stack(pipeline).to_json())
        self.names = (data.stack_name, pipeline.stack_name)
        self.protected = [stack.stack_name for stack in (data, pipeline) if stack.termination_protection]

    @property
    def resources(self) -> list[dict[str, Any]]:
        """All resources of both stacks."""
        return [*self.data["Resources"].values(), *self.pipeline["Resources"].values()]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The properties of all resources of a type."""
        return [resource.get("Properties", {}) for resource in self.resources if resource["Type"] == kind]

    def statements(self, path: str) -> list[dict[str, Any]]:
        """The IAM statements of the policies under a construct path of the pipeline or the data stack."""
        return [
            statement
            for resource in self.resources
            if resource["Type"] == "AWS::IAM::Policy" and path in resource["Metadata"]["aws:cdk:path"]
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        ]


def text(value: Any) -> str:
    """A property as one text: what is known only at deployment appears as its reference."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(text, parts))
        case str():
            return value
        case _:
            return json.dumps(value)


def listed(value: Any) -> list[Any]:
    """IAM writes a list of one as the one."""
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def templates() -> Templates:
    """The deployment as `cdk.json` sets it."""
    return Templates({})


@pytest.fixture(scope="session")
def disposable_templates() -> Templates:
    """As the demo deploys: data goes with its stack."""
    return Templates({"fine-tuning:keep_data": "false"})


@pytest.fixture(scope="session")
def keyed_disposable_templates() -> Templates:
    """The same with a customer's key, which goes, too."""
    return Templates({"fine-tuning:keep_data": "false", "fine-tuning:customer_managed_key": "true"})


@pytest.fixture(scope="session")
def keyed_templates() -> Templates:
    """The other choices: a customer's key, kept data, an email address, tags, approval, a VPC, an account."""
    return Templates(
        {
            "fine-tuning:customer_managed_key": "true",
            "fine-tuning:keep_data": "true",
            "fine-tuning:notification_email": "ml@example.com",
            "fine-tuning:deployment": "team-a",
            "fine-tuning:tags": '{"cost-centre": "7"}',
            "fine-tuning:max_concurrency": "3",
            "fine-tuning:reconciler_reserved_concurrency": "5",
            "fine-tuning:approval_hours": "12",
            "fine-tuning:keep_models_days": "30",
            "fine-tuning:serve_champion": "on_demand",
            "fine-tuning:vpc_subnet_ids": '["subnet-1", "subnet-2"]',
            "fine-tuning:vpc_security_group_ids": '["sg-1"]',
        },
        account="123456789012",
    )
