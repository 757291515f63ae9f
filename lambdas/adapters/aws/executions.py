"""The state machine's executions. Every method raises ServiceBusy or Refused."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lambdas.adapters.aws.service_errors import NotFound, named_errors
from lambdas.domain.core.timestamps import timestamp
from lambdas.domain.serving.lease import RUNNING, Execution

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient
    from types_boto3_stepfunctions.literals import ExecutionStatusType


class Executions:
    """Finds, lists and stops executions."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def find(self, arn: str) -> Execution | None:
        """An execution; None where Step Functions knows none of this ARN (it forgets them after 90 days)."""
        try:
            with named_errors("DescribeExecution"):
                response = self._client.describe_execution(executionArn=arn)
        except NotFound:
            return None
        ended = response.get("stopDate") if response["status"] != RUNNING else None
        return Execution(
            arn,
            response["status"],
            timestamp(ended) if ended else None,
            response.get("error"),
            response.get("cause"),
            response.get("input"),
        )

    def running(self, state_machine_arn: str) -> Iterator[str]:
        """The ARNs of all executions that run now."""
        with named_errors("ListExecutions"):
            pages = self._client.get_paginator("list_executions")
            for page in pages.paginate(stateMachineArn=state_machine_arn, statusFilter="RUNNING"):
                yield from (execution["executionArn"] for execution in page["executions"])

    def failed_between(self, state_machine_arn: str, start: str, end: str) -> Iterator[str]:
        """The ARNs of executions that did not succeed and ended then, of the newest 100 of each status."""
        statuses: tuple[ExecutionStatusType, ...] = ("FAILED", "ABORTED", "TIMED_OUT")
        for status in statuses:
            with named_errors("ListExecutions"):
                listed = self._client.list_executions(
                    stateMachineArn=state_machine_arn, statusFilter=status, maxResults=100
                )
            for execution in listed["executions"]:
                ended = execution.get("stopDate")
                if ended is not None and start <= timestamp(ended) <= end:
                    yield execution["executionArn"]

    def stop(self, arn: str, error: str, cause: str) -> None:
        """Stops an execution: none of its Catches runs."""
        with named_errors("StopExecution"):
            self._client.stop_execution(executionArn=arn, error=error, cause=cause)
