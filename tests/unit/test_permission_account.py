"""The account of the permissions: what is used, what is not, what is listed for a reason, and what was denied."""

import io
from pathlib import Path

import pytest

from local.permissions.accounting import (
    Accepted,
    Decided,
    DeployedGrant,
    GrantAccount,
    Statement,
    account,
    read_accepted,
)
from local.permissions.command import tell
from local.permissions.grants import Grant, GrantPlace, grants
from local.permissions.report import as_json, as_text
from local.terminal import Console

BUCKET = "arn:aws:s3:::out-1"
READ, WRITE = Statement("Default", 1), Statement("Default", 2)
# Who holds it, by its physical name in two environments.
ROLE, ITS_TWIN = "one-AskRole-1", "two-AskRole-2"


def deployed(
    action: str, keys: str, statement: Statement, principal: str = ROLE, bucket: str = BUCKET
) -> DeployedGrant:
    """The grant of an action on objects of the output bucket."""
    grant = Grant("Functions/AskRole", action, f"s3:${{OutputBucket}}/{keys}")
    return DeployedGrant(grant, principal, statement, action, f"{bucket}/{keys}")


def decided(
    action: str, key: str, *statements: Statement, principal: str = ROLE, bucket: str = BUCKET, allowed: bool = True
) -> Decided:
    return Decided(principal, action, f"{bucket}/{key}", allowed, statements)


GRANTS = [deployed("s3:GetObject", "runs/*", READ), deployed("s3:PutObject", "runs/*/report.*", WRITE)]
READS = decided("s3:GetObject", "runs/1/report.json", READ)
LISTED = Accepted("Functions/Ask*", "s3:PutObject", "*/runs/*", "For a rare day.")


def used(made: GrantAccount) -> list[str]:
    return [str(grant) for of_holder in made.used.values() for grant in of_holder]


def test_a_grant_with_a_pattern_is_used_by_a_call_that_it_allowed() -> None:
    made = account(GRANTS, [READS], [])
    assert used(made) == ["s3:GetObject on s3:${OutputBucket}/runs/*"]
    assert [str(grant) for grant in made.unused["Functions/AskRole"]] == [
        "s3:PutObject on s3:${OutputBucket}/runs/*/report.*"
    ]
    assert not made.is_good


@pytest.mark.parametrize(
    "call",
    [
        decided("s3:GetObject", "runs/1/report.json", READ, allowed=False),
        # Another statement allowed it.
        decided("s3:GetObject", "runs/1/report.json", Statement("Another", 1)),
        decided("s3:GetObject", "runs/1/report.json", READ, principal="one-OtherRole-3"),
        decided("s3:GetObject", "input/1.jsonl", READ),
        decided("s3:GetObjectVersion", "runs/1/report.json", READ),
    ],
)
def test_a_call_that_a_grant_did_not_allow_does_not_use_it(call: Decided) -> None:
    assert used(account(GRANTS, [call], [])) == []


def test_a_grant_of_several_environments_is_used_where_one_of_them_used_it() -> None:
    """A case that needs it runs on one of them."""
    twin = deployed("s3:PutObject", "runs/*/report.*", WRITE, principal=ITS_TWIN, bucket="arn:aws:s3:::out-2")
    call = decided("s3:PutObject", "runs/1/report.html", WRITE, principal=ITS_TWIN, bucket="arn:aws:s3:::out-2")
    assert account([*GRANTS, twin], [READS, call], []).is_good


def test_a_listed_grant_needs_no_use() -> None:
    made = account(GRANTS, [READS], [LISTED])
    assert made.is_good
    assert [reason for _, reason in made.accepted["Functions/AskRole"]] == ["For a rare day."]


def test_an_entry_is_stale_once_its_grant_is_used() -> None:
    call = decided("s3:PutObject", "runs/1/report.html", WRITE)
    [finding] = account(GRANTS, [READS, call], [LISTED]).stale
    assert finding.endswith("Functions/AskRole uses s3:PutObject on s3:${OutputBucket}/runs/*/report.*")


def test_an_entry_is_stale_without_its_grant() -> None:
    [finding] = account(GRANTS[:1], [READS], [LISTED]).stale
    assert finding.endswith("there is no such grant")


def test_a_denied_call_is_missing_and_told_once() -> None:
    denied = decided("s3:PutObject", "runs/1/claim.json", allowed=False)
    made = account(GRANTS, [READS, denied, denied], [LISTED])
    assert made.missing == {"Functions/AskRole": [f"s3:PutObject on {BUCKET}/runs/1/claim.json"]}
    assert not made.is_good
    assert "missing: Functions/AskRole: no grant allows s3:PutObject" in as_text(made)


def test_a_denied_call_of_an_unknown_role_is_missing_too() -> None:
    denied = decided("s3:PutObject", "runs/1/claim.json", principal="who", allowed=False)
    assert list(account(GRANTS, [denied], []).missing) == ["who"]


def test_the_report_has_each_grant_under_what_became_of_it() -> None:
    told = as_json(account(GRANTS, [READS], [LISTED]))
    assert told["roles"]["Functions/AskRole"] == {
        "used": ["s3:GetObject on s3:${OutputBucket}/runs/*"],
        "unused": [],
        "listed": [{"grant": "s3:PutObject on s3:${OutputBucket}/runs/*/report.*", "reason": "For a rare day."}],
        "missing": [],
    }
    assert told["stale"] == []


def test_the_terminal_shows_a_line_for_each_role(tmp_path: Path) -> None:
    shown = io.StringIO()
    made = account(GRANTS, [READS], [LISTED])
    tell(made, Console(file=shown), tmp_path)
    assert shown.getvalue().splitlines()[: len(as_text(made).splitlines())] == as_text(made).splitlines()


def test_a_grant_on_a_resource_is_of_the_service_that_it_names() -> None:
    """A function's policy lets EventBridge call it, for one rule."""
    template = {
        "Resources": {
            "Rule": {"Type": "AWS::Events::Rule", "Metadata": {"aws:cdk:path": "stack/Guard/Rule/Resource"}},
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Metadata": {"aws:cdk:path": "stack/Guard/Function/Resource"},
            },
            "Permission": {
                "Type": "AWS::Lambda::Permission",
                "Metadata": {"aws:cdk:path": "stack/Guard/Rule/Allow"},
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
                    "Principal": "events.amazonaws.com",
                    "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]},
                },
            },
        }
    }
    [(place, grant)] = grants(template)
    assert place == GrantPlace("Permission", 0, 0, 0)
    assert str(grant) == (
        "lambda:InvokeFunction on ${Guard/Function} if aws:SourceArn=${Guard/Rule} to events.amazonaws.com"
    )


def test_the_list_is_read_with_its_reasons(tmp_path: Path) -> None:
    path = tmp_path / "unused.toml"
    path.write_text('[[unused]]\nholder = "A"\naction = "b:C"\nresource = "*"\nreason = "D."\n')
    assert read_accepted(path) == [Accepted("A", "b:C", "*", "D.")]
