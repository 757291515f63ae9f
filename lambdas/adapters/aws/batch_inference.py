"""Bedrock's batch inference (model invocation jobs).

Names and tokens come checked from `domain/core/run.py`. A job is asked for by its ARN; its name finds it in the list
alone, which may lag behind. Every method raises ServiceBusy, NotFound, Conflict or Refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambdas.adapters.aws.bedrock import Listed, tag_list
from lambdas.adapters.aws.service_errors import (
    VALIDATION,
    Conflict,
    NotFound,
    Refused,
    errors_about_one,
    failure_words,
    named_errors,
)
from lambdas.domain.batch.batch_job import UNDER_WAY, BatchDescription
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.timestamps import timestamp

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient
    from types_boto3_bedrock.type_defs import ModelInvocationJobSummaryTypeDef


@dataclass(frozen=True)
class BatchRequest:
    """A job that asks one model the questions of one file; URIs are S3's.

    Bedrock ends it after `timeout_hours`, of which it takes 24 to 168.
    """

    name: str
    token: str
    role_arn: str
    model: str
    input_uri: str
    output_uri: str
    tags: Mapping[str, str]
    timeout_hours: int = 24


class BatchInference:
    """The batch jobs of the account in this Region."""

    def __init__(self, client: "BedrockClient") -> None:
        self._client = client

    def start(self, request: BatchRequest) -> str:
        """Starts a job and returns its ARN: the job that has the name, where an earlier call has started it.

        The same token with the same request gives the same job. Where the name is taken and the list does not show it
        yet, it is ServiceBusy.
        """
        try:
            with named_errors("CreateModelInvocationJob"):
                return self._client.create_model_invocation_job(
                    jobName=request.name,
                    clientRequestToken=request.token,
                    roleArn=request.role_arn,
                    modelId=request.model,
                    modelInvocationType="Converse",
                    inputDataConfig={"s3InputDataConfig": {"s3Uri": request.input_uri, "s3InputFormat": "JSONL"}},
                    outputDataConfig={"s3OutputDataConfig": {"s3Uri": request.output_uri}},
                    timeoutDurationInHours=request.timeout_hours,
                    tags=tag_list(request.tags),
                )["jobArn"]
        except Conflict as conflict:
            found = self.find_by_name(request.name)
            if found is None:
                # Another start in its place would ask all questions twice.
                raise ServiceBusy(f"{conflict} Bedrock does not list batch job {request.name} yet.") from conflict
            return found.arn

    def find(self, arn: str) -> BatchDescription | None:
        """A job by its ARN; None where there is none."""
        try:
            with errors_about_one("GetModelInvocationJob"):
                response = self._client.get_model_invocation_job(jobIdentifier=arn)
        except NotFound:
            return None
        ended_at = response.get("endTime")
        return BatchDescription(
            arn=response["jobArn"],
            name=response.get("jobName", ""),
            model=response["modelId"],
            status=response.get("status", UNDER_WAY[0]),
            started_at=timestamp(response["submitTime"]),
            ended_at=timestamp(ended_at) if ended_at else None,
            message=failure_words(response.get("message")),
        )

    def find_by_name(self, name: str) -> BatchDescription | None:
        """The job of this name that the list shows; None where it shows none."""
        arn = next((each["jobArn"] for each in self._listed(nameContains=name) if each["jobName"] == name), None)
        return self.find(arn) if arn else None

    def stop(self, arn: str) -> None:
        """Asks a job to stop; it keeps what it has processed. Raises Conflict where it has ended, or stops already."""
        try:
            with errors_about_one("StopModelInvocationJob"):
                self._client.stop_model_invocation_job(jobIdentifier=arn)
        except Refused as refusal:
            # A ValidationException may have words that nobody has seen yet: then its state is asked for.
            if refusal.code == VALIDATION and not isinstance(refusal, NotFound | Conflict):
                found = self.find(arn)
                if found is not None and not found.is_under_way:
                    raise Conflict(refusal.operation, refusal.code, refusal.message) from refusal
            raise

    def list_running(self, name_part: str | None = None) -> list[Listed]:
        """All jobs under way of the account in this Region, whoever started them; those with this part in their name.

        Jobs are never deleted, so that a list of all would grow for ever.
        """
        named = {"nameContains": name_part} if name_part else {}
        listed = {
            each["jobArn"]: Listed(each["jobArn"], each["jobName"], timestamp(each["submitTime"]), None)
            for status in UNDER_WAY
            for each in self._listed(statusEquals=status, **named)
        }
        return [*listed.values()]

    def _listed(self, **filters: str) -> "Iterator[ModelInvocationJobSummaryTypeDef]":
        with named_errors("ListModelInvocationJobs"):
            pages = self._client.get_paginator("list_model_invocation_jobs").paginate(**filters)  # type: ignore[arg-type] # names of filters
            for page in pages:
                yield from page.get("invocationJobSummaries", [])
