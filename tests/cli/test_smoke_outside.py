"""What the smoke test looks at from outside: each thing that a run promises, and that breaks, is one finding."""

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from moto import mock_aws

from cli.smoke.outside import PROMISED, SCHEMA, FinishedRun, check_run, cost_of

BUCKET, RUN, MODEL = "smoke-1-data-output", "tables-0123456789ab", "arn:model"
PREFIX = f"runs/{RUN}/"


class FinishedAccount:
    """An account after a run that kept all its promises."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name="us-east-1")
        self.ssm: Any = boto3.client("ssm", region_name="us-east-1")
        self.s3.create_bucket(Bucket=BUCKET)
        self.execution = {"status": "SUCCEEDED"}
        self.messages = [f"Promote\nThe run {RUN} has ended."]
        self.tags = {"project": "bedrock-fine-tuning", "deployment": "smoke-1", "run-id": RUN}
        self.bedrock_lists: dict[str, list[dict[str, str]]] = {}
        required = json.loads(SCHEMA.read_text())["required"]
        self.report: dict[str, Any] = dict.fromkeys(required) | {
            "run_id": RUN,
            "custom_model_arn": MODEL,
            "decision": {"verdict": "promote"},
            "cost": {},
        }
        for key in (*PROMISED, "customization/c1/metrics.csv"):
            self.put(PREFIX + key, "1\n2\n" if key.endswith("jsonl") else "{}")
        self.put_report()
        self.ssm.put_parameter(Name="/smoke-1/champion", Value=json.dumps({"model_arn": MODEL}), Type="String")

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=BUCKET, Key=PREFIX + key)

    def put_report(self, **changes: object) -> None:
        self.report |= changes
        self.put(f"{PREFIX}report.json", json.dumps(self.report))

    def client(self, service: str) -> Any:
        bedrock = Mock()
        bedrock.list_tags_for_resource.side_effect = lambda **_: {
            "tags": [{"key": name, "value": value} for name, value in self.tags.items()]
        }
        bedrock.get_paginator.side_effect = lambda name: SimpleNamespace(paginate=lambda: [self._page(name)])
        states = Mock()
        states.describe_execution.side_effect = lambda **_: self.execution
        return {"s3": self.s3, "ssm": self.ssm, "bedrock": bedrock, "stepfunctions": states}[service]

    def _page(self, name: str) -> dict[str, list[dict[str, str]]]:
        kinds = ("provisionedModelSummaries", "modelDeploymentSummaries", "modelCustomizationJobSummaries")
        return {kind: self.bedrock_lists.get(kind, []) for kind in kinds}

    def problems(self) -> list[str]:
        run = FinishedRun("smoke-1", RUN, "arn:execution", BUCKET, self.messages)
        return [f"{each.what}: {each.problem}" for each in check_run(self.client, run) if each.problem]


@pytest.fixture
def account() -> Iterator[FinishedAccount]:
    with mock_aws():
        yield FinishedAccount()


def test_a_run_that_keeps_its_promises_has_no_problem(account: FinishedAccount) -> None:
    """A stopped job, and what other environments have, are nothing of it."""
    account.bedrock_lists = {
        "provisionedModelSummaries": [{"provisionedModelName": "smoke-10-tables"}],
        "modelCustomizationJobSummaries": [{"jobName": "smoke-1-tables-c1", "status": "Completed"}],
    }
    assert account.problems() == []


def break_execution(account: FinishedAccount) -> None:
    account.execution = {"status": "FAILED", "error": "EvaluationFailed", "cause": "No answers."}


def break_answers(account: FinishedAccount) -> None:
    account.put(f"{PREFIX}evaluation/tuned.jsonl", "1\n")


def hold_a_slot(account: FinishedAccount) -> None:
    account.put("throughput-slots/0", "{}")


def say_nothing(account: FinishedAccount) -> None:
    account.messages = ["Another run."]


def leave(kind: str, entry: dict[str, str]) -> Callable[[FinishedAccount], None]:
    def leave_it(account: FinishedAccount) -> None:
        account.bedrock_lists[kind] = [entry]

    return leave_it


def forget_the_champion(account: FinishedAccount) -> None:
    account.ssm.delete_parameter(Name="/smoke-1/champion")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (break_execution, "the execution has succeeded: it is FAILED: EvaluationFailed: No answers."),
        (lambda it: it.delete("report.html"), "the output bucket has all files of the run: missing: report.html"),
        (
            lambda it: it.delete("customization/c1/metrics.csv"),
            "the output bucket has all files of the run: missing: customization/",
        ),
        (break_answers, "each arm has an answer to each test record: tuned has 1 of 2"),
        (hold_a_slot, "no slot is held: held: throughput-slots/0"),
        (say_nothing, "the topic has told the result: none of 1 message names the run"),
        (
            leave("provisionedModelSummaries", {"provisionedModelName": "smoke-1-tables"}),
            "no throughput is left: smoke-1-tables",
        ),
        (
            leave("modelDeploymentSummaries", {"customModelDeploymentName": "smoke-1-tables"}),
            "no custom model deployment is left: smoke-1-tables",
        ),
        (
            leave("modelCustomizationJobSummaries", {"jobName": "smoke-1-tables-c1", "status": "InProgress"}),
            "no unfinished customization job is left: smoke-1-tables-c1",
        ),
        (lambda it: it.put_report(run_id="other"), "report.json names the run: it names other"),
        (lambda it: it.tags.pop("run-id"), "the custom model has the run's tags: missing or wrong: run-id"),
        (
            lambda it: it.tags.update(deployment="team"),
            "the custom model has the run's tags: missing or wrong: deployment",
        ),
        (forget_the_champion, "the champion is the promoted model: the parameter says None"),
        (
            lambda it: it.put_report(decision={"verdict": "reject"}),
            "a model that is not promoted is no champion: it is {'model_arn': 'arn:model'}",
        ),
    ],
)
def test_each_broken_promise_is_one_problem(
    change: Callable[[FinishedAccount], object], problem: str, account: FinishedAccount
) -> None:
    """It names what is wrong, and hides nothing else."""
    change(account)
    assert account.problems() == [problem]


def test_a_report_without_a_key_of_its_schema_is_a_problem(account: FinishedAccount) -> None:
    """Programs read it by its schema."""
    del account.report["lineage"], account.report["cost"]
    account.put_report()
    assert account.problems() == ["report.json has every key of its schema: missing: lineage, cost"]


def test_the_cost_is_the_reports_without_the_storage_of_the_model_that_is_deleted() -> None:
    """What has no known price is said."""
    lines = [
        {"id": "training", "item": "training", "usd": 0.5},
        {"id": "storage", "item": "storage", "usd": 1.95},
        {"id": "throughput", "item": "throughput", "usd": None},
    ]
    sentence = cost_of({"simulated": True, "cost": {"actual": {"lines": lines}}}, 5)
    assert "would have cost 0.50 USD, without throughput, whose price is not known." in sentence
    assert "No report says what the run has cost. By the estimate it is at most 5.00 USD" in cost_of({}, 5)
