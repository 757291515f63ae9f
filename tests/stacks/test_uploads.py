"""Which uploads start a run, decided by the event patterns of the template and not by a copy of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import eventbridge

from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.run import FILE_ENDINGS, Source
from lambdas.domain.dataset.folder import FILE_NAMES
from stacks.uploads import ENDINGS, READ
from tests.stacks.conftest import Templates, listed

STARTS = [
    "input/a.jsonl",
    *(f"input/a{ending}" for ending in ENDINGS),
    *(f"input/a/train{ending}" for ending in ENDINGS),
    "input/with space.jsonl",
    "input/a/train.jsonl",
    "input/train.jsonl",
    "input/ü.x/train.jsonl",
]
STARTS_NOTHING = [
    "input/a/validation.jsonl",
    "input/a/test.jsonl",
    "input/a/run.json",
    "input/a/b/train.jsonl",
    "input/a/b.jsonl",
    "input/.jsonl",
    "input//train.jsonl",
    "input/run.json",
    "input/a.jsonl.zip",
    "input/a.parquet",
    *(f"input/{ending}" for ending in ENDINGS),
    *(f"input//train{ending}" for ending in ENDINGS),
    *(f"input/a/val{ending}" for ending in ENDINGS),
    *(f"input/a/b/train{ending}" for ending in ENDINGS),
    "input/a.JSONL",
    "input/a/train.jsonl/",
    "input/",
    "a.jsonl",
    "other/input/a.jsonl",
    "inputs/a.jsonl",
    "runs/r/dataset/train.jsonl",
]


def _upload_rules(templates: Templates) -> list[dict[str, Any]]:
    """The rules that uploads pass through to a run."""
    return [rule for rule in _all_rules(templates) if "Unused" not in json.dumps(rule["Targets"])]


def _all_rules(templates: Templates) -> list[dict[str, Any]]:
    """The rules for uploads."""
    rules = templates.of_type("AWS::Events::Rule")
    return [rule for rule in rules if rule.get("EventPattern", {}).get("source") == ["aws.s3"]]


def _is_looked_at(templates: Templates, key: str) -> bool:
    """Whether an upload reaches the function that tells of those that start no run."""
    [rule] = [rule for rule in _all_rules(templates) if rule not in _upload_rules(templates)]
    return _matches(rule["EventPattern"], _event(key))


def _event(key: str, bucket: str = "input-bucket", kind: str = "Object Created") -> dict[str, Any]:
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "version-id": "v1"}, "reason": "PutObject"}
    return {"Source": "aws.s3", "DetailType": kind, "Detail": json.dumps(detail), "Resources": []}


def _matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    pattern["detail"]["bucket"]["name"] = ["input-bucket"]
    return bool(eventbridge._matches_pattern(json.dumps(pattern), event))


def _started(templates: Templates, event: dict[str, Any]) -> int:
    """How many executions an event starts: through a rule of the default bus, then one of the bus that it feeds."""
    rules = _upload_rules(templates)
    first = [rule for rule in rules if "EventBusName" not in rule]
    second = {json.dumps(rule["EventBusName"]): rule for rule in rules if "EventBusName" in rule}
    started = 0
    for rule in first:
        if _matches(rule["EventPattern"], event):
            [target] = rule["Targets"]
            bus = json.dumps({"Ref": target["Arn"]["Fn::GetAtt"][0]})
            started += _matches(second[bus]["EventPattern"], event)
    return started


@pytest.mark.parametrize("key", STARTS)
def test_a_data_set_starts_one_run(templates: Templates, key: str) -> None:
    """Once: two rules that both fire would start two executions."""
    assert _started(templates, _event(key)) == 1


@pytest.mark.parametrize("key", STARTS_NOTHING)
def test_nothing_else_starts_a_run(templates: Templates, key: str) -> None:
    """A run costs money: siblings, reports, deeper folders and other names start none."""
    assert _started(templates, _event(key)) == 0


def test_deletions_and_other_buckets_start_nothing(templates: Templates) -> None:
    """The patterns ask for the kind of event and for the bucket, too."""
    assert _started(templates, _event("input/a.jsonl", kind="Object Deleted")) == 0
    assert _started(templates, _event("input/a.jsonl", bucket="another")) == 0


@given(
    parts=st.lists(
        st.text(st.characters(exclude_characters="/*\\", exclude_categories=["Cs"]), max_size=6), max_size=5
    ),
    ending=st.sampled_from(ENDINGS),
)
def test_any_key_starts_a_run_exactly_as_the_contract_says(templates: Templates, parts: list[str], ending: str) -> None:
    """The contract once more in Python: `input/<name>.jsonl` and `input/<name>/train.jsonl`, a name being no slash."""
    for key in ("/".join(["input", *parts]) + ending, "/".join(["input", *parts, "train" + ending])):
        match key.split("/"):
            case ["input", file] if file.endswith(ending) and file not in (ending, "run.json"):
                expected = 1
            case ["input", name, file] if name and file == "train" + ending:
                expected = 1
            case _:
                expected = 0
        assert _started(templates, _event(key)) == expected
        # ClaimRun decides by the same contract.
        assert _names_a_data_set(key) == bool(expected)


def _names_a_data_set(key: str) -> bool:
    try:
        return bool(Source("input-bucket", key, "v1").dataset_name)
    except InvalidEvent:
        return False


@given(
    parts=st.lists(
        st.text(st.characters(exclude_characters="/*\\", exclude_categories=["Cs"]), max_size=6), max_size=4
    ),
    file_name=st.sampled_from([*READ, "a.csv", "a.txt", "Train.jsonl", "val.jsonl", "data.csv", ".jsonl", ""]),
)
def test_whatever_starts_no_run_and_is_no_sibling_is_looked_at(
    templates: Templates, parts: list[str], file_name: str
) -> None:
    """Nobody waits for a run that an upload cannot start; the files of a folder in their place cost no call."""
    key = "/".join(["input", *parts, file_name])
    if len(parts) == 1 and file_name in READ:
        assert not _is_looked_at(templates, key) or not parts[0]
    elif not _started(templates, _event(key)) and not (not parts and file_name in READ):
        assert _is_looked_at(templates, key)


def test_the_files_of_a_folder_are_those_that_a_run_reads() -> None:
    """The stacks do not import the pipeline's code: the two lists are compared here."""
    assert READ == FILE_NAMES
    assert ENDINGS == FILE_ENDINGS


