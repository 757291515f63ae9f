"""What docs tell somebody to type or to attach: the commands exist, and IAM matches what each policy is for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from local.checkout import CHECKOUT
from stacks.authorization import request_findings

DOCS = CHECKOUT / "docs"
PAGES = ("access.md", "upgrade.md", "use-the-model.md", "cost.md")
# What stands for the names in brackets.
NAMES = {
    "region": "us-east-1",
    "Region": "us-east-1",
    "account": "123456789012",
    "KeyArn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "target_arn": "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl",
}

WITHOUT_RESOURCES = {
    "states:SendTaskSuccess",
    "states:SendTaskFailure",
    "bedrock:ListProvisionedModelThroughputs",
    "bedrock:ListCustomModelDeployments",
    "servicequotas:ListServiceQuotas",
    "servicequotas:ListAWSDefaultServiceQuotas",
}
READS = {
    "bedrock:GetCustomModel",
    "bedrock:GetProvisionedModelThroughput",
    "bedrock:GetCustomModelDeployment",
    "bedrock:ListTagsForResource",
}

# Base models, and the profiles by which they are asked, are nobody's.
OF_AWS = re.compile(r":(foundation-model|inference-profile)/")


def policies() -> list[tuple[str, dict[str, Any]]]:
    """The policies of the pages, and that of an approver."""
    found = []
    for page in (*PAGES, "operations.md"):
        for block in re.findall(r"```json\n(.*?)```", (DOCS / page).read_text(), re.DOTALL):
            filled = re.sub(r"<([A-Za-z_ ]+)>", lambda name: NAMES.get(name[1], "name"), block)
            document = json.loads(filled)
            if "Statement" in document:
                found.append((page, document))
    return found


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_each_task_has_its_policy() -> None:
    assert [page for page, _ in policies()] == [*["access.md"] * 6, *["use-the-model.md"] * 3, "operations.md"]


@pytest.mark.parametrize(("page", "policy"), policies())
def test_iam_matches_what_each_policy_is_for(page: str, policy: dict[str, Any]) -> None:
    """An action that no service has, or a resource that it does not take, would allow nothing."""
    assert policy["Version"] == "2012-10-17"
    for statement in policy["Statement"]:
        keys = [key for condition in statement.get("Condition", {}).values() for key in condition]
        for action in listed(statement["Action"]):
            assert list(request_findings(action, listed(statement["Resource"]), keys)) == []


@pytest.mark.parametrize(("page", "policy"), policies())
def test_no_policy_reaches_beyond_the_environment(page: str, policy: dict[str, Any]) -> None:
    """Lists, and Step Functions' answers to a task, know no resources; everything else has one."""
    for statement in policy["Statement"]:
        everywhere = {"*", "arn:aws:s3:::*"} & set(listed(statement["Resource"]))
        assert not everywhere or {*listed(statement["Action"])} <= WITHOUT_RESOURCES
        assert not any("*" in action for action in listed(statement["Action"]))
        # What several environments of the account have side by side is told apart by its tag: one that is made has the
        # tag of its request, and whether there is any of a name is asked before anything has tags.
        everyones = any(
            ":bedrock:" in arn and arn.endswith("/*") and not OF_AWS.search(arn)
            for arn in listed(statement["Resource"])
        )
        if everyones and not {*listed(statement["Action"])} <= READS:
            told_apart = "Request" if listed(statement["Action"]) == ["bedrock:TagResource"] else "Resource"
            assert f"aws:{told_apart}Tag/deployment" in statement["Condition"]["StringEquals"]


def commands(words: str) -> set[str]:
    """What follows these words in code."""
    code = "\n".join(
        found for page in PAGES for found in re.findall(r"```\n.*?```|`[^`\n]+`", (DOCS / page).read_text(), re.DOTALL)
    )
    return set(re.findall(rf"(?:^|[\s`/]){words} ([a-z-]+)", code))


@pytest.mark.parametrize("command", sorted(commands("fine-tune")))
def test_each_command_exists(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_each_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", Path(CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert commands("make") >= {"install", "deploy", "destroy"}
    assert commands("make") <= targets
