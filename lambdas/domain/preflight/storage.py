"""Check of the buckets: Bedrock reads and writes only those of its own Region."""

from collections.abc import Mapping

from lambdas.domain.core.finding import Finding
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.preflight.checks import Check

BUCKET_REGION = "bucket-region"


def in_region(regions: Mapping[str, str | Unknown | None], region: str) -> Check:
    """The check `bucket-region`; None stands for a bucket that does not exist."""
    findings = tuple(
        finding for bucket, answer in regions.items() if (finding := _finding(bucket, answer, region)) is not None
    )
    busy = any(isinstance(answer, Unknown) and answer.busy for answer in regions.values())
    return Check(BUCKET_REGION, findings, busy=busy and all(finding.severity == "warning" for finding in findings))


def _finding(bucket: str, answer: str | Unknown | None, region: str) -> Finding | None:
    if answer == region:
        return None
    if isinstance(answer, Unknown):
        # The start of a job refuses a bucket elsewhere, before it trains.
        message, remedy = f"The Region of {bucket} could not be checked: {answer.reason}", "Allow s3:GetBucketLocation."
        return Finding(check=BUCKET_REGION, severity="warning", message=message, remedy=remedy)
    where = "does not exist" if answer is None else f"is in {answer}"
    message = f"The bucket {bucket} {where}; jobs in {region} use buckets of {region} only."
    remedy = f"Deploy both stacks to {region}, or to the bucket's Region."
    return Finding(check=BUCKET_REGION, severity="error", message=message, remedy=remedy)
