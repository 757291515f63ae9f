"""What a batch job reads and writes: records of JSONL, their answers or errors, and the manifest that counts them.

Written from "Format and upload your batch inference data" and "View the results of a batch inference job" (Bedrock
user guide). The output has another order than the input.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.bedrock.batch_requests import input_uri, output_uri
from local.bedrock.errors import BedrockError
from local.bedrock.models.chance import draw
from local.bedrock.settings import SimulationSettings
from local.bedrock.training_data import split_uri

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

OUTPUT_ENDING, MANIFEST = ".out", "manifest.json.out"
# An answer to `modelInput`; raises BedrockError.
AnswerRecord = Callable[[dict[str, Any]], dict[str, Any]]


class BatchRefused(Exception):  # noqa: N818 - an outcome of a job, its text becomes the job's message
    """The job cannot be processed; the text is the job's `message`."""


@dataclass(frozen=True)
class BatchRecord:
    """A line of the input; Bedrock gives an id to one that has none."""

    id: str
    model_input: dict[str, Any]


@dataclass(frozen=True)
class AnsweredRecord:
    """A line of the output: the model's output, or an error."""

    record: BatchRecord
    output: dict[str, Any] | None
    error: dict[str, Any] | None

    def line(self) -> dict[str, Any]:
        """As it is written."""
        result = {"error": self.error} if self.output is None else {"modelOutput": self.output}
        return {"modelInput": self.record.model_input, **result, "recordId": self.record.id}


def read_records(s3: "S3Client", uri: str, job_arn: str, settings: SimulationSettings) -> list[BatchRecord]:
    """All records of the input. Raises BatchRefused for what Bedrock finds when it validates a job.

    `modelInput` may be wrong: that is found out when the model is asked.
    """
    records: list[BatchRecord] = []
    for number, line in enumerate(_download(s3, uri).split(b"\n"), start=1):
        if line.strip():
            records.append(_record(number, line))
    if len({record.id for record in records}) < len(records):
        raise BatchRefused("The input has two records with the same recordId.")
    if len(records) < settings.minimum_batch_records:
        raise BatchRefused(
            f"Batch job {job_arn} contains less records ({len(records)}) than the required minimum of: "
            f"{settings.minimum_batch_records}"
        )
    if len(records) > settings.maximum_batch_records:
        raise BatchRefused(
            f"Batch job {job_arn} contains more records ({len(records)}) than the maximum of: "
            f"{settings.maximum_batch_records}"
        )
    return records


def answer_records(
    records: Sequence[BatchRecord], answer: AnswerRecord, settings: SimulationSettings
) -> list[AnsweredRecord]:
    """The records in the order in which they are processed; a share of them fails, and a share is never reached."""
    reached = [record for record in records if draw("missing", record.id) >= settings.batch_missing_records]
    reached.sort(key=lambda record: hashlib.sha256(record.id.encode(errors="surrogatepass")).digest())
    return [_answered(record, answer, settings) for record in reached]


def write_results(
    s3: "S3Client", request: dict[str, Any], job_arn: str, total: int, answered: Sequence[AnsweredRecord]
) -> None:
    """Output and manifest, in a folder named by the job's id. Raises BatchRefused where the role may not write."""
    bucket, prefix = split_uri(output_uri(request))
    name = input_uri(request).rpartition("/")[2]
    folder = "/".join(part for part in (prefix.rstrip("/"), job_arn.rpartition("/")[2]) if part)
    lines = "".join(json.dumps(each.line()) + "\n" for each in answered)
    files = {
        f"{folder}/{name}{OUTPUT_ENDING}": lines,
        f"{folder}/{MANIFEST}": json.dumps(manifest(total, answered)),
    }
    for key, text in files.items():
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
        except (ClientError, BotoCoreError) as error:
            raise BatchRefused(
                f"Could not validate PutObject permissions to access S3 bucket: {bucket} at key {key}"
            ) from error


def manifest(total: int, answered: Sequence[AnsweredRecord]) -> dict[str, int]:
    """How many records there were and what became of them, and the tokens of all answers."""
    succeeded = [each.output for each in answered if each.output is not None]
    usages = [output.get("usage", {}) for output in succeeded]
    return {
        "totalRecordCount": total,
        "processedRecordCount": len(answered),
        "successRecordCount": len(succeeded),
        "errorRecordCount": len(answered) - len(succeeded),
        "inputTokenCount": sum(_tokens(usage, "input") for usage in usages),
        "outputTokenCount": sum(_tokens(usage, "output") for usage in usages),
    }


def _tokens(usage: dict[str, int], kind: str) -> int:
    """Converse's way to name them, or Claude's own."""
    return usage.get(f"{kind}Tokens", usage.get(f"{kind}_tokens", 0))


def _download(s3: "S3Client", uri: str) -> bytes:
    bucket, key = split_uri(uri)
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise BatchRefused(
            f"Could not validate GetObject permissions to access Amazon S3 bucket: {bucket} at key {key}"
        ) from error


def _record(number: int, line: bytes) -> BatchRecord:
    try:
        record = json.loads(line.decode("utf-8"))
    except ValueError as error:
        raise BatchRefused(f"The input must conform to JSONL format: line {number} is not JSON.") from error
    if not isinstance(record, dict) or not isinstance(record.get("modelInput"), dict):
        raise BatchRefused(f"The input must have a JSON object as modelInput in line {number}.")
    record_id = record.get("recordId", f"CALL{number:07d}")
    if not isinstance(record_id, str):
        raise BatchRefused(f"The recordId in line {number} is no text.")
    return BatchRecord(record_id, record["modelInput"])


def _answered(record: BatchRecord, answer: AnswerRecord, settings: SimulationSettings) -> AnsweredRecord:
    if draw("failed", record.id) < settings.batch_failed_records:
        return AnsweredRecord(record, None, _error(500, "The model returned an unexpected error."))
    try:
        return AnsweredRecord(record, answer(record.model_input), None)
    except BedrockError as error:
        return AnsweredRecord(record, None, _error(400, error.message))


def _error(code: int, message: str) -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": message}