def test_each_pattern_is_within_what_eventbridge_takes(templates: Templates) -> None:
    """2,048 characters a pattern."""
    patterns = [rule["EventPattern"] for rule in _all_rules(templates)]
    assert len(patterns) == 5
    assert max(len(json.dumps(pattern, separators=(",", ":"))) for pattern in patterns) < 1_900


def test_the_teller_may_tell_and_look_for_train_jsonl_and_nothing_else(templates: Templates) -> None:
    """It is called by anybody's upload: it reads no data."""
    statements = templates.statements("/TellUnusedUploadRole/")
    actions = {action for statement in statements for action in listed(statement["Action"])}
    assert {action for action in actions if action.startswith(("s3:", "sns:"))} == {
        "s3:ListBucket", "s3:GetObject", "s3:PutObject", "sns:Publish",
    }  # fmt: skip
    objects = [s for s in statements if "s3:PutObject" in listed(s["Action"])]
    assert ["/told-uploads/*" in json.dumps(statement["Resource"]) for statement in objects] == [True]


def test_every_target_has_the_dead_letter_queue(templates: Templates) -> None:
    """An event that cannot be delivered is kept: encrypted, over TLS only, for two weeks."""
    targets = [target for rule in _all_rules(templates) for target in rule["Targets"]]
    assert len(targets) == 5
    assert all("DeadLetterConfig" in target for target in targets)
    queues = templates.of_type("AWS::SQS::Queue")
    assert queues
    for queue in queues:
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert "aws:SecureTransport" in json.dumps(templates.of_type("AWS::SQS::QueuePolicy"))
