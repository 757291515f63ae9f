"""cfn-lint: what CloudFormation and Step Functions would refuse fails `make check`."""

import json
from typing import Any

from stacks.lint import MACHINE, findings
from tests.stacks.conftest import Templates


def template(kind: str, **properties: object) -> dict[str, Any]:
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"One": {"Type": kind, "Properties": properties}}}


def machine(state: dict[str, object]) -> dict[str, Any]:
    definition = json.dumps({"StartAt": "First", "States": {"First": state}})
    role = "arn:aws:iam::123456789012:role/one"
    return template(MACHINE, DefinitionString=definition, RoleArn=role)


def test_a_property_that_cloudformation_does_not_know_is_found() -> None:
    """The deployment would fail with it, half of the stacks made."""
    [found] = findings(template("AWS::S3::Bucket", Encryption="yes"))
    assert found.path == "Resources/One/Properties/Encryption"


def test_a_field_that_step_functions_does_not_know_is_found_in_the_definition() -> None:
    """It is a text in the template, which CloudFormation does not look into before it makes the machine."""
    assert findings(machine({"Type": "Wait", "Seconds": 1, "End": True})) == []
    [found] = findings(machine({"Type": "Wait", "Second": 1, "Seconds": 1, "End": True}))
    assert found.path == "Resources/One/Properties/Definition/States/First/Second"


def test_the_output_of_a_succeed_state_is_acknowledged_by_its_name_alone() -> None:
    """An acknowledgement covers one place."""
    assert findings(machine({"Type": "Succeed", "OutputPath": "$"}))


def test_templates_with_every_other_choice_have_no_finding(keyed_templates: Templates) -> None:
    """`make check` lints those of cdk.json."""
    assert [*findings(keyed_templates.data), *findings(keyed_templates.pipeline)] == []
