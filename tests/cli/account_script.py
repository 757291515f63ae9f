"""A caller's account with the environment `team`: moto's S3, and Step Functions and Bedrock after a script."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import boto3
from botocore.exceptions import ClientError

from cli.account import Account
from cli.environment import Environment

INPUT, OUTPUT = "input-bucket", "output-bucket"
REGION = "us-west-2"


def refusal(code: str, message: str = "No.", status: int = 400) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Operation")


class ScriptedAccount:
    """Is made within `mock_aws`. `executions` are `(arn, status, input)`, newest first; `events` are those of each."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name=REGION)
        for bucket in (INPUT, OUTPUT):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.executions: list[tuple[str, str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.asked: list[int] = []
        # By the kind of thing: pages of Bedrock's list.
        self.bedrock_lists: dict[str, list[dict[str, Any]]] = {}
        self.tags: dict[str, str] = {}
        self.states = Mock()
        self.states.list_executions.side_effect = lambda **_: {
            "executions": [{"executionArn": arn, "status": status} for arn, status, _ in self.executions]
        }
        self.states.describe_execution.side_effect = self._describe
        self.states.list_map_runs.return_value = {"mapRuns": []}
        self.states.get_paginator.return_value.paginate.side_effect = self._history
        self.bedrock = Mock()
        self.bedrock.get_paginator.side_effect = lambda name: Mock(
            paginate=lambda **_: [self.bedrock_lists.get(name, {})]
        )
        self.bedrock.list_tags_for_resource.side_effect = lambda **asked: {
            "tags": [{"key": "deployment", "value": self.tags[asked["resourceARN"]]}]
        }
        # Further services by their names.
        self.others: dict[str, Any] = {}
        self.environment = Environment(
            name="team",
            account=Account(self, REGION, "arn:somebody"),
            input_bucket=INPUT,
            output_bucket=OUTPUT,
            state_machine="arn:machine",
            base_model="amazon.nova-lite-v1:0:300k",
        )

    def client(self, service_name: Any, *, config: Any = None) -> Any:
        return {"s3": self.s3, "stepfunctions": self.states, "bedrock": self.bedrock, **self.others}[service_name]

    def put(self, key: str, document: object) -> None:
        self.s3.put_object(Bucket=OUTPUT, Key=key, Body=json.dumps(document).encode())

    def claim(self, run_id: str, execution: str = "arn:execution", at: str = "2026-11-22T10:00:00.000Z") -> None:
        self.put(f"runs/{run_id}/claim.json", {"run_id": run_id, "execution_arn": execution, "claimed_at": at})

    def enter(self, *states: str, kind: str = "Task") -> None:
        """Events of states that the execution has entered."""
        for name in states:
            entered = {"name": name, "input": "{}"}
            self.events.append(
                {"id": len(self.events) + 1, "type": f"{kind}StateEntered", "timestamp": datetime.now(UTC),
                 "stateEnteredEventDetails": entered}
            )  # fmt: skip

    def leave(self, name: str, output: dict[str, Any]) -> None:
        """The event of a state that the execution has left with this output."""
        details = {"name": name, "output": json.dumps(output)}
        self.events.append(
            {"id": len(self.events) + 1, "type": "TaskStateExited", "timestamp": datetime.now(UTC),
             "stateExitedEventDetails": details}
        )  # fmt: skip

    def _describe(self, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        for arn, status, given in self.executions:
            if arn == executionArn:
                return {"status": status, "input": given, "startDate": datetime(2026, 11, 22, tzinfo=UTC)}
        raise refusal("ExecutionDoesNotExist")

    def _history(self, **_: object) -> Any:
        for event in reversed(self.events):
            self.asked.append(event["id"])
            yield {"events": [event]}
